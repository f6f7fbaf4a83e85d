/* SPDX-License-Identifier: MIT */
/* The command line and the options of fstab(5), as shmfs(1) tells them. */
#ifndef SHMFS_OPTIONS_H
#define SHMFS_OPTIONS_H

#include "node/passthrough.h"

#include <stdbool.h>

/* Is a process to hold the mount beside the one that serves? Where it can; or it must; or never. */
enum keeper_wish { KEEPER_AUTO, KEEPER_ON, KEEPER_OFF };

struct options {
	char *mount_point;       /* as given */
	char *source;            /* as given by mount(8), or NULL */
	bool foreground;         /* -f, -d */
	bool traces;             /* -d */
	bool single_thread;      /* -s */
	bool nonempty;           /* -o nonempty */
	bool noatime;            /* -o noatime */
	bool reserve;            /* -o reserve */
	bool noxattr;            /* -o noxattr */
	bool acl;                /* -o acl */
	double entry_timeout;    /* -o cache=…, entry_timeout=…; in seconds, as below */
	double attr_timeout;     /* -o cache=…, attr_timeout=… */
	double negative_timeout; /* -o negative_timeout=… */
	unsigned max_read;       /* -o max_read=…, in bytes; 0: as the kernel likes */
	enum keeper_wish keeper; /* -o keeper, nokeeper */
	enum passthrough_wish passthrough; /* -o passthrough=… */
	struct fuse_args args;             /* what is left for libfuse and the kernel */
};

enum options_result {
	OPTIONS_MOUNT, /* go on */
	OPTIONS_HELP,  /* the caller prints the help */
	OPTIONS_DONE,  /* the versions were printed */
	OPTIONS_WRONG, /* the error was printed */
};

/* To be freed with options_free() whatever the result is. */
enum options_result options_parse(struct options *ret_options, int argc, char **argv);

/* Prints how to mount; the verbs are for others to list. */
void options_print_help(void);

/* What is left for libfuse, which takes arguments apart. To be freed with fuse_opt_free_args(). */
struct fuse_args options_copy_args(const struct options *options);

void options_free(struct options *options);

#endif
