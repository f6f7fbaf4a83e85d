/* SPDX-License-Identifier: MIT */
#include "measure.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER_ALIGN 4096u
/* Units are repeated for this long, so that the clock and noise weigh little. */
#define MEASUREMENT_NS 100000000u
#define SMOKE_DIVISOR 64u
/* Room for the names of one row on all targets, and of their directories. */
#define SERIALS_PER_ROW 10000000u
#define DIRECTORY_SERIAL 5000000u

struct path {
	char text[2 * sizeof(struct name) + 1];
};

/*
 * No name is used by two rows: a target may remember a name for a while after its removal behind
 * the target's back.
 */
static unsigned long first_serial(const struct row *row, size_t target)
{
	const size_t n = (size_t)(row - rows);

	return n * SERIALS_PER_ROW + (row->shared ? 0 : target * row->names);
}

static size_t scaled(const struct plan *plan, size_t n)
{
	return plan->smoke && n >= SMOKE_DIVISOR ? n / SMOKE_DIVISOR : n;
}

static int fill(int fd, const char *buffer, size_t size)
{
	for (size_t at = 0; at < size; at += BLOCK_MAX) {
		const ssize_t n = pwrite(fd, buffer, BLOCK_MAX, (off_t)at);

		if (n != (ssize_t)BLOCK_MAX)
			return n < 0 ? -errno : -ENOSPC;
	}
	return 0;
}

/* An inner directory is a matter of the target: outside of a mount it may look different. */
static int place_of(const struct work *work)
{
	return work->row->inner ? work->target->dir : work->target->home->dir;
}

static int make_file(const struct work *work, const char *path)
{
	const int fd = openat(place_of(work), path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
	int r;

	if (fd < 0)
		return -errno;
	r = fill(fd, work->buffer, work->size);
	close(fd);
	return r;
}

static bool makes_files(const struct work *work)
{
	return !work->row->shared || work->target->home == work->target;
}

/* A path in the inner directory, or in the one of the crowd. */
static struct path path_in(const char *directory, const struct name *name)
{
	struct path path;

	snprintf(path.text, sizeof(path.text), "%s/%s", directory, name->text);
	return path;
}

static int make_directory(const struct work *work, const char *name)
{
	return work->row->inner && mkdirat(place_of(work), name, 0700) < 0 ? -errno : 0;
}

static int make_files(const struct work *work, size_t made)
{
	int r = make_directory(work, work->directory.text);

	for (size_t i = 0; i < made && r == 0; i++)
		r = make_file(work, path_in(work->directory.text, &work->names[i]).text);
	return r;
}

/* The other directory. */
static struct name crowd_directory(const struct work *work)
{
	struct name name;

	snprintf(name.text, sizeof(name.text), "%s-crowd", work->directory.text);
	return name;
}

static int make_crowd(const struct work *work, unsigned long serial)
{
	const struct name directory = crowd_directory(work);
	struct name name;
	int r = work->crowd > 0 ? make_directory(work, directory.text) : 0;

	for (size_t i = 0; i < work->crowd && r == 0; i++) {
		name_make(&name, work->prefix, serial + i);
		r = make_file(work, path_in(directory.text, &name).text);
	}
	return r;
}

static int work_begin(struct work *work, const struct plan *plan, const struct row *row,
	const struct target *target, unsigned long serial)
{
	int r = 0;

	work->row = row;
	work->target = target;
	work->prefix = plan->prefix;
	work->name_count = scaled(plan, row->names);
	work->calls = scaled(plan, row->calls);
	work->crowd = scaled(plan, row->crowd);
	work->size = row->has_data ? scaled(plan, DATA_SIZE) : 0;
	work->names = calloc(work->name_count, sizeof(*work->names));
	work->buffer = aligned_alloc(BUFFER_ALIGN, BLOCK_MAX);
	if (!work->names || !work->buffer)
		return -ENOMEM;

	memset(work->buffer, 'x', BLOCK_MAX);
	work->directory = (struct name){"."};
	if (row->inner)
		name_make(&work->directory, plan->prefix, serial + DIRECTORY_SERIAL);
	for (size_t i = 0; i < work->name_count; i++)
		name_make(&work->names[i], plan->prefix, serial + i);
	if (makes_files(work))
		r = make_files(work, scaled(plan, row->made));
	return r < 0 ? r : make_crowd(work, serial);
}

/* Also removes the files that a unit may have left; a missing one is no error. */
static void work_end(struct work *work)
{
	if (work->row->inner) {
		const struct name crowd = crowd_directory(work);

		target_remove(place_of(work), crowd.text);
		target_remove(place_of(work), work->directory.text);
	}
	for (size_t i = 0; work->names && i < work->name_count && makes_files(work); i++)
		unlinkat(place_of(work), work->names[i].text, 0);
	free(work->names);
	free(work->buffer);
}

/*
 * The requests of the first measurement count, with those that prepare its units. The question for
 * them is a request, too.
 */
static void count_requests(
	const struct work *work, long before, uint64_t operations, struct result *result)
{
	const long after = target_requests(work->target);

	if (result->requests >= 0)
		return;
	if (before >= 0 && after > before)
		result->requests = (double)(after - before - 1) / (double)operations;
}

static int measure_once(
	const struct plan *plan, struct work *work, struct result *result, double *ret_ns)
{
	const long before = target_requests(work->target);
	struct sample sum = {0};

	do {
		struct sample sample;
		const int r = work->row->unit(work, &sample);

		if (r < 0)
			return r;
		sum.operations += sample.operations;
		sum.ns += sample.ns;
	} while (sum.ns < MEASUREMENT_NS && !plan->smoke);

	count_requests(work, before, sum.operations, result);
	*ret_ns = (double)sum.ns / (double)sum.operations;
	return 0;
}

/* The first unit is not counted: it fills caches, and shows whether the target can do it at all. */
static int warm_up(struct work *work, struct result *result)
{
	struct sample ignored;
	const int r = work->row->unit(work, &ignored);

	result->requests = -1;
	result->refused = r == -ENODEV;
	return result->refused ? 0 : r;
}

/* Each round starts with another target, so that none is always the one after the slowest. */
static int measure_rounds(const struct plan *plan, struct work *works, size_t count,
	struct result *results, const struct target **ret_failed)
{
	for (size_t turn = 0; turn < plan->rounds * count; turn++) {
		const size_t round = turn / count;
		const size_t i = (turn + round) % count;
		int r;

		if (results[i].refused)
			continue;
		r = measure_once(plan, &works[i], &results[i], &results[i].ns[round]);
		if (r < 0) {
			*ret_failed = works[i].target;
			return r;
		}
	}
	return 0;
}

int measure_row(const struct plan *plan, const struct row *row, const struct targets *targets,
	struct result *results, const struct target **ret_failed)
{
	struct work works[TARGETS_MAX] = {0};
	int r = 0;

	for (size_t i = 0; i < targets->count && r == 0; i++) {
		const struct target *target = &targets->at[i];

		r = work_begin(&works[i], plan, row, target, first_serial(row, i));
		if (r == 0)
			r = warm_up(&works[i], &results[i]);
		if (r < 0)
			*ret_failed = target;
	}
	if (r == 0)
		r = measure_rounds(plan, works, targets->count, results, ret_failed);
	for (size_t i = 0; i < targets->count && works[i].target; i++)
		work_end(&works[i]);
	return r;
}
