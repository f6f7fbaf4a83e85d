/* SPDX-License-Identifier: MIT */
#include "run_directory.h"

#include "kernel.h"
#include "run_say.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

/* Of a program's name in a made-up name of a namespace. */
#define PROGRAM_LENGTH 32

/* One walk along the components of a name. */
struct walk {
	struct run_directory *directory;
	const char *base, *name;
	const char *next; /* the rest of name */
	bool shared, exclusive;
};

const char *run_directory_objection(const struct stat *st, uid_t user)
{
	if (!S_ISDIR(st->st_mode))
		return "not a directory, so it cannot be a namespace";
	if (st->st_uid != user && st->st_uid != 0)
		return "another user's directory (--shared uses it)";
	if ((st->st_mode & 022) && !(st->st_mode & S_ISVTX))
		return "other users may change it (--shared uses it)";
	return NULL;
}

static int fail(const struct walk *walk, const char *reason)
{
	const int len = (int)(walk->next - walk->name);

	return run_say("%s/%.*s: %s", walk->base, len, walk->name, reason);
}

static const char *reason_of(int error, int dir, const char *component)
{
	struct stat st;

	if (error == -ELOOP ||
		(error == -ENOTDIR && fstatat(dir, component, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			S_ISLNK(st.st_mode)))
		return "a symbolic link, not a namespace";
	if (error == -ENOTDIR)
		return "not a directory, so it cannot be a namespace";
	if (error == -EXDEV)
		return "another file system is mounted there";
	if (error == -ENOSYS)
		return "Linux 5.6 or newer is needed";
	return strerror(-error);
}

/* A directory above need not be readable. */
static int step_into(struct walk *walk, const char *component, bool is_last)
{
	struct run_directory *directory = walk->directory;
	const mode_t mode = walk->shared ? 01777 : 0711;
	const bool made = mkdirat(directory->parent, component, mode) == 0;
	const int flags = is_last || made ? O_RDONLY : O_PATH;
	const char *objection;

	if (!made && (errno != EEXIST || walk->exclusive))
		return errno == EEXIST ? -EEXIST : fail(walk, strerror(errno));
	directory->fd =
		kernel_open_below(directory->parent, component, flags | O_DIRECTORY | O_NOFOLLOW);
	if (directory->fd < 0)
		return fail(walk, reason_of(directory->fd, directory->parent, component));
	if (made && walk->shared && fchmod(directory->fd, mode) < 0) /* with any umask */
		return fail(walk, strerror(errno));
	if (fstat(directory->fd, &directory->st) < 0)
		return fail(walk, strerror(errno));
	directory->is_new = made;
	objection = walk->shared ? NULL : run_directory_objection(&directory->st, geteuid());
	return objection ? fail(walk, objection) : 0;
}

static void go_down(struct run_directory *directory)
{
	if (directory->parent != directory->base)
		close(directory->parent);
	directory->parent = directory->fd;
	directory->fd = -1;
}

static int walk_down(struct walk *walk)
{
	struct run_directory *directory = walk->directory;
	int r;

	for (;;) {
		const size_t len = strcspn(walk->next, "/");
		const bool is_last = !walk->next[len];

		snprintf(directory->component, sizeof(directory->component), "%.*s", (int)len,
			walk->next);
		walk->next += len;
		r = step_into(walk, directory->component, is_last);
		if (r != 0 || is_last)
			return r;
		walk->next++;
		go_down(directory);
	}
}

static int open_base(struct run_directory *ret_directory, const char *base)
{
	*ret_directory = (struct run_directory){.base = -1, .parent = -1, .fd = -1};
	ret_directory->base = open(base, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (ret_directory->base < 0)
		return run_say("%s: %s", base, strerror(errno));
	ret_directory->parent = ret_directory->base;
	return 0;
}

int run_directory_open(
	struct run_directory *ret_directory, const char *base, const char *name, bool shared)
{
	struct walk walk = {.directory = ret_directory,
		.base = base,
		.name = name,
		.next = name,
		.shared = shared};
	const int r = open_base(ret_directory, base);

	return r == 0 ? walk_down(&walk) : r;
}

static int make_up_name(const char *program, char **ret_name)
{
	const char *slash = strrchr(program, '/');
	uint64_t number;

	program = slash ? slash + 1 : program;
	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		return -EIO;
	return asprintf(ret_name, "%.*s.%016llx", PROGRAM_LENGTH, program[0] ? program : "run",
		       (unsigned long long)number) < 0
		       ? -ENOMEM
		       : 0;
}

int run_directory_open_unique(struct run_directory *ret_directory, const char *base,
	const char *program, bool shared, char **ret_name)
{
	struct walk walk = {
		.directory = ret_directory, .base = base, .shared = shared, .exclusive = true};
	int r = open_base(ret_directory, base);

	*ret_name = NULL;
	while (r == 0) {
		r = make_up_name(program, ret_name);
		if (r < 0)
			return run_say("cannot make up a name: %s", strerror(-r));
		walk.name = walk.next = *ret_name;
		r = walk_down(&walk);
		if (r != -EEXIST)
			return r;
		free(*ret_name);
		*ret_name = NULL;
		r = 0;
	}
	return r;
}

bool run_directory_is_linked(const struct run_directory *directory)
{
	struct stat st;

	return fstatat(directory->parent, directory->component, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       st.st_dev == directory->st.st_dev && st.st_ino == directory->st.st_ino;
}

int run_directory_open_again(
	const struct run_directory *directory, const char *base, const char *name)
{
	const int base_fd = open(base, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat st;
	int fd;

	if (base_fd < 0)
		return -errno;
	fd = kernel_open_below(base_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW);
	close(base_fd);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) == 0 && st.st_dev == directory->st.st_dev &&
		st.st_ino == directory->st.st_ino)
		return fd;
	close(fd);
	return -ESTALE;
}

void run_directory_close(struct run_directory *directory)
{
	if (directory->fd >= 0)
		close(directory->fd);
	if (directory->parent >= 0 && directory->parent != directory->base)
		close(directory->parent);
	if (directory->base >= 0)
		close(directory->base);
	directory->base = directory->parent = directory->fd = -1;
}
