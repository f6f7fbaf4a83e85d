/* SPDX-License-Identifier: MIT */
/* A client's (takeover_client.h) model of its objects. Each difference is counted and told. */
#ifndef SHMFS_TEST_TAKEOVER_MODEL_H
#define SHMFS_TEST_TAKEOVER_MODEL_H

#include "takeover_client.h"

#include <stddef.h>

enum { NAMES = 8, OBJECTS = 12, SIZE_MAX_ = 8192, PIECE_MAX = 700 };

/* An object as it must be. */
struct object {
	int links;
	int fd, appender; /* -1: not open */
	size_t size;
	unsigned char bytes[SIZE_MAX_ + PIECE_MAX];
};

struct client {
	struct tally *tally;
	uint32_t random;
	bool mmap;
	const char *now; /* the call in progress */
	struct object objects[OBJECTS];
	int names[NAMES]; /* index of the object, -1: free */
	bool sub;         /* there is a directory with a file in it */
	bool moved;       /* it has its other name */
};

/* A random number below n. */
unsigned pick(struct client *c, unsigned n);

/* The name with this index; good until the next but one. */
char *name_of(int i);

/* Some object or name of that kind; -1 or NULL: there is none. */
int free_object(const struct client *c);
int free_name(struct client *c);
int used_name(struct client *c);
struct object *open_object(struct client *c);

/* A name is given to an object (-1: to none), and taken from the one that has it. */
void set_name(struct client *c, int name, int object);

/* The call returned r and should not have failed; tells whether. */
bool ok(struct client *c, const char *what, long r);

/* The call must fail with this error. */
void fails(struct client *c, const char *what, long r, int error);

/* The condition must hold. */
void must(struct client *c, const char *what, bool holds);

#define OK(c, call) ok(c, #call, (call))
#define FAILS(c, call, error) fails(c, #call, (call), error)
#define MUST(c, condition) must(c, #condition, condition)

#endif
