/* SPDX-License-Identifier: MIT */
#include "fs.h"

#include "loop.h"

/* Neither can fail: nobody takes the lock twice, and so many threads there are not. */

struct fs *fs_share_names(struct fs *fs)
{
	if (pthread_rwlock_tryrdlock(&fs->names) != 0) {
		loop_expect_long(fs->loop);
		pthread_rwlock_rdlock(&fs->names);
	}
	return fs;
}

struct fs *fs_own_names(struct fs *fs)
{
	if (pthread_rwlock_trywrlock(&fs->names) != 0) {
		loop_expect_long(fs->loop);
		pthread_rwlock_wrlock(&fs->names);
	}
	return fs;
}
