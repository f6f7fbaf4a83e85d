/* SPDX-License-Identifier: MIT */
/* What the unit tests share: a /dev/shm of their own, and children for what cannot be taken back.
 */
#ifndef SHMFS_TEST_UNIT_H
#define SHMFS_TEST_UNIT_H

#include "../cmocka_both.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/*
 * Moves the process into a mount namespace of its own, so that it can mount over /dev/shm. Where
 * that is not permitted, the program ends as skipped, or as failed if SHMFS_TEST_MUST_RUN=1.
 */
void unit_need_private_shm(void);

/*
 * Mounts an empty tmpfs over /dev/shm. flags: as for mount(2). options: tmpfs's own, e.g.
 * "size=4m"; NULL: none.
 */
void unit_mount_shm(unsigned long flags, const char *options);

/* Takes it away again. Fails the test if anything in it is still open or mapped. */
void unit_unmount_shm(void);

/* Fixtures: an empty tmpfs in which everybody may make objects. */
int unit_setup_shm(void **state);
int unit_teardown_shm(void **state);

/* Number of file descriptors that the process has open in /dev/shm. */
int unit_count_fds(void);

/* Next of a sequence of random numbers; the same for the same *seed. */
uint64_t unit_random(uint64_t *seed);

/* The seed to start with: SHMFS_TEST_SEED if that is set. Prints it. */
uint64_t unit_seed(void);

/* Seconds that a random or racing test may take: SHMFS_TEST_SECONDS, or 1. */
double unit_seconds(void);

/* Seconds of a clock that never goes back. */
double unit_now(void);

/*
 * Runs the function in a child process and fails the test unless the child ends as told. Meson's
 * time limit ends a child that hangs. It must use CHECK() instead of cmocka's asserts.
 */
typedef void unit_child_fn(void *arg);
void assert_child_passes(unit_child_fn *fn, void *arg);
void assert_child_dies_of(int sig, unit_child_fn *fn, void *arg);

/* Ends the process as failed if the condition does not hold. */
#define CHECK(condition) unit_check(condition, #condition, __FILE__, __LINE__)
void unit_check(bool ok, const char *what, const char *file, int line);

#endif
