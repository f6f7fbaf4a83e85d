/* SPDX-License-Identifier: MIT */
/*
 * shmfs: POSIX shared memory objects as files.
 *
 * A map of the sources. Arrows only go down.
 *
 *   main        start and end of the daemon; this file
 *   options     command line and mount options
 *   mountpoint  the directory to mount on; what a dead daemon left there
 *   startup     the process: background, signals, limits
 *   harden      what the daemon gives up
 *   log         messages, to stderr or syslog
 *   loop        threads: who receives requests, who serves
 *   ops         the table of operations
 *     op_lookup   names to nodes            op_attr    attributes, statfs
 *     op_create   objects come              op_rename  names go and change
 *     op_dir      listings                  op_io      open objects
 *     op_ioctl    the mount's own questions
 *   reply       answers; -errno becomes errno here
 *   directory   entries of a directory, and who may change them
 *   move        a directory gets another name, and all below it
 *   move        whole directories get new names
 *   open        an object is opened on a caller's behalf
 *   reserve     growing allocates memory at once
 *   caller      who asks
 *   status      what a mount tells about itself
 *   pin         from a node to its object
 *   passthrough open objects that the kernel reads and writes itself
 *   node        what the kernel knows by number; what is open
 *   gone        what has lost its last name
 *   clock       the time, for waiting
 *   fs.h        what all operations share     fuse3      libfuse, and its versions
 *
 *   ../lib      the world of objects, without FUSE
 *     object      open, create, unlink, link, rename, list
 *     region      read and write, through a mapping where that is faster
 *     sigbus      guarded copies from and to a mapping
 *     identity    act as somebody else on this thread
 *     capability  what root may, of another process
 *     access      the mode rules              name       view path <-> object name
 *     tree        which name lies in which directory      order   sorted by inode number
 *     index       the tree as it is now       table      by numbers: inodes, hashes
 */
#include "fs.h"
#include "index.h"
#include "log.h"
#include "loop.h"
#include "mountpoint.h"
#include "node.h"
#include "ops.h"
#include "options.h"
#include "startup.h"
#include "status.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What the loop's hooks need. */
struct service {
	struct fs fs;
	struct fuse_session *session;
	const char *mount_point;
};

static bool on_ready(void *arg)
{
	struct service *service = arg;
	struct passthrough *passthrough = &service->fs.passthrough;
	char data_path[PASSTHROUGH_TEXT_SIZE];

	if (!passthrough_start(passthrough, service->session)) {
		log_error("cannot mount with passthrough=on: %s", passthrough->why_not);
		return false;
	}
	startup_ready();
	passthrough_describe(passthrough, data_path);
	log_info("serving at %s, data path: %s", service->mount_point, data_path);
	return true;
}

static int on_tick(void *arg)
{
	struct service *service = arg;
	int wait;

	nodes_let_go(service->fs.nodes, false, &wait);
	return wait;
}

/* Whoever wants them alone is not to wait for ever. */
static int prepare_names(struct fs *fs)
{
	pthread_rwlockattr_t attr;
	int r;

	pthread_rwlockattr_init(&attr);
	pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	r = -pthread_rwlock_init(&fs->names, &attr);
	pthread_rwlockattr_destroy(&attr);
	return r < 0 ? r : shmfs_index_new(&fs->index);
}

/* The session is mounted. Returns the exit status. */
static int serve(
	struct service *service, struct fuse_session *session, const struct options *options)
{
	const struct loop_hooks hooks = {.arg = service, .ready = on_ready, .tick = on_tick};
	struct fs *fs = &service->fs;
	int r;

	r = fuse3_complete(session);
	if (r == 0)
		r = prepare_names(fs);
	if (r == 0)
		r = nodes_new(&fs->nodes, &fs->passthrough, options->noatime);
	if (r == 0)
		r = loop_new(&fs->loop, session, options->single_thread, &hooks);
	if (r == 0)
		r = loop_run(fs->loop);
	if (r < 0 && r != -ECANCELED)
		log_error("cannot serve: %s", strerror(-r));
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int mount_and_serve(struct options *options, const char *mount_point)
{
	struct service service = {
		.mount_point = mount_point,
		.fs.passthrough = {.wish = options->passthrough},
		.fs.noatime = options->noatime,
		.fs.reserve = options->reserve,
	};
	struct fuse_session *session;
	int status = EXIT_FAILURE;

	/* libfuse tells itself what went wrong. */
	session = fuse_session_new(&options->args, &ops, sizeof(ops), &service.fs);
	if (!session)
		return EXIT_FAILURE;
	service.session = session;
	if (options->noatime)
		service.fs.passthrough.why_not = "passthrough cannot keep noatime";
	if (fuse_session_mount(session, mount_point) == 0) {
		status = serve(&service, session, options);
		fuse_session_unmount(session);
	}
	fuse_session_destroy(session);
	loop_free(service.fs.loop);
	shmfs_index_free(service.fs.index);
	nodes_free(service.fs.nodes);
	return status;
}

static int start(struct options *options)
{
	char *mount_point = NULL;
	int status = EXIT_FAILURE;
	int r;

	log_take_over_libfuse();
	if (mountpoint_prepare(options->mount_point, options->nonempty, &mount_point) < 0)
		return EXIT_FAILURE;
	r = options->foreground ? 0 : startup_fork();
	if (r == 0)
		r = startup_prepare();
	if (r < 0)
		log_error("cannot start: %s", strerror(-r));
	else
		status = mount_and_serve(options, mount_point);
	free(mount_point);
	return status;
}

int main(int argc, char **argv)
{
	struct options options;
	int status = EXIT_SUCCESS;

	startup_open_standard();
	switch (options_parse(&options, argc, argv)) {
	case OPTIONS_MOUNT:
		status = start(&options);
		break;
	case OPTIONS_STATUS:
		status = status_print(options.mount_point) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
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
