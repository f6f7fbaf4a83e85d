/* SPDX-License-Identifier: MIT */
/* One mount: what every operation can reach. */
#ifndef SHMFS_FS_H
#define SHMFS_FS_H

#include "passthrough.h"

#include <pthread.h>
#include <sys/types.h>

struct journal;
struct loop;
struct nodes;
struct shmfs_index;

struct fs {
	struct passthrough passthrough;
	pid_t daemon;      /* the process that the mount belongs to */
	bool noatime;      /* reading leaves atime alone */
	bool reserve;      /* growing allocates, see reserve.h */
	unsigned max_read; /* bytes of one request; 0: no limit */
	struct nodes *nodes;
	struct shmfs_index *index;
	struct journal *journal;
	struct loop *loop;
	/*
	 * Taken by every operation that goes by names, shared; alone by one that moves a whole
	 * directory, which nobody is to see half done. Before any other lock.
	 */
	pthread_rwlock_t names;
};

static inline struct fs *fs_of(fuse_req_t req)
{
	return fuse_req_userdata(req);
}

/*
 * Takes fs->names, shared or alone; cannot fail, because no thread locks twice. Returns fs, for
 * fs_unlock_names().
 */
static inline struct fs *fs_share_names(struct fs *fs)
{
	pthread_rwlock_rdlock(&fs->names);
	return fs;
}

static inline struct fs *fs_own_names(struct fs *fs)
{
	pthread_rwlock_wrlock(&fs->names);
	return fs;
}

static inline void fs_unlock_names(struct fs **fs)
{
	pthread_rwlock_unlock(&(*fs)->names);
}

/* For the rest of the scope: names do not change, or only here. */
#define SHARES_NAMES(fs)                                                            \
	__attribute__((cleanup(fs_unlock_names), unused)) struct fs *shares_names = \
		fs_share_names(fs)
#define OWNS_NAMES(fs) \
	__attribute__((cleanup(fs_unlock_names), unused)) struct fs *owns_names = fs_own_names(fs)

#endif
