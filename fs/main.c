/* SPDX-License-Identifier: MIT */
/*
 * shmfs: POSIX shared memory objects as files.
 *
 * A map of the sources, from the top down.
 *
 *   main        how the daemon starts; this file
 *   mount       a mount from its beginning to its end
 *   keeper      the process that holds the mount, and has workers serve it
 *     orders      what the keeper waits for     death      why a worker died
 *     held        what an ended worker still does
 *     spawn       the process of a worker
 *   successor   a newer program goes on in the keeper's place
 *   worker      the process that serves
 *   recover     what a dead worker has left half done is put in order
 *   ops         the table of operations
 *     op_lookup   names to nodes            op_attr    attributes, statfs
 *     op_create   names come                op_unlink  names go
 *     op_rename   names change              op_dir     listings
 *     op_io       open objects              op_ioctl   the mount's own questions
 *   reply       answers; -errno becomes errno here
 *   status      what a mount tells about itself
 *   move        a directory gets another name, and all below it
 *   last_name   what becomes of an object that loses a name
 *   open        an object is opened on a caller's behalf
 *   reserve     growing allocates memory at once
 *   directory   entries of a directory, and who may change them
 *   caller      who asks
 *   pin         from a node to its object
 *   node        what the kernel knows by number     node_open  what of it is open
 *   passthrough open objects that the kernel reads and writes itself
 *   gone        what has lost its last name         recent     what was just looked up
 *   opens       what is open, in shared memory
 *   loop        threads, and how they share the work
 *     leader      receives requests             watch      another thread leads in time
 *     queue       requests that wait, by user   interrupt  and are interrupted
 *     buffer      memory to receive into
 *   journal     what a request has done, for who gets it again
 *   shared      memory that outlives a worker
 *   fs          what all operations share
 *
 *   options     command line and mount options
 *   mountpoint  the directory to mount on; what a dead daemon left there
 *   startup     the process: background, signals, limits
 *   harden      what the daemon gives up
 *   log         messages, to stderr or syslog
 *   descriptors file descriptors of this process    scratch    memory for replies
 *   clock       the time, for waiting               fuse3      libfuse, and its versions
 *
 *   ../cli      the verbs of the command line: shmfs VERB
 *     verb        which verb the command line names   help   their usage
 *     ls          objects and who holds them          who    who holds one
 *     reap        removes what nobody holds: reap_rules, reap_batch, reap_aside, reap_report
 *     status_verb asks daemons: status_ask
 *     watch       who changes what: watch_source, watch_actor, watch_known
 *     objects     which objects, in which order       object_row  what is told about one
 *     survey      a look at a tmpfs                   holder      how holders are written
 *     target      the object that a word means        foreign     other namespaces' /dev/shm
 *     detached    work that others can bring to a standstill
 *     table       columns and JSON      text   names, sizes, times    progress  on stderr
 *
 *   ../lib      the world of objects, without FUSE
 *     index       the tree as it is now
 *     tree        which name lies in which directory
 *     tree_dir    the entries of one directory, in order
 *     position    places in a listing           order      sorted by inode number
 *     table       by numbers: inodes, hashes
 *     region      read and write, through a mapping where that is faster
 *     sigbus      guarded copies from and to a mapping
 *     object      open, create, unlink, link, rename, list
 *     status_wire what a daemon is asked, and answers
 *     holders     who holds objects, from /proc: holders_scan, holders_fds, holders_maps
 *     process     what /proc tells of a process      mounts     of all mount namespaces
 *     listing     all objects of a tmpfs             beneath    opening what others own
 *     lease       does anybody use it at all?        sem        values of semaphores
 *     name        view path <-> object name     access     the mode rules
 *     identity    act as somebody else on this thread
 *     capability  what root may, of another process
 */
#include "log.h"
#include "mount.h"
#include "mountpoint.h"
#include "options.h"
#include "startup.h"
#include "status_verb.h"
#include "successor.h"
#include "verb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int begin(struct options *options, char **argv)
{
	char *mount_point = mountpoint_prepare(options->mount_point, options->nonempty);
	int status = EXIT_FAILURE;
	int r;

	if (!mount_point)
		return EXIT_FAILURE;
	r = options->foreground ? 0 : startup_fork();
	if (r == 0)
		r = startup_prepare();
	if (r < 0)
		log_error("cannot start: %s", strerror(-r));
	else
		status = mount_run(options, mount_point, argv);
	free(mount_point);
	return status;
}

static int go_on(struct options *options, char **argv, int memory)
{
	const int r = startup_prepare();

	if (r == 0)
		return mount_continue(options, argv, memory);
	log_error("cannot take over: %s", strerror(-r));
	return EXIT_FAILURE;
}

static int start(struct options *options, char **argv)
{
	const int probed = successor_probed();
	int memory;

	if (probed != 0)
		return probed;
	log_take_over_libfuse();
	return successor_is(&memory) ? go_on(options, argv, memory) : begin(options, argv);
}

int main(int argc, char **argv)
{
	struct options options;
	int status = EXIT_SUCCESS;

	if (verb_run(argc, argv, &status))
		return status;
	startup_reset();
	switch (options_parse(&options, argc, argv)) {
	case OPTIONS_MOUNT:
		status = start(&options, argv);
		break;
	case OPTIONS_STATUS:
		status = status_print(options.mount_point);
		break;
	case OPTIONS_HELP:
		options_print_help();
		printf("\nusage: shmfs VERB [options] ...\n\n");
		verb_print_list(stdout);
		break;
	case OPTIONS_DONE:
		break;
	case OPTIONS_WRONG:
		status = EXIT_FAILURE;
		break;
	}
	options_free(&options);
	return status;
}
