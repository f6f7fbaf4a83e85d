/* SPDX-License-Identifier: MIT */
/* Moving directories: all names below them change. */
#ifndef SHMFS_MOVE_H
#define SHMFS_MOVE_H

#include "fs.h"
#include "name.h"

/* Names of objects or markers, and those that they are to have. */
struct move {
	struct shmfs_name from, new_to;
	struct shmfs_name to, new_from; /* with RENAME_EXCHANGE */
	uint64_t ino, other_ino;        /* at `from`; at `to`, with RENAME_EXCHANGE */
	unsigned kernel_flags;          /* of renameat2(2), for `from` itself */
};

/*
 * Moves what is at `from`, and with RENAME_EXCHANGE what is at `to`, with everything below it; one
 * of them is a directory. fs->names is held alone. If it fails, what has been moved is moved back.
 * Returns 0 or -errno; -ENAMETOOLONG when a name below would be too long, -EEXIST when a name is
 * taken by something that is not seen under it.
 */
int move_directory(struct fs *fs, const struct move *move);

/*
 * Completes, or undoes, what another process has begun by the plan in the file fd (journal.h).
 * Returns as above.
 */
int move_complete(int fd);

#endif
