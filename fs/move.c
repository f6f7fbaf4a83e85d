/* SPDX-License-Identifier: MIT */
/*
 * A move of a directory is a list of steps, each of which renames one object: those below first,
 * the marker last. The list is complete, and every new name is known to be possible, before the
 * first step is taken. Whatever fails later is undone in reverse order. A step replaces nothing but
 * an empty directory's marker, which is the last one.
 *
 * What others remove meanwhile is left out. What they add stays, under its old name.
 */
#include "move.h"

#include "index.h"
#include "node.h"
#include "object.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static int take(struct step *step)
{
	const struct shmfs_name from = name_of(step->from);
	const struct shmfs_name to = name_of(step->to);
	const int r = shmfs_object_rename(&from, &to, step->flags);

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
		r = take(&plan->steps[i]);
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

int move_directory(struct fs *fs, const struct move *move)
{
	__attribute__((cleanup(plan_clear))) struct plan plan = {0};
	int r;

	r = plan_move(fs, move, &plan);
	if (r == 0)
		r = carry_out(&plan);
	if (r == 0)
		tell_nodes(fs, &plan);
	return r;
}
