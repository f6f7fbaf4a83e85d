/* SPDX-License-Identifier: MIT */
/*
 * What the tests of lib/region share: a tmpfs with one object, a region of it, somebody outside
 * who has it open too, and moments at which something happens from outside.
 */
#ifndef SHMFS_TEST_REGION_WORLD_H
#define SHMFS_TEST_REGION_WORLD_H

#include "unit.h"

#include "region.h"

#include <sys/stat.h>

#define KIB ((size_t)1024)
#define MIB (1024 * KIB)

/* As big as the longest request that a test makes. */
#define BUFFER_SIZE (16 * MIB)

#define OBJECT_PATH "/dev/shm/object"
#define BALLAST_PATH "/dev/shm/ballast"

struct world {
	struct shmfs_region *region;
	int fd; /* outside's, O_RDWR */
	char *buffer;
	int fds; /* open in the process before the region was made */
};

/* Fixtures: a tmpfs of 512 MiB, or of 4 MiB; teardown fails if anything was left open or mapped. */
int world_setup(void **state);
int world_setup_small(void **state);
int world_teardown(void **state);

/* The world, ready for SIGBUS: each test begins with it, because cmocka takes the signal. */
struct world *world_of(void **state);

/* Another region instead, with a file descriptor for each of the access modes in flags. */
void world_renew(struct world *w, const int *flags, size_t count);

/* One with O_RDWR. */
void world_renew_rw(struct world *w);

/* The byte that dense objects have at this offset; never 0. */
char pattern_at(off_t offset);
void fill_pattern(char *buf, size_t size, off_t offset);
bool is_pattern(const char *buf, size_t size, off_t offset);
bool is_zero(const char *buf, size_t size);

/* Done from outside. */
void outside_write_pattern(struct world *w, size_t size, off_t offset);
void outside_resize(struct world *w, off_t size);
void outside_punch(struct world *w, size_t size, off_t offset);
void outside_fill_tmpfs(void);
struct stat outside_stat(const struct world *w);

/* The bytes of the object as outside reads them. */
void assert_outside_reads_pattern(const struct world *w, size_t size, off_t offset);

/* Does a read there go through the mapping, at least for the most part? */
bool is_mapped_read(struct world *w, size_t size, off_t offset);

/*
 * What the wrapped system calls do besides their work. Each function is called once, with the
 * world, and then forgotten.
 */
struct interference {
	void (*after_check)(struct world *w); /* mincore */
	void (*after_pread)(struct world *w);
	void (*before_pwrite)(struct world *w);
	void (*after_pwrite)(struct world *w);
	void (*before_append)(struct world *w); /* pwritev2 */
	bool no_mmap;
	bool no_mremap;
	unsigned interrupt;     /* so many calls of pread and pwrite fail with EINTR */
	size_t short_reads;     /* bytes that pread returns at most; 0: all */
	_Atomic size_t read;    /* bytes that pread returned */
	_Atomic size_t written; /* bytes that pwrite took */
};

extern struct interference interference;

/* Did all of it happen? */
bool interference_is_over(void);

#endif
