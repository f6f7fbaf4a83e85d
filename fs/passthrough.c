/* SPDX-License-Identifier: MIT */
#include "passthrough.h"

#include "object.h"

#include <linux/capability.h>
#include <linux/ioctl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As in linux/fuse.h since 6.9, which older systems do not have. */
struct backing_map {
	int32_t fd;
	uint32_t flags;
	uint64_t padding;
};

#define BACKING_OPEN _IOW(229, 1, struct backing_map)
#define BACKING_CLOSE _IOW(229, 2, uint32_t)

/* The identity map of the first user namespace: see user_namespaces(7). */
static bool in_first_user_namespace(void)
{
	unsigned inside = 1, outside = 1, count = 0;
	FILE *map = fopen("/proc/self/uid_map", "re");
	int fields;

	if (!map)
		return false;
	fields = fscanf(map, "%u %u %u", &inside, &outside, &count);
	fclose(map);
	return fields == 3 && inside == 0 && outside == 0 && count == UINT32_MAX;
}

static const char *obstacle(const struct passthrough *passthrough)
{
	if (passthrough->wish == PASSTHROUGH_OFF)
		return "passthrough is off";
	if (passthrough->why_not)
		return passthrough->why_not;
	if (!FUSE3_HAS_PASSTHROUGH)
		return "passthrough needs libfuse 3.17";
	if (geteuid() != 0 || !in_first_user_namespace())
		return "passthrough needs root";
	return NULL;
}

void passthrough_want(struct passthrough *passthrough, struct fuse_conn_info *conn)
{
	passthrough->why_not = obstacle(passthrough);
	if (!passthrough->why_not && !fuse3_want_passthrough(conn))
		passthrough->why_not = "passthrough needs Linux 6.9";
}

/*
 * What goes through is done with the capabilities of the thread that registered the object. With
 * CAP_FSETID the writes of others would not clear S_ISUID and S_ISGID.
 */
static int register_without_fsetid(int device, struct backing_map *map)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct all[_LINUX_CAPABILITY_U32S_3],
		fewer[_LINUX_CAPABILITY_U32S_3];
	int id;

	if (syscall(SYS_capget, &header, all) < 0)
		return -1;
	memcpy(fewer, all, sizeof(fewer));
	fewer[CAP_TO_INDEX(CAP_FSETID)].effective &= ~CAP_TO_MASK(CAP_FSETID);
	if (syscall(SYS_capset, &header, fewer) < 0)
		return -1;
	id = ioctl(device, BACKING_OPEN, map);
	/* Giving up what one has cannot be refused, and having again what is permitted neither. */
	syscall(SYS_capset, &header, all);
	return id;
}

/* Such bits stay when root changes the object: the kernel could not tell who does. */
static bool is_suitable(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && !(st.st_mode & (S_ISUID | S_ISGID));
}

int passthrough_open(const struct passthrough *passthrough, int fd)
{
	struct backing_map map = {.fd = fd};
	int id;

	if (!passthrough->ready || !is_suitable(fd))
		return 0;
	id = register_without_fsetid(passthrough->device, &map);
	return id > 0 ? id : 0;
}

void passthrough_close(const struct passthrough *passthrough, int id)
{
	const uint32_t closed = (uint32_t)id;

	ioctl(passthrough->device, BACKING_CLOSE, &closed);
}

bool passthrough_start(struct passthrough *passthrough, struct fuse_session *session)
{
	int fd, id = 0;

	passthrough->device = fuse_session_fd(session);
	if (!passthrough->why_not) {
		passthrough->ready = true;
		fd = shmfs_object_create_unnamed(0600);
		if (fd >= 0) {
			id = passthrough_open(passthrough, fd);
			close(fd);
		}
		if (id > 0)
			passthrough_close(passthrough, id);
		else
			passthrough->why_not = "the kernel refuses passthrough here";
		passthrough->ready = id > 0;
	}
	return passthrough->ready || passthrough->wish != PASSTHROUGH_ON;
}
