/* SPDX-License-Identifier: MIT */
/* The directories in which calls are tried: their making, owners, modes, and names outside. */
#include "modes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_dir(const char *path, int flags)
{
	const int fd = open(path, flags | O_DIRECTORY | O_CLOEXEC);

	assert_return_code(fd, errno);
	return fd;
}

/* Bytes to copy, in an object without a name: on the mount, it has to be one of its own. */
static int open_source(int outside, int inside)
{
	int fd = openat(outside, "source", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	assert_return_code(fd, errno);
	assert_return_code(ftruncate(fd, 256 * 1024), errno);
	close(fd);
	fd = openat(inside, "source", O_RDONLY | O_CLOEXEC);
	unlinkat(outside, "source", 0);
	return fd;
}

static void open_root(struct stage *stage, const char *mount)
{
	const struct rlimit files = {8 * BATCH, 8 * BATCH};
	const int source = open_dir(mount, O_PATH);

	setrlimit(RLIMIT_NOFILE, &files);
	sweep(harness()->reference);
	sweep(SHM_DIR);
	*stage = (struct stage){
		.mount = mount,
		.outside = {open_dir(harness()->reference, O_RDONLY), open_dir(SHM_DIR, O_RDONLY)},
	};
	stage->source[REFERENCE] =
		open_source(stage->outside[REFERENCE], stage->outside[REFERENCE]);
	stage->source[MOUNT] = open_source(stage->outside[MOUNT], source);
	close(source);
}

static void open_places(struct stage *stage, const char *here, const char *there)
{
	stage->names[HERE] = here;
	stage->names[THERE] = there;
	for (int side = 0; side < SIDES; side++) {
		const char *root = side == MOUNT ? stage->mount : harness()->reference;
		char path[128];

		for (int place = 0; place < PLACES; place++) {
			snprintf(path, sizeof(path), "%s/%s", root, stage->names[place]);
			stage->inside[side][place] = open_dir(path, O_PATH);
		}
		snprintf(stage->paths[side], sizeof(stage->paths[side]), "%s/%s", root, here);
	}
}

const char *name_outside(const struct stage *stage, int place, const char *name)
{
	static char path[64];

	snprintf(path, sizeof(path), "%s%s%s", stage->names[place],
		stage->names[place][0] && name[0] ? "/" : "", name);
	return path;
}

static void set_place(const struct stage *stage, int place, struct spec dir)
{
	for (int side = 0; side < SIDES; side++) {
		const char *name = stage->names[place][0] ? name_outside(stage, place, "") : ".";

		assert_return_code(
			fchownat(stage->outside[side], name, dir.uid, dir.gid, 0), errno);
		assert_return_code(fchmodat(stage->outside[side], name, dir.mode, 0), errno);
	}
}

void stage_set_dir(struct stage *stage, struct spec dir)
{
	set_place(stage, HERE, dir);
	let_directories_age();
	stage->dir = dir;
}

void stage_set_other(const struct stage *stage, struct spec dir)
{
	set_place(stage, THERE, dir);
	let_directories_age();
}

void stage_open(struct stage *stage, const char *mount)
{
	open_root(stage, mount);
	open_places(stage, "", "");
	stage_set_dir(stage, (struct spec){0, 0, 01777});
}

void stage_open_in_directory(struct stage *stage, const char *mount)
{
	open_root(stage, mount);
	for (int side = 0; side < SIDES; side++) {
		assert_return_code(mkdirat(stage->outside[side], "here", 0700), errno);
		assert_return_code(mkdirat(stage->outside[side], "there", 0700), errno);
	}
	open_places(stage, "here", "there");
	stage_set_dir(stage, (struct spec){0, 0, 01777});
	stage_set_other(stage, (struct spec){0, 0, 01777});
}

void stage_close(struct stage *stage)
{
	stage_set_dir(stage, (struct spec){0, 0, 01777});
	for (int side = 0; side < SIDES; side++) {
		close(stage->outside[side]);
		for (int place = 0; place < PLACES; place++)
			close(stage->inside[side][place]);
		if (stage->source[side] >= 0)
			close(stage->source[side]);
	}
	sweep(harness()->reference);
	sweep(SHM_DIR);
}
