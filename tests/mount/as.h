/* SPDX-License-Identifier: MIT */
/* Single calls of other users, and the two ways to an object. */
#ifndef SHMFS_TEST_AS_H
#define SHMFS_TEST_AS_H

#include "who.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/types.h>
#include <unistd.h>

/*
 * Asserts that one call (-1 is its error), made by a process of this user, fails with `error`; 0:
 * that it succeeds.
 */
#define EXPECT_AS(who, error, call)                                                          \
	do {                                                                                 \
		const pid_t pid_ = fork();                                                   \
                                                                                             \
		if (pid_ == 0)                                                               \
			_exit(who_become(who) < 0 ? AS_NOT_BECOME : (call) < 0 ? errno : 0); \
		expect_child(pid_, error, #call, __FILE__, __LINE__);                        \
	} while (0)

#define AS_NOT_BECOME 254

void expect_child(pid_t pid, int error, const char *call, const char *file, int line);

/* The mount and /dev/shm; the second is the directory of the other way to the same objects. */
enum door { DOOR_MOUNT, DOOR_SHM, DOORS };

/* A path below that door; good for the next seven calls. */
const char *at_door(enum door door, const char *path);

/* Makes an object or a directory in /dev/shm, as root, with this owner and mode; asserts. */
void put_object(const char *path, struct who owner, mode_t mode, const char *bytes);
void put_directory(const char *path, struct who owner, mode_t mode);

/* open(2) and close(2): 0 or -1. */
int try_open(const char *path, int flags, mode_t mode);

/* The whole of an object is this text; -1 with errno EBADMSG if it is another one. */
int try_content(const char *path, const char *text);

/* Writes the text to an object that is there. */
int try_write(const char *path, const char *text);

/* Runs a program without arguments and waits for it: 0, or -1 with the errno of execve(2). */
int try_execute(const char *path);

#endif
