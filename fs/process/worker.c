/* SPDX-License-Identifier: MIT */
#include "worker.h"

#include "node/node.h"
#include "node/opened.h"
#include "ops/charge.h"
#include "ops/fs.h"
#include "ops/ops.h"
#include "recover.h"
#include "request/journal.h"
#include "request/log.h"
#include "request/loop.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The state for serving; the argument of the loop's hooks. */
struct service {
	struct fs fs;
	struct shared *shared;
	struct fuse_session *session;
};

static void close_node(void *arg, uint64_t ino)
{
	opened_close(arg, ino);
}

static void close_fd(void *arg, int fd)
{
	if (freeing_takes_long(fd))
		freeing_close(arg, fd, FREEING_NOBODY);
	else
		close(fd);
}

static void on_settle(void *arg)
{
	struct service *service = arg;

	journal_settle(service->fs.journal, close_node, service->fs.opened);
}

static int on_tick(void *arg)
{
	struct service *service = arg;

	return hold_expire(&service->fs.hold);
}

/*
 * The kernel takes the first worker's answer to FUSE_INIT and drops the answers of later workers.
 * Later workers answer, too, because that is how libfuse learns the negotiated features.
 */
static int answer_init(struct service *service)
{
	struct fs *fs = &service->fs;
	struct shared *shared = service->shared;
	struct passthrough *passthrough = &fs->passthrough;
	const struct fuse_buf init = {.mem = shared->init, .size = shared->init_len};
	int r;

	r = fuse3_complete(service->session, shared->init, shared->init_len);
	if (r < 0)
		return r;
	fuse_session_process_buf(service->session, &init);
	if (fuse_session_exited(service->session))
		return -ECANCELED; /* libfuse has logged the error */
	if (!passthrough_start(passthrough, shared->device, shared->root, &shared->passthrough)) {
		log_error("cannot mount with passthrough=on: %s", passthrough->why_not);
		return -ECANCELED;
	}
	passthrough_describe(passthrough, shared->data_path);
	return 0;
}

static int prepare_service(struct service *service, const struct options *options)
{
	const struct loop_hooks hooks = {.arg = service, .settle = on_settle, .tick = on_tick};
	struct shared *shared = service->shared;
	struct fs *fs = &service->fs;
	int r;

	hold_init(&fs->hold, &fs->freeing);
	charge_init(fs, shared->generation == 0);
	fs->session = service->session;
	r = opened_new(&fs->opened, &fs->passthrough, shared, &fs->freeing, options->noatime);
	if (r == 0)
		r = nodes_new(&fs->nodes, shared, fs->opened, shared->root);
	if (r == 0)
		r = journal_new(&fs->journal, shared, close_fd, &fs->freeing);
	if (r == 0)
		r = loop_new(&fs->loop, service->session, fs->journal,
			(struct loop_options){options->single_thread, options->traces}, &hooks);
	if (r == 0)
		r = answer_init(service);
	if (r == 0 && shared->generation > 0)
		r = fuse3_resend(shared->device);
	if (r == 0)
		r = loop_start(fs->loop);
	return r;
}

/* Makes a session on a duplicate of the device, because libfuse closes its descriptor. */
static struct fuse_session *new_session(const struct options *options, struct service *service)
{
	struct fuse_args args = options_copy_args(options);
	struct fuse_session *session;
	char mount_point[32];
	int fd;

	session = fuse_session_new(&args, &ops, sizeof(ops), &service->fs);
	fuse_opt_free_args(&args);
	if (!session)
		return NULL;
	fd = fuse3_duplicate(service->shared->device);
	if (fd < 0)
		log_error("cannot serve: %s", strerror(-fd));
	snprintf(mount_point, sizeof(mount_point), "/dev/fd/%d", fd);
	if (fd >= 0 && fuse_session_mount(session, mount_point) == 0)
		return session;
	fuse_session_destroy(session);
	return NULL;
}

static void clear_service(struct service *service)
{
	fuse_session_destroy(service->session);
	loop_free(service->fs.loop);
	journal_free(service->fs.journal);
	nodes_free(service->fs.nodes);
	opened_free(service->fs.opened);
	charge_clear(&service->fs);
	hold_clear(&service->fs.hold);
	freeing_clear(&service->fs.freeing);
}

/* Answers requests until the end. Returns the exit status, or WORKER_BUSY. */
static int serve_requests(struct service *service, const struct options *options,
	void (*ready)(struct shared *shared))
{
	int r;

	service->session = new_session(options, service);
	if (!service->session)
		return EXIT_FAILURE;
	r = prepare_service(service, options);
	if (r == 0) {
		ready(service->shared);
		r = loop_run(service->fs.loop);
	}
	/* The caller cannot wait for fusermount3 before this. Some threads may still serve. */
	helper_end();
	if (r == -EBUSY) {
		log_error("the kernel is still busy with a request: not waiting for it");
		return WORKER_BUSY;
	}
	service->shared->covered = r == -EDEADLK;
	if (r < 0 && r != -ECANCELED && r != -EDEADLK)
		log_error("cannot serve: %s", strerror(-r));
	clear_service(service);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int worker_serve(
	const struct options *options, struct shared *shared, void (*ready)(struct shared *shared))
{
	static struct service service; /* static: threads left in the kernel may still use it */
	int r;

	service = (struct service){
		.shared = shared,
		.fs.passthrough = {.wish = options->passthrough},
		.fs.daemon = shared->daemon,
		.fs.restarts = shared->generation,
		.fs.noatime = options->noatime,
		.fs.root = shared->root,
		.fs.reserve = options->reserve,
		.fs.noxattr = options->noxattr,
		.fs.acl = options->acl,
		.fs.entry_timeout = options->entry_timeout,
		.fs.attr_timeout = options->attr_timeout,
		.fs.negative_timeout = options->negative_timeout,
		.fs.keeps_directories = !fuse3_can_resend(shared->init, shared->init_len),
		.fs.max_read = options->max_read,
	};
	if (options->noatime)
		service.fs.passthrough.why_not = "passthrough cannot keep noatime";
	freeing_init(&service.fs.freeing);
	/* Must come first: it closes all descriptors that shared does not account for. */
	r = shared->generation > 0 ? recover(shared, &service.fs.freeing) : 0;
	if (r == 0)
		return serve_requests(&service, options, ready);
	log_error("recovery after the previous worker's death failed: %s", strerror(-r));
	return EXIT_FAILURE;
}
