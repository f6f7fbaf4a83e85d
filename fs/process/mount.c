/* SPDX-License-Identifier: MIT */
#include "mount.h"

#include "harden.h"
#include "keeper.h"
#include "mountpoint.h"
#include "object.h"
#include "ops/ops.h"
#include "request/log.h"
#include "request/shared.h"
#include "startup.h"
#include "successor.h"
#include "unmounter.h"
#include "worker.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

struct mount {
	const struct options *options;
	struct successor successor;
	struct shared *shared;
};

/* Keeps the mount when the session that made it is destroyed. */
static int keep_device(struct shared *shared, struct fuse_session *session)
{
	const int device = fuse3_duplicate(fuse_session_fd(session));
	const int r =
		device < 0 ? device : mountpoint_number(shared->mount_point, &shared->mount_number);

	if (r < 0) {
		log_error("cannot start: %s", strerror(-r));
		fuse_session_unmount(session);
		if (device >= 0)
			close(device);
		return r;
	}
	shared->device = device;
	return 0;
}

/* May this process mount, or a set-user-ID program that it starts? */
static bool mounting_is_possible(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, sets) < 0 || sets[0].effective & (1U << CAP_SYS_ADMIN))
		return true;
	return prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN) != 0 &&
	       prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0;
}

/* The reason why mounting cannot succeed, mostly in containers; NULL: there is no obstacle. */
static const char *mount_obstacle(void)
{
	if (access("/dev/fuse", F_OK) < 0)
		return "there is no /dev/fuse: load the kernel module fuse; in a container, let it "
		       "have "
		       "the device, or mount on the host and bind a directory of the mount";
	if (!mounting_is_possible())
		return "there is no CAP_SYS_ADMIN here, nor for fusermount3: in a container, mount "
		       "on "
		       "the host and bind a directory of the mount";
	return NULL;
}

/* 0 or -errno; an error has been logged, by libfuse or here. */
static int make_mount(const struct options *options, struct shared *shared)
{
	const char *obstacle = mount_obstacle();
	struct fuse_session *session;
	struct fuse_args args;
	int r = -EIO;

	if (obstacle) {
		log_error("cannot mount: %s", obstacle);
		return -EPERM;
	}
	args = options_copy_args(options);
	log_libfuse_briefly(true);
	session = fuse_session_new(&args, &ops, sizeof(ops), NULL);
	fuse_opt_free_args(&args);
	if (session && fuse_session_mount(session, shared->mount_point) == 0)
		r = keep_device(shared, session);
	if (session)
		fuse_session_destroy(session);
	log_libfuse_briefly(false);
	return r;
}

static int receive_init(struct shared *shared)
{
	const ssize_t n = fuse3_receive_init(shared->device, shared->init, sizeof(shared->init));

	if (n < 0)
		return (int)n;
	shared->init_len = (uint32_t)n;
	return 0;
}

/* The thread sanitizer does not support processes made by calling clone(2) directly. */
#if defined(__SANITIZE_THREAD__)
#define SANITIZES_THREADS true
#elif defined(__has_feature)
#define SANITIZES_THREADS __has_feature(thread_sanitizer)
#else
#define SANITIZES_THREADS false
#endif

/* The reason why this mount can have no keeper, for a message; NULL: there is no obstacle. */
static const char *obstacle_to_keeper(const struct shared *shared)
{
	if (SANITIZES_THREADS)
		return "this build is for finding races";
	return fuse3_can_resend(shared->init, shared->init_len) ? NULL : "that needs Linux 6.9";
}

/* Decides about a keeper. -ENOTSUP: a keeper is required, but impossible; that is logged. */
static int choose_keeper(const struct mount *mount, bool *ret_keeper)
{
	const enum keeper_wish wish = mount->options->keeper;
	const char *why_not = obstacle_to_keeper(mount->shared);

	if (why_not && wish == KEEPER_ON) {
		log_error("cannot mount with a keeper: %s", why_not);
		return -ENOTSUP;
	}
	if (why_not && wish == KEEPER_AUTO)
		snprintf(mount->shared->why_alone, sizeof(mount->shared->why_alone), "%s", why_not);
	*ret_keeper = !why_not && wish != KEEPER_OFF;
	return 0;
}

/* This process serves, and unmounts, with fusermount3 if umount2(2) is refused. */
static int serve_alone(struct mount *mount)
{
	const bool unmounts = mountpoint_can_unmount();
	int r = unmounts ? 0 : unmounter_prepare();

	if (r == 0)
		r = harden_server(unmounts);
	if (r == 0)
		return worker_serve(mount->options, mount->shared, keeper_announce);
	log_error("cannot drop privileges: %s", strerror(-r));
	return EXIT_FAILURE;
}

/* Has the mount served to its end, and unmounts it. */
static int serve_mount(struct mount *mount, bool with_keeper)
{
	struct shared *shared = mount->shared;
	bool is_worker = false;
	int status;

	status = with_keeper ? keeper_keep(mount->options, shared, &mount->successor, &is_worker)
			     : serve_alone(mount);
	if (!is_worker)
		mountpoint_unmount(shared->mount_point, shared->mount_number, shared->device);
	if (status == WORKER_BUSY)
		_exit(EXIT_SUCCESS);
	return status;
}

/* Unmounts at once if the new mount cannot be served. */
static int serve_new_mount(struct mount *mount)
{
	struct shared *shared = mount->shared;
	bool with_keeper;
	int r;

	r = receive_init(shared);
	if (r == 0)
		r = shared_keep_descriptors(shared);
	/* startup_ready() closes it; later another descriptor may get its number. */
	descriptors_remove(shared->kept, SHARED_FDS, startup_parent());
	if (r < 0)
		log_error("cannot serve: %s", strerror(-r));
	else
		r = choose_keeper(mount, &with_keeper);
	if (r == 0)
		return serve_mount(mount, with_keeper);
	mountpoint_unmount(shared->mount_point, shared->mount_number, shared->device);
	return EXIT_FAILURE;
}

int mount_run(const struct options *options, const char *mount_point, char **argv)
{
	struct mount mount = {.options = options};
	struct shared *shared;
	int status = EXIT_FAILURE;
	int r;

	successor_init(&mount.successor, argv);
	r = shared_new(&shared, &mount.successor.memory);
	if (r < 0) {
		log_error("cannot start: %s", strerror(-r));
		return EXIT_FAILURE;
	}
	mount.shared = shared;
	snprintf(shared->mount_point, sizeof(shared->mount_point), "%s", mount_point);
	shared->daemon = getpid();
	shared->root = shmfs_object_root();
	if (shared->root < 0)
		log_error("%s: %s", SHMFS_OBJECT_DIR, strerror(-shared->root));
	else if (make_mount(options, shared) == 0)
		status = serve_new_mount(&mount);
	shared_free(shared);
	return status;
}

int mount_continue(const struct options *options, char **argv, int memory)
{
	struct mount mount = {.options = options};
	int status, r;

	log_serving();
	successor_init(&mount.successor, argv);
	mount.successor.memory = memory;
	r = shared_attach(&mount.shared, memory);
	if (r < 0) {
		log_error("cannot take over: %s", strerror(-r));
		return EXIT_FAILURE;
	}
	if (mount.shared->background)
		startup_continue_in_background();
	log_info("version %s takes over at %s", SHMFS_VERSION, mount.shared->mount_point);
	status = serve_mount(&mount, true);
	shared_free(mount.shared);
	return status;
}
