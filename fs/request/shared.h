/* SPDX-License-Identifier: MIT */
/*
 * The memory that the keeper and its workers share, which outlives a worker. Keeper and worker have
 * one table of file descriptors, so the numbers of descriptors that outlive a worker stand here
 * too. A mount without a keeper has the same memory, but no next worker.
 *
 * A worker may die in the middle of a change. journal.c explains why the memory stays consistent.
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

/* Raise it with every change of this file that a keeper of the old version cannot hand over. */
#define SHARED_VERSION 5

/* The nodes, see node_table.h. Zeros are an empty table. */
struct node_table_shared {
	_Atomic int32_t fds[2]; /* 0: not made yet */
	_Atomic uint32_t now;   /* index of the current table; the other one: struct node_table */
	uint64_t used;          /* places of the table that are not free; inexact after a death */
	uint64_t live;          /* entries of both tables; inexact after a death */
	uint64_t moved;         /* places of the old table that the move has visited */
	uint64_t factor; /* of the hash: odd, random, so that no user can choose collisions */
};

/*
 * Does passthrough work? The first trial gives the answer, which holds for as long as the mount
 * exists.
 */
enum passthrough_trial { PASSTHROUGH_UNTRIED, PASSTHROUGH_WORKS, PASSTHROUGH_REFUSED };

/* Room for a description of the data path, with the NUL. */
#define PASSTHROUGH_TEXT_SIZE 128

/* An object that is open. */
struct shared_open {
	uint64_t ino;   /* 0: a free entry, whose `count` may chain it to the next one */
	uint32_t count; /* opens that the kernel has; 0: only ino and backing are valid still */
	int32_t backing;
	int32_t reader, writer; /* descriptors of its region, or -1 */
	uint32_t user;          /* the user that opened it first, see shares.h */
};

/* The progress of a request. journal.c explains the consequences. */
enum shared_phase {
	PHASE_NONE,
	PHASE_MAKING, /* about to make an object, or an entry of another type whose name was free */
	PHASE_REMOVING,  /* about to remove the name of ino */
	PHASE_LINKING,   /* about to give ino the name, which was free */
	PHASE_RENAMING,  /* ino at the old name, other_ino at the new one (0: free), flags */
	PHASE_XATTR,     /* about to set an attribute that did not exist, or to remove one */
	PHASE_APPENDING, /* size of the object; the position of its writer is 0 */
	PHASE_OPENED,    /* one open of ino has been counted */
	PHASE_ANSWERING, /* the same, and the answer may be on its way: the open stays counted */
	PHASE_CLOSED,    /* one open of ino has been taken off */
};

struct shared_slot {
	_Atomic uint64_t unique; /* the request's number; 0: the slot is free */
	_Atomic uint32_t phase;
	int32_t registering; /* the lowest backing id that this request may have got, or 0 */
	uint32_t flags;
	uint64_t ino, other_ino;
	off_t size;
};

/*
 * An object that a dead worker had just made, open as fd. The kernel sends the request that made it
 * again.
 */
struct shared_orphan {
	uint64_t ino; /* 0: none */
	int32_t fd;
};

/* A request that a thread is serving. */
struct shared_service {
	_Atomic uint64_t unique; /* its number, or 0 */
	_Atomic pid_t thread;
	_Atomic uint32_t slow; /* the request takes long, or the user's requests do */
};

/*
 * A request that was being served when a worker died, and its points. All requests being served at
 * a death get points. Innocent ones are rarely there at the next death, so only the guilty one
 * reaches the maximum.
 */
#define SHARED_POINTS_OWN 2     /* points for a DEATH_OWN */
#define SHARED_POINTS_OUTSIDE 1 /* points for a DEATH_OUTSIDE */
#define SHARED_POINTS_MAX 4     /* a request with so many is refused */
struct shared_suspect {
	uint64_t unique;
	uint32_t points;
	uint32_t slow; /* shared_service.slow at that death */
};

/* A request with which a thread of a killed worker is still in the kernel. */
struct shared_held {
	uint64_t unique;
	pid_t worker;
};

/* How the last worker ended. */
enum shared_death {
	DEATH_NONE,    /* it ended normally */
	DEATH_OUTSIDE, /* another process killed it */
	DEATH_OWN,     /* its own fault killed it, or its use of memory */
};

/* A change of a count: the entry, its new content, and the request's new phase. */
struct shared_redo {
	_Atomic uint32_t valid;
	uint32_t open, slot; /* indices; SHARED_SLOTS: no slot */
	uint32_t phase;
	struct shared_open after;
};

enum {
	SHARED_OPENS = 1 << 20, /* more than systems allow a process descriptors */
	SHARED_SLOTS = 128,
	SHARED_THREADS = 64, /* threads that serve */
	SHARED_SUSPECTS = 256,
	SHARED_HELD = 128,
	SHARED_FDS = 1 << 16, /* the keeper's descriptors are below */
	SHARED_INIT_MAX = 4096,
};

struct shared {
	uint32_t version;
	uint32_t size;

	/* Fields of the keeper; a worker only reads them. */
	pid_t daemon;        /* its process id */
	int32_t device;      /* /dev/fuse, mounted */
	int32_t root;        /* the directory of all objects */
	uint32_t generation; /* the worker's number, from 0 on */
	uint32_t init_len;
	alignas(uint64_t) char init[SHARED_INIT_MAX]; /* the kernel's first request, FUSE_INIT */
	char mount_point[PATH_MAX];
	dev_t mount_number;                    /* see mountpoint_number() */
	char why_alone[PASSTHROUGH_TEXT_SIZE]; /* why there is no keeper; empty: log no reason */
	bool background;
	uint8_t kept[DESCRIPTORS_SET_SIZE(SHARED_FDS)]; /* descriptors that no worker has opened */
	int32_t watch; /* descriptor for orders_watch_thread(), or -1 */
	enum shared_death death;
	uint32_t held_count;
	struct shared_held held[SHARED_HELD];

	/* Fields of the worker. */
	bool covered;           /* the worker is its own client: the mount has to end */
	bool watched;           /* `watch` stands for its thread */
	_Atomic uint32_t fault; /* the signal of its own fault by which it is about to die, or 0 */
	_Atomic uint32_t settled;              /* its generation + 1, once it serves */
	_Atomic uint64_t answered;             /* requests that all workers have answered */
	char data_path[PASSTHROUGH_TEXT_SIZE]; /* for the message that the mount is ready */
	enum passthrough_trial passthrough;
	_Atomic int32_t backing_last; /* the highest id seen */
	struct shared_redo redo;
	struct shared_slot slots[SHARED_SLOTS];
	struct shared_service services[SHARED_THREADS];
	struct shared_suspect suspects[SHARED_SUSPECTS]; /* the next one replaces the oldest */
	uint32_t suspects_next;
	struct shared_orphan orphans[SHARED_SLOTS];
	struct node_table_shared nodes;
	uint32_t opens_used; /* entries from here on were never used */
	struct shared_open opens[SHARED_OPENS];
};

/*
 * Makes the memory. *ret_fd stands for it, closed on exec; the caller owns it. Returns 0 or -errno.
 */
int shared_new(struct shared **ret_shared, int *ret_fd);

/*
 * Maps the memory that another process has made. Returns 0 or -errno; -EPROTO: it has another
 * version.
 */
int shared_attach(struct shared **ret_shared, int fd);

/* Unmaps the memory. NULL is accepted. */
struct shared *shared_free(struct shared *shared);

/*
 * Notes all open descriptors as not opened by a worker; the first worker does not exist yet.
 * Returns 0 or -errno.
 */
int shared_keep_descriptors(struct shared *shared);

/* Visits the open descriptors that are not noted, see descriptors.h. Returns 0 or -errno. */
int shared_visit_others(struct shared *shared, descriptors_visit_fn *visit, void *arg);

#endif
