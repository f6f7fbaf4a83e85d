/* SPDX-License-Identifier: MIT */
/* Small helpers: waiting on a state, running commands, bytes with a known pattern. */
#ifndef SHMFS_TEST_UTIL_H
#define SHMFS_TEST_UTIL_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "who.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)
#define GIB ((off_t)1 << 30)
#define TIB ((off_t)1 << 40)

/* Polls until holds(arg), or until nothing is expected to happen any more (patience.h); tells
 * which. */
bool wait_until(bool (*holds)(const void *arg), const void *arg);

/* Waits for a child: its wait status, or -1 if the patience was over and the child was killed. */
int wait_child(pid_t pid);

/* Seconds, of a clock that only goes forward. */
double seconds_now(void);

/* Waits until the clock that stamps files has moved on. */
void next_tick(void);

/* Waits until the mount knows the changes of directories outside: see shmfs(1), LIMITS. */
void let_directories_age(void);

/* The outcome of a command. */
struct outcome {
	int status; /* exit status, 128 + signal, or -1 when it did not end */
	char out[4096];
	char err[4096];
};

/* Runs argv (NULL at its end; found through PATH) and collects its output. */
void run(struct outcome *ret, const char *const argv[]);

/* The same as another user. */
void run_as(struct outcome *ret, struct who who, const char *const argv[]);

/* Bytes that tell where they belong: byte i of the pattern `seed` at `offset`. Never 0. */
void fill(void *buf, size_t len, unsigned int seed, off_t offset);

/* FNV-1a. */
uint64_t hash_bytes(const void *buf, size_t len);

/* A cheap repeatable random number. */
uint32_t next_random(uint32_t *state);

/* Opens `dir`/`name`, with O_CLOEXEC and, if it is made, mode 0600; asserts. */
int open_in(const char *dir, const char *name, int flags);

/* Closes a directory: how many entries it had left, or -1 with errno; NULL: -1, errno as it is. */
long count_and_close(DIR *dir);

/* A number from the environment, written as for strtoul(3). */
unsigned long number_of(const char *variable, unsigned long otherwise);

/* Writes the whole file; asserts. */
void write_file(const char *path, const void *bytes, size_t len);

/* Reads a text file into buf, NUL at its end; asserts. */
void read_text(const char *path, char *buf, size_t size);

#endif
