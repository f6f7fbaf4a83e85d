/* SPDX-License-Identifier: MIT */
#include "passthrough.h"

#include "object.h"

#include <linux/ioctl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
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

void passthrough_describe(
	const struct passthrough *passthrough, char ret_text[PASSTHROUGH_TEXT_SIZE])
{
	if (passthrough->ready)
		snprintf(ret_text, PASSTHROUGH_TEXT_SIZE, "passthrough");
	else
		snprintf(ret_text, PASSTHROUGH_TEXT_SIZE, "mapped regions (%s)",
			passthrough->why_not);
}

/*
 * The kernel writes with the capabilities of the thread that registered the object: with CAP_FSETID
 * no write clears S_ISUID and S_ISGID. Before each write the kernel decides itself whether this
 * caller's write clears them, and if so sends a SETATTR.
 */
int passthrough_open(const struct passthrough *passthrough, int fd)
{
	struct backing_map map = {.fd = fd};
	int id;

	if (!passthrough->ready)
		return 0;
	id = ioctl(passthrough->device, BACKING_OPEN, &map);
	return id > 0 ? id : 0;
}

void passthrough_close(const struct passthrough *passthrough, int id)
{
	const uint32_t closed = (uint32_t)id;

	ioctl(passthrough->device, BACKING_CLOSE, &closed);
}

static enum passthrough_trial try_out(const struct passthrough *passthrough, int root)
{
	const int fd = shmfs_object_create_unnamed(root, 0600);
	int id = 0;

	if (fd >= 0) {
		id = passthrough_open(passthrough, fd);
		close(fd);
	}
	if (id == 0)
		return PASSTHROUGH_REFUSED;
	passthrough_close(passthrough, id);
	return PASSTHROUGH_WORKS;
}

bool passthrough_start(
	struct passthrough *passthrough, int device, int root, enum passthrough_trial *trial)
{
	passthrough->device = device;
	if (!passthrough->why_not) {
		passthrough->ready = true;
		if (*trial == PASSTHROUGH_UNTRIED)
			*trial = try_out(passthrough, root);
		passthrough->ready = *trial == PASSTHROUGH_WORKS;
		if (!passthrough->ready)
			passthrough->why_not = "the kernel refuses passthrough here";
	}
	return passthrough->ready || passthrough->wish != PASSTHROUGH_ON;
}
