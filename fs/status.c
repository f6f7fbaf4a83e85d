/* SPDX-License-Identifier: MIT */
#include "status.h"

#include "log.h"
#include "pin.h"
#include "reserve.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>
#include <unistd.h>

/* Objects in this directory. */
static bool is_reserved(struct fs *fs, uint64_t ino)
{
	struct stat st;

	return reserve_is_on(fs, ino) ||
	       (ino != FUSE_ROOT_ID && pin_stat(fs->nodes, ino, &st, NULL) == 0 &&
		       (st.st_mode & S_ISUID));
}

void status_describe(struct fs *fs, uint64_t ino, struct status *ret_status)
{
	char data_path[PASSTHROUGH_TEXT_SIZE];

	*ret_status = (struct status){.text = ""};
	passthrough_describe(&fs->passthrough, data_path);
	snprintf(ret_status->text, sizeof(ret_status->text),
		"%s%s, pid %d\ndata path: %s\nreserve: %s\n", STATUS_MAGIC, SHMFS_VERSION,
		(int)fs->daemon, data_path, is_reserved(fs, ino) ? "on" : "off");
}

/* Whether the answer is one. */
static bool is_complete(const struct status *status)
{
	return memchr(status->text, '\0', sizeof(status->text)) &&
	       strncmp(status->text, STATUS_MAGIC, strlen(STATUS_MAGIC)) == 0;
}

/* -ENOTTY: this is no mount of shmfs, or one of a version that tells nothing. */
static int ask(int fd, struct status *ret_status)
{
	struct status status;
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return -errno;
	if (fs.f_type != FUSE_SUPER_MAGIC)
		return -ENOTTY;
	if (ioctl(fd, STATUS_ASK, &status) < 0)
		return -errno;
	if (!is_complete(&status))
		return -ENOTTY;
	*ret_status = status;
	return 0;
}

int status_print(const char *path)
{
	const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct status status;
	int r;

	r = fd < 0 ? -errno : ask(fd, &status);
	if (fd >= 0)
		close(fd);
	if (r == -ENOTTY)
		log_error("%s: not a mount of shmfs", path);
	else if (r < 0)
		log_error("%s: %s", path, strerror(-r));
	else
		fputs(status.text, stdout);
	return r < 0 ? -1 : 0;
}
