/* SPDX-License-Identifier: MIT */
/*
 * shmfs: POSIX shared memory objects as files.
 *
 * A map of the sources, from the top down.
 *
 *   process/    from the command line to the end of the mount
 *     main        how the daemon starts; this file
 *     options     command line and mount options      help       their text
 *     mountpoint  the directory to mount on, and the rest of a dead daemon's mount
 *       unmounter   fusermount3, for a process that may not unmount
 *     startup     background, signals, limits         harden     dropped privileges
 *     mount       a mount from its beginning to its end
 *     keeper      the process that holds the mount and has workers serve it
 *       orders      the events that it waits for       spawn     the process of a worker
 *       death       why a worker died                  held      requests of a worker in the kernel
 *     successor   a new program takes the keeper's place
 *       probe       can the new program take over?
 *     worker      the process that serves
 *     recover     a worker repairs the state that a dead worker left
 *
 *   ops/        the operations of the file system
 *     ops         the table of operations
 *     lookup      names to nodes            attr        attributes, statfs
 *     create      O_CREAT, O_TMPFILE        make        directories, links, FIFOs, devices
 *     open        open objects              io          read, write, allocate, copy
 *     unlink      remove names              rename      change names
 *     dir         listings                  xattr       extended attributes, ACLs
 *     ioctl       queries to the mount      status      the reply to them
 *     entry       node to descriptor; replies, and their validity periods
 *     run_as_caller  an operation on the tmpfs under the caller's identity
 *     open_flags  the flags for open(2) on tmpfs
 *     reserve     growing allocates memory at once
 *     charge      callers pay for memory        helper      a process that allocates for them
 *     scratch     memory for replies        fs          the state that all operations share
 *
 *   node/       objects and directories that the kernel knows by number
 *     node        file handles; lookup counts
 *       node_table  numbers, generations, lookup counts, also for the next worker
 *       node_names  parents and names, where handles are refused
 *     hold        objects that were just looked up
 *     opened      objects that clients have open
 *       opens       the same in shared memory    shares     descriptors, by user
 *     passthrough open objects that the kernel reads and writes itself
 *     freeing     a thread that frees memory
 *
 *   request/    requests: received, queued, answered, kept over a worker's death
 *     loop        threads, and how they share the work
 *       serve       one request is served, by the leader or beside it
 *       leader      receives requests            watch      hands over the lead in time
 *       queue       requests that wait, by user  interrupt  interrupts them
 *       effort      was a request long work?     weight     CPU time of threads for slow users
 *       buffer      memory to receive into
 *     caller      the credentials of a request
 *     reply       answers; -errno becomes errno here
 *     journal     progress of each request, for the worker that gets it again
 *       journal_marks  the journal entries of the current request
 *     shared      memory that outlives a worker       descriptors  of this process
 *     log         messages, to stderr or syslog
 *     trace       a line for each request, with -d
 *     clock       the time, for waiting               fuse3        libfuse, and its versions
 *
 *   ../../cli   the verbs of the command line: shmfs VERB
 *     verb        which verb the command line names   help   their usage
 *     run         a program in a namespace of its own; run.h maps run_*
 *     ls          objects and their holders           who    the holders of one object
 *     reap        removes objects without holders; reap.h maps reap_*
 *     status_verb asks daemons: status_ask
 *     watch       changes and their authors; watch.h maps watch_*
 *     objects     which objects, in which order       object_row  the columns of one
 *     survey      a look at a tmpfs                   holder      how holders are written
 *     target      the object that a word means        foreign     other namespaces' /dev/shm
 *     table       columns and JSON      text   names, sizes, times    progress  on stderr
 *     kernel      system calls without a function in older C libraries
 *     detached    work that other users may bring to a standstill
 *
 *   ../../lib   the world of objects, without libfuse
 *     object      open, make, link, change: relative to a directory's descriptor
 *     handle      file handles of the tmpfs
 *     identity    act as another user on this thread
 *     cgroup      memory cgroups: which one, moving there, limits
 *     region      read and write, through a mapping where that is faster
 *     top         the top of a mount namespace, seen from a chroot
 *     sigbus      guarded copies from and to a mapping
 *     table       entries by inode number
 *     status_wire the question for the status, and its answer
 *     holders     the holders of objects, from /proc: holders_scan, holders_fds, holders_maps
 *     process     facts about a process from /proc   mounts     of all mount namespaces
 *     listing     all objects of a tmpfs             beneath    open files of other users safely
 *     lease       is an object used at all?          sem        values of semaphores
 */
#include "mount.h"
#include "mountpoint.h"
#include "options.h"
#include "request/log.h"
#include "startup.h"
#include "successor.h"
#include "verb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int start_mount(struct options *options, char **argv)
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

static int start_successor(struct options *options, char **argv, int memory)
{
	const int r = startup_prepare();

	if (r == 0)
		return mount_continue(options, argv, memory);
	log_error("cannot take over: %s", strerror(-r));
	return EXIT_FAILURE;
}

static int start_daemon(struct options *options, char **argv)
{
	const int probed = successor_probed();
	int memory;

	if (probed != 0)
		return probed;
	log_take_over_libfuse();
	return successor_is(&memory) ? start_successor(options, argv, memory)
				     : start_mount(options, argv);
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
		status = start_daemon(&options, argv);
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
