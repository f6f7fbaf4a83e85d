/* SPDX-License-Identifier: MIT */
/*
 * What the keeper and its workers share: memory that outlives a worker, and, as they have one table
 * of file descriptors, the numbers of those that are to outlive it. A mount without a keeper has
 * the same, and nobody who comes after it.
 *
 * It may be written at any moment by a worker that is dying: journal.c tells how it stays true.
 */
#ifndef SHMFS_SHARED_H
#define SHMFS_SHARED_H

#include "descriptors.h"

#include <limits.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* To be raised with every change of this file that a keeper of the old version cannot hand over. */
#define SHARED_VERSION 5

/* The nodes, see node_table.h. Zeros are an empty table. */
struct node_table_shared {
	_Atomic int32_t fds[2]; /* 0: none yet */
	_Atomic uint32_t now; /* which of them is the table; the other one: see struct node_table */
	uint64_t used;        /* places of the table that are not free; wrong after a death */
	uint64_t live;        /* entries of both; likewise */
	uint64_t moved;       /* places of the old one that have been looked at */
	uint64_t factor;      /* of the hash: odd, random, so that no user can choose collisions */
};

/* Whether passthrough works, once that has been tried: the same for as long as the mount is there.
 */
enum passthrough_trial { PASSTHROUGH_UNTRIED, PASSTHROUGH_WORKS, PASSTHROUGH_REFUSED };

/* Enough for a description of the data path, with the NUL. */
#define PASSTHROUGH_TEXT_SIZE 128

/* An object that is open. */
struct shared_open {
	uint64_t ino;   /* 0: nothing; `count` may serve to chain what is free */
	uint32_t count; /* opens that the kernel has; 0: being given up, nothing else counts */
	int32_t backing;
	int32_t reader, writer; /* of its region; -1: none */
	uint32_t user;          /* that opened it first, see shares.h */
};

/* How far a request has got. journal.c tells what follows from it. */
enum shared_phase {
	PHASE_NONE,
	PHASE_MAKING, /* an object is about to be made; anything else under a name that was free */
	PHASE_REMOVING, /* ino: is about to lose the name */
	PHASE_LINKING,  /* ino: is about to get the name, which was free */
	PHASE_RENAMING, /* ino at the old name, other_ino at the new one (0: free), flags */
	PHASE_XATTR, /* an attribute that was not there is about to be set, or one to be removed */
	PHASE_APPENDING, /* size of the object; the position of its writer is 0 */
	PHASE_OPENED,    /* ino: one open has been counted */
	PHASE_ANSWERING, /* the same, and the answer may be on its way: it is not taken off again */
	PHASE_CLOSED,    /* ino: one open has been taken off */
};

struct shared_slot {
	_Atomic uint64_t unique; /* the request's number; 0: the slot is free */
	_Atomic uint32_t phase;
	int32_t registering; /* the lowest backing id that this request may have got; 0: none */
	uint32_t flags;
	uint64_t ino, other_ino;
	off_t size;
};

/* An object that a dead worker had just made, open as fd: the request that made it comes again. */
struct shared_orphan {
	uint64_t ino; /* 0: none */
	int32_t fd;
};

/* A request that a thread is serving. */
struct shared_service {
	_Atomic uint64_t unique; /* its number; 0: none */
	_Atomic pid_t thread;
	_Atomic uint32_t slow; /* the request takes long, or those of its user do */
};

/*
 * A request that was being served when workers died, and how much speaks against it: a death by a
 * request has many victims, but they are not all there again at the next one.
 */
#define SHARED_POINTS_OWN 2     /* for a death of DEATH_OWN */
#define SHARED_POINTS_OUTSIDE 1 /* for one of DEATH_OUTSIDE */
#define SHARED_POINTS_MAX 4     /* the request is not served any more */
struct shared_suspect {
	uint64_t unique;
	uint32_t points;
	uint32_t slow; /* as it was then */
};

/* A request that a thread of a worker that has been ended is still in the kernel with. */
struct shared_held {
	uint64_t unique;
	pid_t worker;
};

/* How the last worker ended. */
enum shared_death {
	DEATH_NONE,    /* it was told to */
	DEATH_OUTSIDE, /* somebody killed it */
	DEATH_OWN,     /* what it did killed it, or the memory that it took */
};

/* A change of a count: where it goes, what is there then, and the request's phase. */
struct shared_redo {
	_Atomic uint32_t valid;
	uint32_t open, slot; /* indices; SHARED_SLOTS: no slot */
	uint32_t phase;
	struct shared_open after;
};

enum {
	SHARED_OPENS = 1 << 20, /* more than systems allow a process descriptors */
	SHARED_SLOTS = 128,
	SHARED_THREADS = 64, /* that serve */
	SHARED_SUSPECTS = 256,
	SHARED_HELD = 128,
	SHARED_FDS = 1 << 16, /* descriptors of the keeper are below */
	SHARED_INIT_MAX = 4096,
};

struct shared {
	uint32_t version;
	uint32_t size;

	/* Of the keeper; a worker only reads it. */
	pid_t daemon;        /* its process id */
	int32_t device;      /* /dev/fuse, mounted */
	int32_t root;        /* the directory of all objects */
	uint32_t generation; /* of workers, from 0 on */
	uint32_t init_len;
	alignas(uint64_t) char init[SHARED_INIT_MAX]; /* the kernel's first request, FUSE_INIT */
	char mount_point[PATH_MAX];
	dev_t mount_number;                    /* see mountpoint_number() */
	char why_alone[PASSTHROUGH_TEXT_SIZE]; /* there is no keeper; empty: nobody wants to know */
	bool background;
	uint8_t kept[DESCRIPTORS_SET_SIZE(SHARED_FDS)]; /* descriptors that no worker has opened */
	int32_t watch; /* descriptor for orders_watch_thread(); -1: none */
	enum shared_death death;
	uint32_t held_count;
	struct shared_held held[SHARED_HELD];

	/* Of the worker. */
	bool covered;           /* it is its own client: the mount has to end */
	bool watched;           /* `watch` stands for its thread */
	_Atomic uint32_t fault; /* the signal by which it is about to die, by its own doing; or 0 */
	_Atomic uint32_t settled;              /* its generation + 1, once it serves */
	_Atomic uint64_t answered;             /* requests, of all workers */
	char data_path[PASSTHROUGH_TEXT_SIZE]; /* for the message that it serves */
	enum passthrough_trial passthrough;
	_Atomic int32_t backing_last; /* the highest id seen */
	struct shared_redo redo;
	struct shared_slot slots[SHARED_SLOTS];
	struct shared_service services[SHARED_THREADS];
	struct shared_suspect suspects[SHARED_SUSPECTS]; /* the next one replaces the oldest */
	uint32_t suspects_next;
	struct shared_orphan orphans[SHARED_SLOTS];
	struct node_table_shared nodes;
	uint32_t opens_used; /* entries above have never been used */
	struct shared_open opens[SHARED_OPENS];
};

/* Makes it. *ret_fd: stands for the memory, closed on exec, the caller's. 0 or -errno. */
int shared_new(struct shared **ret_shared, int *ret_fd);

/* Maps what somebody else has made. 0 or -errno; -EPROTO when it is of another version. */
int shared_attach(struct shared **ret_shared, int fd);

/* Unmaps it. NULL is accepted. */
struct shared *shared_free(struct shared *shared);

/* Notes all descriptors that there are as not opened by a worker, before there is one. 0 or -errno.
 */
int shared_keep_descriptors(struct shared *shared);

/* Visits the descriptors that are not noted, see descriptors.h. 0 or -errno. */
int shared_visit_others(struct shared *shared, descriptors_visit_fn *visit, void *arg);

#endif
