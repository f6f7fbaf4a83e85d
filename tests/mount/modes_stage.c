/* SPDX-License-Identifier: MIT */
/* Trials: making the objects, making the calls, comparing. */
#include "modes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SMALL_SIZE = 14, SHOWN = 20 };

/* A script: it can be executed. */
static const char small[SMALL_SIZE + 1] = "#!/bin/true\n#\n";

static const char zeroes[256 * 1024];

static ino_t make_object(int dir, const char *name, const struct spec *spec, off_t size)
{
	struct stat st;
	const int fd = openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_return_code(fd, errno);
	assert_int_equal(pwrite(fd, zeroes, (size_t)size, 0), size);
	assert_int_equal(pwrite(fd, small, SMALL_SIZE, 0), SMALL_SIZE);
	assert_return_code(fchown(fd, spec->uid, spec->gid), errno);
	assert_return_code(fchmod(fd, spec->mode), errno);
	assert_return_code(fstat(fd, &st), errno);
	close(fd);
	return st.st_ino;
}

static ino_t make_dir_outside(int dir, const char *name, const struct spec *spec)
{
	const mode_t mode = spec->mode & 07777;
	struct stat st;

	assert_return_code(mkdirat(dir, name, 0600), errno);
	assert_return_code(fchownat(dir, name, spec->uid, spec->gid, 0), errno);
	assert_return_code(fchmodat(dir, name, mode, 0), errno);
	assert_return_code(fstatat(dir, name, &st, 0), errno);
	return st.st_ino;
}

/* Where a name of a trial is. */
static int place_of(const struct trial *trial, int i)
{
	return i == 1 && trial->op->across ? THERE : HERE;
}

static ino_t make_spec(const struct stage *stage, const struct trial *trial, int side, int i)
{
	const struct spec *spec = &trial->specs[i];
	const bool is_dir = spec->mode != ABSENT && S_ISDIR(spec->mode);
	const char *name = name_outside(stage, place_of(trial, i), trial->names[i]);

	if (spec->mode == ABSENT)
		return 0;
	return is_dir ? make_dir_outside(stage->outside[side], name, spec)
		      : make_object(stage->outside[side], name, spec, trial->op->size);
}

/* The daemon maps an object when a multiple of it has been transferred. */
static void transfer_much(int fd, off_t size)
{
	for (int i = 0; i < 5; i++)
		assert_int_equal(pwrite(fd, zeroes, (size_t)size, 0), size);
}

static int open_before(int dir, const struct trial *trial)
{
	const struct op *op = trial->op;
	const int flags = op->open_flags - 1;
	int fd;

	if (op->open_flags == 0 || trial->specs[0].mode == ABSENT)
		return -1;
	fd = openat(dir, trial->names[0], flags | O_CLOEXEC);
	assert_return_code(fd, errno);
	if (op->size > 0 && !(flags & O_APPEND))
		transfer_much(fd, op->size);
	return fd;
}

static void prepare(const struct stage *stage, struct trial *trial)
{
	for (int side = 0; side < SIDES; side++) {
		for (int i = 0; i < 2; i++)
			trial->inodes[side][i] = make_spec(stage, trial, side, i);
		trial->fd[side] = open_before(stage->inside[side][HERE], trial);
	}
}

static void make_calls(const struct stage *stage, struct trial *trial)
{
	for (int side = 0; side < SIDES; side++) {
		const struct target target = {
			.dir = stage->inside[side][HERE],
			.other = stage->inside[side][place_of(trial, 1)],
			.path = stage->paths[side],
			.names = {trial->names[0], trial->names[1]},
			.fd = trial->fd[side],
			.source = stage->source[side],
		};
		struct answer *answer = &trial->answers[side];

		*answer = (struct answer){0};
		errno = 0;
		answer->result = trial->op->call(trial->op, &target, &answer->seen);
		answer->error = answer->result < 0 ? errno : 0;
	}
}

static struct view look(const struct stage *stage, const struct trial *trial, int side, int i)
{
	const char *name = strcmp(trial->names[i], ".") == 0 ? "" : trial->names[i];
	const char *path = name_outside(stage, place_of(trial, i), name);
	struct view view = {.exists = false};
	struct stat st;

	if (fstatat(stage->outside[side], path[0] ? path : ".", &st, AT_SYMLINK_NOFOLLOW) < 0)
		return view;
	view = (struct view){true, -1, st.st_mode, st.st_uid, st.st_gid, st.st_nlink, st.st_size};
	for (int k = 0; k < 2; k++)
		if (st.st_ino == trial->inodes[side][k])
			view.same_as = k;
	return view;
}

static void clear(const struct stage *stage, const struct trial *trial, int side, int i)
{
	const int outside = stage->outside[side], place = place_of(trial, i);
	const char *name = trial->names[i];

	if (strcmp(name, ".") == 0)
		return;
	unlinkat(outside, name_outside(stage, place, name), 0);
	unlinkat(outside, name_outside(stage, place, name), AT_REMOVEDIR);
}

/* Looks at the entries that are left, and removes them. */
static void collect(const struct stage *stage, struct trial *trial)
{
	for (int side = 0; side < SIDES; side++) {
		for (int i = 0; i < 2; i++)
			trial->left[side][i] = look(stage, trial, side, i);
		for (int i = 0; i < 2; i++)
			clear(stage, trial, side, i);
		if (trial->fd[side] >= 0)
			close(trial->fd[side]);
	}
}

static bool same_view(const struct view *a, const struct view *b)
{
	return a->exists == b->exists && a->same_as == b->same_as && a->mode == b->mode &&
	       a->uid == b->uid && a->gid == b->gid && a->links == b->links && a->size == b->size;
}

bool same_errors(int reference, int mount)
{
	return reference == mount || ((reference == EACCES || reference == EPERM) &&
					     (mount == EISDIR || mount == ENOTDIR));
}

static bool same_error(const struct trial *trial)
{
	const int reference = trial->answers[REFERENCE].error, mount = trial->answers[MOUNT].error;

	return same_errors(reference, mount) ||
	       (trial->op->eperm_first && reference == EACCES && mount == EPERM);
}

static bool is_same(const struct trial *trial)
{
	const struct answer *a = &trial->answers[REFERENCE], *b = &trial->answers[MOUNT];

	return a->result == b->result && same_error(trial) && same_view(&a->seen, &b->seen) &&
	       same_view(&trial->left[REFERENCE][0], &trial->left[MOUNT][0]) &&
	       same_view(&trial->left[REFERENCE][1], &trial->left[MOUNT][1]);
}

static void show_view(const char *what, const struct view *view)
{
	if (!view->exists)
		return;
	print_error("; %s %o %u:%u links %ju size %jd", what, view->mode, view->uid, view->gid,
		(uintmax_t)view->links, (intmax_t)view->size);
	if (view->same_as >= 0)
		print_error(" (was %s)", view->same_as == 0 ? "first" : "second");
}

static void show_side(const struct trial *trial, int side)
{
	const struct answer *answer = &trial->answers[side];

	print_error("    %s: %ld %s", side == MOUNT ? "mount" : "tmpfs", answer->result,
		answer->error ? strerrorname_np(answer->error) : "");
	show_view("opened", &answer->seen);
	show_view("first", &trial->left[side][0]);
	show_view("second", &trial->left[side][1]);
	print_error("\n");
}

static void show(
	const struct stage *stage, const struct identity *identity, const struct trial *trial)
{
	print_error("different: as %s: %s", identity->name, trial->op->name);
	for (int i = 0; i < 2; i++)
		if (trial->specs[i].mode != ABSENT)
			print_error(", %s object %u:%u %04o", i ? "second" : "first",
				trial->specs[i].uid, trial->specs[i].gid, trial->specs[i].mode);
	print_error(", directory %u:%u %04o\n", stage->dir.uid, stage->dir.gid, stage->dir.mode);
	show_side(trial, REFERENCE);
	show_side(trial, MOUNT);
}

/*
 * The kernel removes S_ISGID from new files itself, by the mode of the directory as the kernel saw
 * it last.
 */
static void look_at_dir(const struct stage *stage)
{
	struct stat st;

	for (int place = 0; place < PLACES; place++)
		if (fstat(stage->inside[MOUNT][place], &st) < 0)
			_exit(1);
}

static void run_as_identity(
	const struct stage *stage, const struct identity *identity, struct trial *trials, size_t n)
{
	const pid_t pid = fork();

	assert_return_code(pid, errno);
	if (pid == 0) {
		umask(0);
		if (identity_become(identity) < 0)
			_exit(1);
		look_at_dir(stage);
		for (size_t i = 0; i < n; i++)
			make_calls(stage, &trials[i]);
		_exit(0);
	}
	assert_int_equal(wait_child(pid), 0);
}

void stage_run(struct stage *stage, const struct identity *identity, struct trial *trials, size_t n)
{
	for (size_t i = 0; i < n; i++)
		prepare(stage, &trials[i]);
	run_as_identity(stage, identity, trials, n);
	for (size_t i = 0; i < n; i++) {
		collect(stage, &trials[i]);
		stage->compared++;
		if (is_same(&trials[i]))
			continue;
		stage->differences++;
		if (trials[i].op != stage->shown_op && stage->shown++ < SHOWN)
			show(stage, identity, &trials[i]);
		stage->shown_op = trials[i].op;
	}
}

void stage_conclude(const struct stage *stage, const char *what)
{
	printf("# %s: %lu cases compared, %lu differences\n", what, stage->compared,
		stage->differences);
	if (stage->differences > 0)
		fail_msg("%s: the mount differs from tmpfs", what);
}
