/* SPDX-License-Identifier: MIT */
#include "run_left.h"

#include "kernel.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Each level holds a descriptor; a directory beyond counts as one object. */
#define DEPTH_MAX 64

static int add_object(
	struct run_objects *objects, const char *prefix, const char *name, const struct stat *st)
{
	struct run_object *object;

	/* Grows whenever the count is a power of two. */
	if ((objects->count & (objects->count - 1)) == 0) {
		const size_t room = objects->count ? objects->count * 2 : 1;

		object = realloc(objects->object, room * sizeof(*object));
		if (!object)
			return -ENOMEM;
		objects->object = object;
	}
	object = &objects->object[objects->count];
	object->st = *st;
	if (asprintf(&object->name, "%s%s", prefix, name) < 0)
		return -ENOMEM;
	objects->count++;
	return 0;
}

static int list_entries(struct run_objects *objects, int dir, const char *prefix, unsigned depth);

static int list_directory(
	struct run_objects *objects, int dir, const char *prefix, const char *name, unsigned depth)
{
	const int fd = kernel_open_below(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	char *below;
	int r;

	if (fd < 0) /* gone, or another user's: its entries are not counted */
		return 0;
	if (asprintf(&below, "%s%s/", prefix, name) < 0) {
		close(fd);
		return -ENOMEM;
	}
	r = list_entries(objects, fd, below, depth + 1);
	free(below);
	return r;
}

static int list_entry(
	struct run_objects *objects, int dir, const char *prefix, const char *name, unsigned depth)
{
	struct stat st;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
		fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX)
		return list_directory(objects, dir, prefix, name, depth);
	return add_object(objects, prefix, name, &st);
}

/* Takes the descriptor over. */
static int list_entries(struct run_objects *objects, int dir, const char *prefix, unsigned depth)
{
	DIR *stream = fdopendir(dir);
	const struct dirent *entry;
	int r = 0;

	if (!stream) {
		r = -errno;
		close(dir);
		return r;
	}
	while (r == 0 && (entry = readdir(stream)))
		r = list_entry(objects, dir, prefix, entry->d_name, depth);
	closedir(stream);
	return r;
}

static int compare_names(const void *one, const void *other)
{
	return strcmp(
		((const struct run_object *)one)->name, ((const struct run_object *)other)->name);
}

int run_objects_list(struct run_objects *ret_objects, int dir)
{
	const int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	*ret_objects = (struct run_objects){0};
	if (fd < 0)
		return -errno;
	r = list_entries(ret_objects, fd, "", 0);
	if (r == 0 && ret_objects->count > 0)
		qsort(ret_objects->object, ret_objects->count, sizeof(*ret_objects->object),
			compare_names);
	return r;
}

static int compare_numbers(const void *one, const void *other)
{
	const ino_t a = *(const ino_t *)one, b = *(const ino_t *)other;

	return (a > b) - (a < b);
}

void run_objects_subtract(struct run_objects *objects, const struct run_objects *others)
{
	ino_t *numbers = calloc(others->count + 1, sizeof(*numbers));
	size_t kept = 0;

	if (!numbers)
		return;
	for (size_t i = 0; i < others->count; i++)
		numbers[i] = others->object[i].st.st_ino;
	qsort(numbers, others->count, sizeof(*numbers), compare_numbers);
	for (size_t i = 0; i < objects->count; i++) {
		if (bsearch(&objects->object[i].st.st_ino, numbers, others->count, sizeof(*numbers),
			    compare_numbers))
			free(objects->object[i].name);
		else
			objects->object[kept++] = objects->object[i];
	}
	objects->count = kept;
	free(numbers);
}

void run_objects_free(struct run_objects *objects)
{
	for (size_t i = 0; i < objects->count; i++)
		free(objects->object[i].name);
	free(objects->object);
	*objects = (struct run_objects){0};
}
