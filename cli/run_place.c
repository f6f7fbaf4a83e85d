/* SPDX-License-Identifier: MIT */
#include "run_place.h"

#include "kernel.h"
#include "run_lock.h"
#include "run_say.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define PREFIX "shmfs-guard-"

void run_place_name_guard(bool has_tmpfs, bool has_ipc, bool removes)
{
	char name[16];

	snprintf(name, sizeof(name), PREFIX "%s%s%s", has_tmpfs ? "s" : "", has_ipc ? "i" : "",
		removes ? "r" : "");
	prctl(PR_SET_NAME, name);
}

/* The letters of the guard's process name; "" for other processes, and for those of other users. */
static void read_duties(pid_t pid, char *ret_duties, size_t size)
{
	char path[64], name[32] = "";
	struct stat st;
	FILE *file;

	ret_duties[0] = '\0';
	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	file = fopen(path, "re");
	if (!file)
		return;
	if (fstat(fileno(file), &st) == 0 && st.st_uid == geteuid() &&
		fgets(name, sizeof(name), file) && strncmp(name, PREFIX, strlen(PREFIX)) == 0)
		snprintf(ret_duties, size, "%.3s", name + strlen(PREFIX));
	fclose(file);
}

static bool has_duty(pid_t pid, const char *duties)
{
	char text[16];

	read_duties(pid, text, sizeof(text));
	return strpbrk(text, duties) != NULL;
}

bool run_place_removes(pid_t pid)
{
	return has_duty(pid, "r");
}

static bool holds_something(const struct run_lock *lock)
{
	return lock->pid != getpid() && has_duty(lock->pid, "si");
}

bool run_place_is_taken(const struct run_directory *directory)
{
	return run_lock_find(directory->st.st_dev, directory->st.st_ino, holds_something) != 0;
}

void run_place_find(struct run_place *ret_place, const struct run_directory *directory)
{
	const dev_t dev = directory->st.st_dev;
	const ino_t ino = directory->st.st_ino;
	pid_t pid = run_lock_find(dev, ino, holds_something);
	char duties[16];

	*ret_place = RUN_PLACE_NONE;
	/* A guard whose lock becomes another kind of lock has none for a moment. */
	if (pid == 0)
		pid = run_lock_find(dev, ino, holds_something);
	if (pid == 0)
		return;
	ret_place->guard = kernel_open_process(pid);
	/* It has the lock still, so it is the same process that was found, and no later one. */
	if (ret_place->guard < 0 || run_lock_find(dev, ino, holds_something) != pid) {
		run_place_close(ret_place);
		return;
	}
	read_duties(pid, duties, sizeof(duties));
	ret_place->pid = pid;
	ret_place->has_tmpfs = strchr(duties, 's');
	ret_place->has_ipc = strchr(duties, 'i');
}

static bool is_elsewhere(pid_t pid, const char *kind)
{
	char path[64];
	struct stat own, other;

	snprintf(path, sizeof(path), "/proc/self/ns/%s", kind);
	if (stat(path, &own) < 0)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, kind);
	return stat(path, &other) == 0 &&
	       (own.st_dev != other.st_dev || own.st_ino != other.st_ino);
}

int run_place_join(const struct run_place *place)
{
	int r = 0;

	if (is_elsewhere(place->pid, "user") && setns(place->guard, CLONE_NEWUSER) < 0)
		r = -errno;
	if (r == 0 && place->has_ipc && setns(place->guard, CLONE_NEWIPC) < 0)
		r = -errno;
	if (r < 0)
		return run_say(
			"cannot join the namespaces of process %d: %s", place->pid, strerror(-r));
	return 0;
}

static int clone_objects(void)
{
	const int objects = open(RUN_OBJECTS, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int tree;

	if (objects < 0)
		return -errno;
	tree = kernel_clone_mount(objects);
	close(objects);
	return tree;
}

/* setns(2) takes the root directory and the working directory away: both are found again. */
int run_place_clone_tmpfs(const struct run_place *place)
{
	const int own = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	const int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int tree = -EIO;

	if (own < 0 || root < 0 || here < 0 || setns(place->guard, CLONE_NEWNS) < 0)
		tree = -errno;
	else
		tree = clone_objects();
	if (tree >= 0 && (setns(own, CLONE_NEWNS) < 0 || fchdir(root) < 0 || chroot(".") < 0 ||
				 fchdir(here) < 0)) {
		close(tree);
		tree = -errno;
	}
	close(own);
	close(root);
	close(here);
	return tree;
}

void run_place_close(struct run_place *place)
{
	if (place->guard >= 0)
		close(place->guard);
	*place = RUN_PLACE_NONE;
}
