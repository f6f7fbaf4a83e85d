/* SPDX-License-Identifier: MIT */
/*
 * The start of every mounted test: a world of its own (world.h), a reference tmpfs, and, for most
 * subjects, one daemon that serves one mount during all tests of the program and has to end well
 * after them.
 */
#ifndef SHMFS_TEST_HARNESS_H
#define SHMFS_TEST_HARNESS_H

#include "../cmocka_both.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon.h"
#include "side.h"
#include "util.h"
#include "world.h"

#define SHM_DIR "/dev/shm"

struct harness {
	const char *base;   /* for mount points and logs of the test */
	char reference[64]; /* a tmpfs like the one at /dev/shm */
	struct daemon daemon;
};

const struct harness *harness(void);

/* A path below the mount, or a name in /dev/shm, as a whole; good for the next seven calls. */
const char *in_mount(const char *path);
const char *in_shm(const char *name);

/* Asserts that a call returns -1 with this errno. */
#define EXPECT_ERROR(call, error)               \
	do {                                    \
		errno = 0;                      \
		assert_int_equal(call, -1);     \
		assert_int_equal(errno, error); \
	} while (0)

/* Runs the tests on a mount; to be returned from main(). */
#define RUN_MOUNTED(tests) harness_run(tests, ARRAY_SIZE(tests), true)

/* Runs tests that start their daemons themselves. */
#define RUN_BARE(tests) harness_run(tests, ARRAY_SIZE(tests), false)

int harness_run(const struct CMUnitTest *tests, size_t n, bool mounted);

#endif
