/* SPDX-License-Identifier: MIT */
#include "snapshot.h"

#include "harness.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SLASH "%2F"

enum { SLASH_LENGTH = sizeof(SLASH) - 1, DIR_FLAGS = O_RDONLY | O_DIRECTORY | O_CLOEXEC };

struct entry {
	char *name; /* where it lies, from the descriptor of the side */
	char *path; /* in the view */
	ino_t ino;
};

struct entries {
	struct entry *list;
	size_t n;
};

static void add(struct entries *entries, const char *name)
{
	entries->list = realloc(entries->list, (entries->n + 1) * sizeof(*entries->list));
	assert_non_null(entries->list);
	entries->list[entries->n++] = (struct entry){.name = strdup(name)};
}

static void free_all(struct entries *entries)
{
	for (size_t i = 0; i < entries->n; i++) {
		free(entries->list[i].name);
		free(entries->list[i].path);
	}
	free(entries->list);
}

/* Everything below a directory, whose name is NULL at first; directories only where they count. */
static void walk(const struct side *s, const char *dir, struct entries *entries)
{
	const int fd = openat(s->out, dir ? dir : ".", DIR_FLAGS);
	DIR *d = fdopendir(fd);
	const struct dirent *e;
	char name[PATH_MAX];

	assert_non_null(d);
	while ((e = readdir(d))) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		snprintf(name, sizeof(name), "%s%s%s", dir ? dir : "", dir ? "/" : "", e->d_name);
		add(entries, name);
		if (e->d_type == DT_DIR && !s->is_mount)
			walk(s, name, entries);
	}
	closedir(d);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

static int by_path(const void *a, const void *b)
{
	const int order = strcmp(((const struct entry *)a)->path, ((const struct entry *)b)->path);

	return order != 0 ? order : by_name(a, b);
}

/* Can a path go on like this behind a slash? */
static bool is_component(const char *text, size_t len)
{
	return len > 0 && !(len == 1 && text[0] == '.') &&
	       !(len == 2 && memcmp(text, "..", 2) == 0);
}

/* Where the component of a name begins that is followed by an encoded slash at `end`. */
static size_t last_component(const char *name, size_t end)
{
	for (size_t i = end; i >= SLASH_LENGTH; i--)
		if (memcmp(name + i - SLASH_LENGTH, SLASH, SLASH_LENGTH) == 0)
			return i;
	return 0;
}

static bool is_marker(const char *name, size_t len)
{
	size_t end, start;

	if (len < SLASH_LENGTH || memcmp(name + len - SLASH_LENGTH, SLASH, SLASH_LENGTH) != 0)
		return false;
	end = len - SLASH_LENGTH;
	start = last_component(name, end);
	return is_component(name + start, end - start);
}

static bool has_marker(const struct entries *sorted, const char *name, size_t len)
{
	struct entry key = {.name = strndup(name, len)};
	const bool found = is_marker(name, len) &&
			   bsearch(&key, sorted->list, sorted->n, sizeof(key), by_name) != NULL;

	free(key.name);
	return found;
}

/* Where in the name the innermost directory ends that there is; 0: in none but the root. */
static size_t innermost(const struct entries *sorted, const char *name, size_t len)
{
	for (size_t i = len - 1; i >= SLASH_LENGTH; i--)
		if (memcmp(name + i - SLASH_LENGTH, SLASH, SLASH_LENGTH) == 0 &&
			is_component(name + i, len - i) && has_marker(sorted, name, i))
			return i;
	return 0;
}

/* The path of a name of this length, to be freed. */
static char *path_of(const struct entries *sorted, const char *name, size_t len)
{
	const size_t dir = len > 0 ? innermost(sorted, name, len) : 0;
	char *outer, *path;

	if (dir == 0)
		return strndup(name, len);
	outer = path_of(sorted, name, dir - SLASH_LENGTH);
	assert_true(asprintf(&path, "%s/%.*s", outer, (int)(len - dir), name + dir) > 0);
	free(outer);
	return path;
}

static void sort(struct entries *entries, int (*order)(const void *, const void *))
{
	if (entries->n > 0)
		qsort(entries->list, entries->n, sizeof(*entries->list), order);
}

static void find_paths(const struct side *s, struct entries *entries)
{
	sort(entries, by_name);
	for (size_t i = 0; i < entries->n; i++) {
		const char *name = entries->list[i].name;
		size_t len = strlen(name);

		if (s->is_mount && is_marker(name, len))
			len -= SLASH_LENGTH;
		entries->list[i].path = s->is_mount ? path_of(entries, name, len) : strdup(name);
	}
	sort(entries, by_path);
}

/* All data of an object, without its holes. */
static void note_content(struct side *s, const char *name)
{
	const int fd = openat(s->out, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	off_t data = 0, hole;

	while ((data = lseek(fd, data, SEEK_DATA)) >= 0) {
		hole = lseek(fd, data, SEEK_HOLE);
		note(s, "data %jd-%jd", (intmax_t)data, (intmax_t)hole);
		note_range(s, fd, data, (size_t)(hole - data));
		data = hole;
	}
	close(fd);
}

static void note_target(struct side *s, const char *name)
{
	char target[PATH_MAX];
	const ssize_t len = readlinkat(s->out, name, target, sizeof(target));

	note_bytes(s, "target", target, len);
}

/* What shares an inode gets the same number, in the order of the paths. */
static size_t inode_number(const struct entries *entries, ino_t ino)
{
	size_t i = 0;

	while (entries->list[i].ino != ino)
		i++;
	return i;
}

/* Links and sizes of directories are known through the mount only. */
static void note_entry(struct side *s, const struct entries *entries, struct entry *entry)
{
	struct stat st;

	assert_return_code(fstatat(s->out, entry->name, &st, AT_SYMLINK_NOFOLLOW), errno);
	entry->ino = st.st_ino;
	if (S_ISDIR(st.st_mode) || (s->is_mount && is_marker(entry->name, strlen(entry->name)))) {
		note(s, "left: %s/ mode %o owner %u:%u", entry->path, st.st_mode & 07777, st.st_uid,
			st.st_gid);
		return;
	}
	note(s, "left: %s inode %zu", entry->path, inode_number(entries, st.st_ino));
	note_stat(s, "attributes", &st);
	if (S_ISREG(st.st_mode))
		note_content(s, entry->name);
	if (S_ISLNK(st.st_mode))
		note_target(s, entry->name);
}

void note_outside(struct side *s)
{
	struct entries entries = {0};

	walk(s, NULL, &entries);
	find_paths(s, &entries);
	for (size_t i = 0; i < entries.n; i++)
		note_entry(s, &entries, &entries.list[i]);
	free_all(&entries);
}

char *list_shm(void)
{
	const struct side s = {.out = open(SHM_DIR, DIR_FLAGS), .is_mount = true};
	struct entries entries = {0};
	struct stat st;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	walk(&s, NULL, &entries);
	sort(&entries, by_name);
	for (size_t i = 0; i < entries.n; i++) {
		assert_return_code(
			fstatat(s.out, entries.list[i].name, &st, AT_SYMLINK_NOFOLLOW), errno);
		fprintf(out, "%s %ju %o %u:%u %ju %jd\n", entries.list[i].name,
			(uintmax_t)st.st_ino, st.st_mode, st.st_uid, st.st_gid,
			(uintmax_t)st.st_nlink, (intmax_t)st.st_size);
	}
	fclose(out);
	free_all(&entries);
	close(s.out);
	return text;
}
