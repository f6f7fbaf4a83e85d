/* SPDX-License-Identifier: MIT */
/*
 * A move of a directory is a list of steps, each of which renames one object: those below first,
 * the marker last. The list is complete, and every new name is known to be possible, before the
 * first step is taken. Whatever fails later is undone in reverse order. A step replaces nothing but
 * an empty directory's marker, which is the last one.
 *
 * What others remove meanwhile is left out. What they add stays, under its old name.
 *
 * The list is also written to a file that outlives the process. Whoever comes after it takes the
 * steps again, in the same order; inode numbers tell which have been taken.
 */
#include "move.h"

#include "index.h"
#include "journal.h"
#include "node.h"
#include "object.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct step {
	char *from, *to;         /* names, with their slash */
	uint64_t ino, other_ino; /* at `from`; at `to`, when they are exchanged */
	unsigned flags;          /* of renameat2(2) */
	bool below;              /* one of those that may have been removed meanwhile */
	bool done;
};

struct plan {
	struct step *steps;
	size_t count, room;
	bool begun; /* by another process */
};

static void plan_clear(struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		free(plan->steps[i].from);
		free(plan->steps[i].to);
	}
	free(plan->steps);
}

/* The names are copied. */
static int plan_add(struct plan *plan, const char *from, const char *to, struct step step)
{
	if (plan->count == plan->room) {
		const size_t room = plan->room == 0 ? 64 : plan->room * 2;
		struct step *steps = realloc(plan->steps, room * sizeof(*steps));

		if (!steps)
			return -ENOMEM;
		plan->steps = steps;
		plan->room = room;
	}
	step.from = strdup(from);
	step.to = strdup(to);
	plan->steps[plan->count++] = step;
	return step.from && step.to ? 0 : -ENOMEM;
}

static struct shmfs_name name_of(const char *text)
{
	struct shmfs_name name;

	strcpy(name.text, text);
	return name;
}

static bool exists(const struct shmfs_name *name, uint64_t *ret_ino)
{
	struct stat st;

	if (shmfs_object_stat(name, &st) < 0)
		return false;
	*ret_ino = st.st_ino;
	return true;
}

/* How the names below one marker change into names below another. */
struct below {
	struct plan *plan;
	const struct shmfs_name *from, *to;
	bool exchange; /* what has the new name takes the old one */
	bool paired;   /* such pairs have been planned from the other side */
};

static int plan_below(void *arg, const char *encoded, uint64_t ino)
{
	const struct below *below = arg;
	const char *rest = encoded + strlen(below->from->text + 1);
	struct step step = {.ino = ino, .flags = RENAME_NOREPLACE, .below = true};
	struct shmfs_name from = {"/"}, to;

	if (strlen(below->to->text + 1) + strlen(rest) > SHMFS_NAME_MAX)
		return -ENAMETOOLONG;
	strcpy(from.text + 1, encoded);
	strcpy(stpcpy(to.text, below->to->text), rest);
	if (below->exchange && exists(&to, &step.other_ino)) {
		if (below->paired)
			return 0;
		step.flags = RENAME_EXCHANGE;
	}
	return plan_add(below->plan, from.text, to.text, step);
}

/* All that is below a directory, if it is one. */
static int plan_tree(struct fs *fs, struct below *below)
{
	if (!shmfs_name_is_marker(below->from->text + 1))
		return 0;
	return shmfs_index_below(fs->index, below->from->text + 1, plan_below, below);
}

/* One of the two that change places is no directory, and their names differ in kind. */
static bool differ_in_kind(const struct move *move)
{
	return strcmp(move->to.text, move->new_to.text) != 0;
}

static int plan_exchange(struct fs *fs, const struct move *move, struct plan *plan)
{
	const bool differ = differ_in_kind(move);
	struct below there = {plan, &move->from, &move->new_to, .exchange = !differ};
	struct below back = {plan, &move->to, &move->new_from, .exchange = !differ, .paired = true};
	int r;

	r = plan_tree(fs, &there);
	if (r == 0)
		r = plan_tree(fs, &back);
	if (r < 0)
		return r;
	if (!differ)
		return plan_add(plan, move->from.text, move->to.text,
			(struct step){.ino = move->ino,
				.other_ino = move->other_ino,
				.flags = RENAME_EXCHANGE});
	r = plan_add(plan, move->from.text, move->new_to.text,
		(struct step){.ino = move->ino, .flags = RENAME_NOREPLACE});
	return r < 0 ? r
		     : plan_add(plan, move->to.text, move->new_from.text,
			       (struct step){.ino = move->other_ino, .flags = RENAME_NOREPLACE});
}

static int plan_move(struct fs *fs, const struct move *move, struct plan *plan)
{
	struct below there = {.plan = plan, .from = &move->from, .to = &move->new_to};
	int r;

	if (move->kernel_flags & RENAME_EXCHANGE)
		return plan_exchange(fs, move, plan);
	r = plan_tree(fs, &there);
	return r < 0 ? r
		     : plan_add(plan, move->from.text, move->new_to.text,
			       (struct step){.ino = move->ino, .flags = move->kernel_flags});
}

static bool is_taken(
	const struct step *step, const struct shmfs_name *from, const struct shmfs_name *to)
{
	uint64_t old = 0, new = 0;

	exists(from, &old);
	exists(to, &new);
	return new == step->ino &&
	       (step->flags & RENAME_EXCHANGE ? old == step->other_ino : old != step->ino);
}

static int take(struct step *step, bool begun)
{
	const struct shmfs_name from = name_of(step->from);
	const struct shmfs_name to = name_of(step->to);
	int r = 0;

	if (!begun || !is_taken(step, &from, &to))
		r = shmfs_object_rename(&from, &to, step->flags);
	step->done = r == 0;
	return r;
}

static void undo(const struct step *step)
{
	const struct shmfs_name from = name_of(step->from);
	const struct shmfs_name to = name_of(step->to);

	if (step->done)
		shmfs_object_rename(
			&to, &from, step->flags & RENAME_EXCHANGE ? step->flags : RENAME_NOREPLACE);
}

static int carry_out(struct plan *plan)
{
	int r = 0;
	size_t i;

	for (i = 0; i < plan->count && r == 0; i++) {
		r = take(&plan->steps[i], plan->begun);
		if (r == -ENOENT && plan->steps[i].below)
			r = 0;
	}
	while (r < 0 && i-- > 0)
		undo(&plan->steps[i]);
	return r;
}

static void tell_nodes(struct fs *fs, const struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct step *step = &plan->steps[i];
		const struct shmfs_name from = name_of(step->from);
		const struct shmfs_name to = name_of(step->to);

		if (!step->done)
			continue;
		node_rename(fs->nodes, step->ino, &to);
		if (step->other_ino != 0)
			node_rename(fs->nodes, step->other_ino, &from);
	}
}

/* A step in the file; the names, with their NULs, follow it. */
struct written {
	uint64_t ino, other_ino;
	uint32_t flags;
	uint32_t below;
};

static bool write_step(FILE *file, const struct step *step)
{
	const struct written written = {step->ino, step->other_ino, step->flags, step->below};

	return fwrite(&written, sizeof(written), 1, file) == 1 &&
	       fwrite(step->from, strlen(step->from) + 1, 1, file) == 1 &&
	       fwrite(step->to, strlen(step->to) + 1, 1, file) == 1;
}

/* A stream of its own for the file; NULL with errno. */
static FILE *open_stream(int fd, const char *mode)
{
	const int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	FILE *file = copy < 0 ? NULL : fdopen(copy, mode);

	if (!file && copy >= 0) {
		close(copy);
		errno = ENOMEM;
	}
	return file;
}

static int write_steps(const struct plan *plan, int fd)
{
	FILE *file = open_stream(fd, "w");
	bool written = true;

	if (!file)
		return -errno;
	for (size_t i = 0; i < plan->count && written; i++)
		written = write_step(file, &plan->steps[i]);
	if (fclose(file) != 0)
		written = false;
	return written ? 0 : -ENOMEM;
}

/* Returns a descriptor of the file. */
static int write_plan(const struct plan *plan)
{
	const int fd = memfd_create("plan", MFD_CLOEXEC);
	int r;

	if (fd < 0)
		return -errno;
	r = write_steps(plan, fd);
	if (r < 0)
		close(fd);
	return r < 0 ? r : fd;
}

static bool read_name(FILE *file, struct shmfs_name *ret_name)
{
	size_t len = 0;
	int c;

	while (len < sizeof(ret_name->text) && (c = getc(file)) != EOF) {
		ret_name->text[len++] = (char)c;
		if (c == '\0')
			return true;
	}
	return false;
}

static int read_plan(FILE *file, struct plan *plan)
{
	struct written written;
	int r = 0;

	while (r == 0 && fread(&written, sizeof(written), 1, file) == 1) {
		struct shmfs_name from, to;

		if (!read_name(file, &from) || !read_name(file, &to))
			return -EIO;
		r = plan_add(plan, from.text, to.text,
			(struct step){.ino = written.ino,
				.other_ino = written.other_ino,
				.flags = written.flags,
				.below = written.below != 0});
	}
	return r;
}

int move_complete(int fd)
{
	__attribute__((cleanup(plan_clear))) struct plan plan = {.begun = true};
	FILE *file;
	int r;

	lseek(fd, 0, SEEK_SET);
	file = open_stream(fd, "r");
	if (!file)
		return -errno;
	r = read_plan(file, &plan);
	fclose(file);
	return r < 0 ? r : carry_out(&plan);
}

int move_directory(struct fs *fs, const struct move *move)
{
	__attribute__((cleanup(plan_clear))) struct plan plan = {0};
	int r, fd;

	r = plan_move(fs, move, &plan);
	if (r < 0)
		return r;
	fd = write_plan(&plan);
	if (fd < 0)
		return fd;
	journal_moving(fd);
	r = carry_out(&plan);
	journal_moved(r);
	if (r == 0)
		tell_nodes(fs, &plan);
	return r;
}
