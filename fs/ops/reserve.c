/* SPDX-License-Identifier: MIT */
#include "reserve.h"

#include "charge.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

int reserve_growth(struct fs *fs, const struct caller *caller, int fd, off_t size)
{
	struct allocation allocation = {.fd = fd, .mode = FALLOC_FL_KEEP_SIZE, .from = -1};
	struct stat st;
	int r, entered;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (size <= st.st_size)
		return 0;
	allocation.offset = st.st_size;
	allocation.length = size - st.st_size;
	caller_leave();
	r = (int)charge_run(fs, caller, &allocation);
	entered = caller_enter(caller);
	return r < 0 ? r : entered;
}
