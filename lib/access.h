/* SPDX-License-Identifier: MIT */
/*
 * The mode rules, as tmpfs has them: (mode, owner, group, caller, wanted) -> 0 or -errno. Pure.
 * See path_resolution(7), inode(7), open(2), unlink(2), chmod(2), chown(2), utimensat(2).
 *
 * A caller with uid 0 is asked for CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER, CAP_CHOWN and
 * CAP_FSETID, see capabilities(7); any other is taken to have none of them.
 */
#ifndef SHMFS_ACCESS_H
#define SHMFS_ACCESS_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

/* What may be wanted of an object or a directory; to be or-ed. The values are those of access(2).
 */
enum {
	SHMFS_MAY_EXEC = 1, /* on a directory: search */
	SHMFS_MAY_WRITE = 2,
	SHMFS_MAY_READ = 4,
};

/* Whoever asks for an operation, by the ids that file systems look at. */
struct shmfs_caller {
	uid_t uid; /* fsuid */
	gid_t gid; /* fsgid */
	/*
	 * Is `gid` one of the caller's supplementary groups? 1, 0, or -errno when that cannot be
	 * told, which never is to the caller's advantage. Asked only when the answer decides,
	 * because it may be costly. NULL: there are none.
	 */
	int (*in_group)(struct shmfs_caller *caller, gid_t gid);
	/*
	 * Has the caller, whose uid is 0, this capability (CAP_…)? Asked only when the answer
	 * decides, because it may be costly. NULL: it has all.
	 */
	bool (*capable)(struct shmfs_caller *caller, int capability);
};

/* Read, write, execute or search. -EACCES when the class that applies to the caller lacks a bit. */
int shmfs_access_check(const struct stat *st, struct shmfs_caller *caller, int wanted);

/* Add a name to the directory. -EACCES. */
int shmfs_access_create(const struct stat *dir, struct shmfs_caller *caller);

/* Remove, replace or rename what `victim` describes. -EACCES; -EPERM: sticky, and not theirs. */
int shmfs_access_remove(
	const struct stat *dir, const struct stat *victim, struct shmfs_caller *caller);

/*
 * Change the mode. -EPERM for anyone but owner and CAP_FOWNER. On success *ret_mode is the mode
 * that results: without CAP_FSETID, S_ISGID is lost where the caller is not in the object's group.
 */
int shmfs_access_chmod(
	const struct stat *st, struct shmfs_caller *caller, mode_t mode, mode_t *ret_mode);

/*
 * Change owner and group; (uid_t)-1 and (gid_t)-1 mean no change. -EPERM unless CAP_CHOWN, or
 * the owner keeping the owner and choosing one of the caller's own groups.
 */
int shmfs_access_chown(const struct stat *st, struct shmfs_caller *caller, uid_t uid, gid_t gid);

/*
 * Change times. `touch`: both to the current time, which write access is enough for (else
 * -EACCES); anything else is for the owner and CAP_FOWNER (else -EPERM).
 */
int shmfs_access_utimens(const struct stat *st, struct shmfs_caller *caller, bool touch);

/*
 * Make a hard link of the object. -EPERM as fs.protected_hardlinks says in proc(5), when it is on:
 * without owning it or CAP_FOWNER, only regular files that are readable, writable and not suid or
 * sgid.
 */
int shmfs_access_link(const struct stat *st, struct shmfs_caller *caller, bool protected_hardlinks);

#endif
