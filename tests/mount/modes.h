/* SPDX-License-Identifier: MIT */
/*
 * The differential tests of the mode rules: shared by modes.c, modes_trees.c and their parts.
 *
 * A trial is one call on one object by one caller. Trials come in batches: root makes the objects
 * of all trials, from outside, on both sides; a process with the credentials of the caller makes
 * all calls, on the one side and on the other; root compares the answers and the entries that the
 * calls left.
 */
#ifndef SHMFS_TEST_MODES_H
#define SHMFS_TEST_MODES_H

#include "harness.h"

/* tmpfs itself, and the mount. */
enum { REFERENCE, MOUNT, SIDES };

/* Owner and group of the objects in question; FRIENDS is another group, of some callers. */
enum { OWNER = 2001, GROUP = 2001, OTHER = 2002, STRANGER = 2008, FRIENDS = 2010, FOREIGN = 2099 };

/* Stands for the caller's own group in a call. */
#define OWN_GROUP (-2)

/* A kind of caller. */
struct identity {
	const char *name;
	struct who who;
	bool real_differs; /* real user STRANGER, as in a set-user-ID program */
	bool by_fsuid;     /* root with another fsuid and fsgid, as a file server */
	int more_groups;   /* so many more come before those in the credentials */
	enum { NO_NAMESPACE, MAPS_USER, MAPS_BOTH } namespace; /* is uid 0 in a user namespace */
};

/* Those that are usually tried. */
extern const struct identity identities[];
extern const size_t identity_count;

/* Makes this process one of that kind, for good. Returns 0 or -1. */
int identity_become(const struct identity *identity);

/* The attributes of stat(2) without times and blocks. */
struct view {
	bool exists;
	int same_as; /* 0, 1: the object that the trial had as its first, second; -1: another one */
	mode_t mode;
	uid_t uid;
	gid_t gid;
	nlink_t links;
	off_t size;
};

struct answer {
	long result;
	int error;        /* 0 on success */
	struct view seen; /* of the descriptor that a call returned */
};

/* An entry before the trial: an object, with S_IFDIR in its mode a directory; mode ABSENT: none. */
#define ABSENT ((mode_t)-1)
struct spec {
	uid_t uid;
	gid_t gid;
	mode_t mode;
};

/* The arguments of a call. */
struct target {
	int dir;          /* where names[0] is, or may be */
	int other;        /* where names[1] is: `dir`, or another directory */
	const char *path; /* of the directory */
	const char *names[2];
	int fd;     /* opened by root as the operation wants, or -1 */
	int source; /* something to copy from, of the same side */
};

struct op {
	const char *name;
	/* Returns the system call's result, with its errno. */
	long (*call)(const struct op *op, const struct target *target, struct view *ret_seen);
	int a, b;
	int open_flags;   /* how root opens the object before; 0: not at all */
	off_t size;       /* of the object; 0: small */
	bool eperm_first; /* may be EPERM where it is EACCES on tmpfs */
	bool across;      /* its second name is in the other directory */
};
#define BY_FD(flags) .open_flags = 1 + (flags)
#define BIG .size = 160 * 1024

struct trial {
	const struct op *op;
	struct spec specs[2];
	char names[2][24];

	int fd[SIDES];
	ino_t inodes[SIDES][2];
	struct answer answers[SIDES];
	struct view left[SIDES][2];
};

/* Directories of the view in which calls are made; the root's name is "". */
enum { HERE, THERE, PLACES };

/* A directory on both sides, and another one beside it, in which trials run. */
struct stage {
	const char *mount;
	const char *names[PLACES]; /* of the directories */
	int outside[SIDES];        /* their root without the mount between */
	int inside[SIDES][PLACES];
	char paths[SIDES][128]; /* of the first */
	int source[SIDES];      /* read by copying calls */
	struct spec dir;        /* of the directory */
	unsigned long compared, differences;
	const struct op *shown_op; /* the last that differed: of each some are shown */
	int shown;
};

/* Opens it in the root of the mount: it is empty, 1777 and root's. Asserts. */
void stage_open(struct stage *stage, const char *mount);

/* Opens it in a new directory of the mount, with another one beside it. */
void stage_open_in_directory(struct stage *stage, const char *mount);
void stage_close(struct stage *stage);

/* Owner and mode of the directory on both sides, from now on; and of the other one. */
void stage_set_dir(struct stage *stage, struct spec dir);
void stage_set_other(const struct stage *stage, struct spec dir);

/* The path, in outside[side], of an entry of a place. Good until the next call. */
const char *name_outside(const struct stage *stage, int place, const char *name);

/*
 * Do both sides refuse alike? When the kernel knows that something is a directory, or none, it
 * says so before it asks a mount about permissions.
 */
bool same_errors(int reference, int mount);

/* Prints how much was compared, and fails if something was different. */
void stage_conclude(const struct stage *stage, const char *what);

/* Makes the calls of all trials, which are shared with the process that does so, and compares. */
void stage_run(
	struct stage *stage, const struct identity *identity, struct trial *trials, size_t n);

enum { BATCH = 256 };

/* A batch of trials that is being filled (modes_batch.c). */
struct batch {
	struct stage *stage;
	const struct identity *identity;
	bool is_own_mount; /* an ordinary user's */
	struct trial *trials;
	size_t n;
};

void batch_open(
	struct batch *ret, struct stage *stage, const struct identity *identity, bool is_own_mount);
void batch_close(struct batch *batch);

/*
 * One more trial, under names of its own, if the operation is wanted and can be made: through an
 * ordinary user's own mount root cannot open an object for the caller. A full batch is run.
 */
void batch_add(struct batch *batch, const struct op *op, struct spec first, struct spec second);

/* Makes all calls, and compares; the batch is empty afterwards. */
void batch_run(struct batch *batch);

/* Is the operation wanted? See modes.c. */
bool op_is_wanted(const struct op *op);

/* O_CREAT on another user's object in a sticky directory is refused outside of the mount only. */
bool may_create_existing(void);

/*
 * The next mode to be tried, after `mode` (or -1); -1 at the end: every stride-th one and those
 * that programs use. With a long stride half of these are for even phases, the other half for odd
 * ones.
 */
int next_mode(int mode, unsigned stride, unsigned phase);

/* Primes: all bits of the modes come in all combinations. */
enum { USUAL_STRIDE = 499, COARSE_STRIDE = 1999 };

/* A stride beyond all modes leaves few of them: the rules are the same on the other data path. */
bool modes_are_few(void);

/* How many modes are left out in an ordinary run; see modes.c. */
unsigned modes_stride(unsigned usual);

/* All operations by this caller on an object of this owner and every mode (modes_object.c). */
void try_objects(struct stage *stage, const struct identity *identity, struct spec owner,
	unsigned stride, bool is_own_mount);

/* On the entries of a directory of this owner, and on itself (modes_directory.c). */
void try_directories(struct stage *stage, const struct identity *identity, struct spec owner,
	unsigned stride, bool is_own_mount);

/* Directories and symbolic links as entries, and two directories (modes_tree.c). */
void try_trees(
	struct stage *stage, const struct identity *identity, struct spec owner, unsigned stride);

/* Tests of their own. */
void random_walks(void **state);           /* modes_walk.c */
void random_walks_in_trees(void **state);  /* modes_walk.c */
void users_at_the_same_time(void **state); /* modes_crowd.c */
void groups_that_change(void **state);     /* modes_crowd.c */

#endif
