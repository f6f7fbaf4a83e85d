/* SPDX-License-Identifier: MIT */
/* Messages between the processes of one run, over a pair of sockets of type SOCK_SEQPACKET. */
#ifndef SHMFS_CLI_RUN_WIRE_H
#define SHMFS_CLI_RUN_WIRE_H

#include <stdbool.h>

#define RUN_WIRE_FDS 2

enum run_wire_kind {
	RUN_WIRE_STARTED, /* guard to front: the program is there: value is its number; its pidfd */
	RUN_WIRE_STOPPED, /* guard to front: a signal, value, has stopped the program */
	RUN_WIRE_CONTINUED, /* guard to front: the program goes on */
	RUN_WIRE_EXITED,    /* guard to front: value is the program's exit status, or one of ours */
	RUN_WIRE_KILLED,    /* guard to front: by the signal value */
	RUN_WIRE_AGAIN,     /* guard to front: the namespace was removed just now */
	RUN_WIRE_INSIDE,    /* program to guard: its /dev/shm, and the descriptor that listens for
			       ftruncate(2) */
	RUN_WIRE_GO,        /* guard to program: execute */
};

struct run_wire_message {
	enum run_wire_kind kind;
	int value;
	bool stays;            /* with an outcome: the guard outlives the front */
	int fds[RUN_WIRE_FDS]; /* -1: none; the receiver owns them, close-on-exec */
};

/* 0 or -errno: the other side is gone. */
int run_wire_pair(int ret_ends[2]);
int run_wire_send(int end, const struct run_wire_message *message);

/* Waits. 1, 0: the other side is gone; -errno. */
int run_wire_receive(int end, struct run_wire_message *ret_message);

#endif
