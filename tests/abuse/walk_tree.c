/* SPDX-License-Identifier: MIT */
#include "walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_FILES = 256 };

void see(struct answer *ret, const char *format, ...)
{
	const size_t used = strlen(ret->seen);
	va_list args;

	va_start(args, format);
	vsnprintf(ret->seen + used, sizeof(ret->seen) - used, format, args);
	va_end(args);
}

void see_stat(struct answer *ret, const struct stat *st)
{
	see(ret, "mode %o links %ju owner %u:%u size %jd blocks %jd device %jx", st->st_mode,
		(uintmax_t)st->st_nlink, st->st_uid, st->st_gid, (intmax_t)st->st_size,
		(intmax_t)st->st_blocks, (uintmax_t)st->st_rdev);
}

void see_fd(struct answer *ret, int fd)
{
	const int error = errno;
	struct stat st;

	if (fstat(fd, &st) == 0)
		see_stat(ret, &st);
	else if (fd >= 0)
		see(ret, "fstat: %s", strerrorname_np(errno));
	errno = error;
}

/* A tree as it was seen. */
struct tree {
	FILE *text;
	void (*describe)(struct tree *tree, int dir, const char *name, const struct stat *st);
	ino_t seen[MAX_FILES];
	size_t n_seen;
};

/* Files get numbers in the order in which they are seen first. */
static size_t file_number(struct tree *tree, ino_t ino)
{
	size_t i = 0;

	while (i < tree->n_seen && tree->seen[i] != ino)
		i++;
	if (i == tree->n_seen && i < MAX_FILES)
		tree->seen[tree->n_seen++] = ino;
	return i;
}

static void describe_attributes(struct tree *tree, int dir, const char *name, const struct stat *st)
{
	struct answer attributes = {.seen = ""};
	char target[64] = "";

	see_stat(&attributes, st);
	if (S_ISLNK(st->st_mode) && readlinkat(dir, name, target, sizeof(target) - 1) < 0)
		snprintf(target, sizeof(target), "%s", strerrorname_np(errno));
	fprintf(tree->text, " file %zu %s %s\n", file_number(tree, st->st_ino), attributes.seen,
		target);
}

/* Data, without holes. */
static void describe_bytes(struct tree *tree, int dir, const char *name, const struct stat *st)
{
	static char bytes[256 * KIB];
	off_t at = 0;
	ssize_t n = 0;
	int fd;

	fprintf(tree->text, "\n");
	if (!S_ISREG(st->st_mode))
		return;
	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	while (fd >= 0 && (at = lseek(fd, at, SEEK_DATA)) >= 0) {
		n = pread(fd, bytes, sizeof(bytes), at);
		if (n <= 0)
			break;
		fprintf(tree->text, "%jd: %zd bytes %016jx\n", (intmax_t)at, n,
			(uintmax_t)hash_bytes(bytes, (size_t)n));
		at += n;
	}
	fprintf(tree->text, "end: %s\n",
		fd < 0 || n < 0 || errno != ENXIO ? strerrorname_np(errno) : "");
	close(fd);
}

static void describe_below(struct tree *tree, const char *path)
{
	const int dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct dirent **names;
	const int n = dir < 0 ? -1 : scandirat(dir, ".", &names, NULL, alphasort);

	if (n < 0)
		fprintf(tree->text, "%s\n", strerrorname_np(errno));
	for (int i = 0; i < n; i++) {
		const char *name = names[i]->d_name;
		char below[512];
		struct stat st;

		snprintf(below, sizeof(below), "%s/%s", path, name);
		fprintf(tree->text, "%s type %d", name, names[i]->d_type);
		if (strcmp(name, "..") == 0)
			fprintf(tree->text, "\n");
		else if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			fprintf(tree->text, " %s\n", strerrorname_np(errno));
		else
			tree->describe(tree, dir, name, &st);
		if (names[i]->d_type == DT_DIR && name[0] != '.') {
			fprintf(tree->text, "in %s:\n", name);
			describe_below(tree, below);
			fprintf(tree->text, "out of %s\n", name);
		}
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	if (dir >= 0)
		close(dir);
}

static char *describe(const char *top,
	void (*how)(struct tree *tree, int dir, const char *name, const struct stat *st))
{
	struct tree tree = {.describe = how};
	size_t size;
	char *text;

	tree.text = open_memstream(&text, &size);
	assert_non_null(tree.text);
	describe_below(&tree, top);
	fclose(tree.text);
	return text;
}

char *describe_tree(const char *top)
{
	return describe(top, describe_attributes);
}

char *describe_content(const char *top)
{
	return describe(top, describe_bytes);
}

void empty_tree(const char *top)
{
	struct outcome rm;
	char command[128];

	snprintf(command, sizeof(command), "find '%s' -mindepth 1 -delete", top);
	run(&rm, (const char *const[]){"sh", "-c", command, NULL});
	if (rm.status != 0)
		fail_msg("%s: %s", command, rm.err);
}
