/* SPDX-License-Identifier: MIT */
/*
 * The directory of a namespace, /dev/shm/NAME, held by descriptors. Other users may rename, link
 * and replace their files at any moment. So each component of NAME is opened relative to the one
 * before, without symbolic links and without other mounts, and judged by its descriptor. No
 * function here uses a path twice.
 */
#ifndef SHMFS_CLI_RUN_DIRECTORY_H
#define SHMFS_CLI_RUN_DIRECTORY_H

#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>

#define RUN_OBJECTS "/dev/shm"

struct run_directory {
	int base;                     /* DIR of --mount, or /dev/shm: O_PATH */
	int parent;                   /* the directory of the last component: O_PATH */
	int fd;                       /* the directory itself, open for reading */
	char component[NAME_MAX + 1]; /* its name in parent */
	struct stat st;               /* when it was opened */
	bool is_new;                  /* this process made it */
};

/*
 * Opens the directory NAME of base, and makes the directories that are missing: with mode 0711, so
 * that other users can neither make nor list objects, nor lock it; with 01777 if shared.
 * A directory that belongs to another user than the caller or root, or that other users may write
 * to without being sticky, is refused unless shared. Returns 0, or RUN_FAILED when the reason has
 * been printed; ret_directory is to be closed in either case.
 */
int run_directory_open(
	struct run_directory *ret_directory, const char *base, const char *name, bool shared);

/*
 * The same for a new directory whose name is made up, of the program's name: *ret_name, to be
 * freed.
 */
int run_directory_open_unique(struct run_directory *ret_directory, const char *base,
	const char *program, bool shared, char **ret_name);

/* Does the name still lead to this directory? */
bool run_directory_is_linked(const struct run_directory *directory);

/* Opens the same directory again, from another mount namespace. Returns a descriptor or -errno;
   -ESTALE: another directory lies there now. */
int run_directory_open_again(
	const struct run_directory *directory, const char *base, const char *name);

void run_directory_close(struct run_directory *directory);

/*
 * Why a directory with these attributes is refused for this user; NULL: it is not. The text is for
 * "PATH: %s".
 */
const char *run_directory_objection(const struct stat *st, uid_t user);

#endif
