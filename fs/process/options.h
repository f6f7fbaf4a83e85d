/* SPDX-License-Identifier: MIT */
/* The command line and the options of fstab(5), as shmfs(1) documents them. */
#ifndef SHMFS_OPTIONS_H
#define SHMFS_OPTIONS_H

#include "node/passthrough.h"

#include <stdbool.h>

/* A keeper beside the serving process: where the kernel supports it; required; never. */
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
	unsigned max_read;       /* -o max_read=…, in bytes; 0: the kernel's limit */
	enum keeper_wish keeper; /* -o keeper, nokeeper */
	enum passthrough_wish passthrough; /* -o passthrough=… */
	struct fuse_args args;             /* the rest, for libfuse and the kernel */
};

enum options_result {
	OPTIONS_MOUNT, /* the caller mounts */
	OPTIONS_HELP,  /* the caller prints the help */
	OPTIONS_DONE,  /* the versions were printed */
	OPTIONS_WRONG, /* the error was printed */
};

/* The caller frees *ret_options with options_free(), after an error, too. */
enum options_result options_parse(struct options *ret_options, int argc, char **argv);

/* Prints the usage for mounting, without the verbs (cli/help). */
void options_print_help(void);

/* Copies args, which libfuse would change. The caller frees the copy with fuse_opt_free_args(). */
struct fuse_args options_copy_args(const struct options *options);

void options_free(struct options *options);

#endif
