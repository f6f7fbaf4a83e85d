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

enum { DIR_FLAGS = O_RDONLY | O_DIRECTORY | O_CLOEXEC };

struct entry {
	char *name; /* the path from the descriptor of the side */
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
	for (size_t i = 0; i < entries->n; i++)
		free(entries->list[i].name);
	free(entries->list);
}

/* Everything below a directory, whose name is NULL at first. */
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
		if (e->d_type == DT_DIR)
			walk(s, name, entries);
	}
	closedir(d);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

static void sort(struct entries *entries)
{
	if (entries->n > 0)
		qsort(entries->list, entries->n, sizeof(*entries->list), by_name);
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

/* Names of one inode get the same number, in the order of the paths. */
static size_t inode_number(const struct entries *entries, ino_t ino)
{
	size_t i = 0;

	while (entries->list[i].ino != ino)
		i++;
	return i;
}

static void note_entry(struct side *s, const struct entries *entries, struct entry *entry)
{
	struct stat st;

	assert_return_code(fstatat(s->out, entry->name, &st, AT_SYMLINK_NOFOLLOW), errno);
	entry->ino = st.st_ino;
	note(s, "left: %s inode %zu", entry->name, inode_number(entries, st.st_ino));
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
	sort(&entries);
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
	sort(&entries);
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
