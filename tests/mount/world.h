/* SPDX-License-Identifier: MIT */
/*
 * A world of its own for one test program: private mount and process namespaces, an empty tmpfs
 * over /dev/shm, a directory for mount points and logs. Nothing done in it is seen by the
 * machine, and all of it, daemons included, is gone when the program ends, in whatever way.
 */
#ifndef SHMFS_TEST_WORLD_H
#define SHMFS_TEST_WORLD_H

/* Mount options of the tmpfs over /dev/shm and of its reference. */
#define WORLD_SHM_OPTIONS "mode=1777,size=1g,nr_inodes=200k"

struct world {
	char base[32]; /* an empty tmpfs, mode 0755 */
};

/*
 * Makes the world and calls inside(), as a process that adopts orphans. Returns the result of
 * inside(), as an exit status; 77 where no world can be made, or 1 when SHMFS_TEST_MUST_RUN is set.
 */
int world_run(int (*inside)(const struct world *world));

/*
 * For a feature that the machine may lack even when SHMFS_TEST_MUST_RUN is set: says that the
 * program is skipped as a whole, and returns its exit status. (The output of skip() for a single
 * test is a failure for meson with cmocka 1.1.5.)
 */
int world_skip(const char *reason);

#endif
