/* SPDX-License-Identifier: MIT */
#include "reap_batch.h"

#include "detached.h"
#include "reap_aside.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BATCH_MAX 256 /* below the usual limit of descriptors: two for each object */
#define WAIT_MS 10000
#define PAUSE_NS 100000000

/* The child's results, in memory that it shares with its parent. */
struct result {
	enum reap_verdict verdict;
	int error;
};

struct batch {
	const struct survey *survey;
	double older_than;
	struct reap_item **items;
	struct result *results;
	size_t count;
};

/* --- the child ----------------------------------------------------------------------------------
 */

static void end_one(struct reap_aside *aside, struct result *result)
{
	result->verdict = reap_aside_end(aside, &result->error);
}

/* One of them is wanted: it gets its name back at once, before another object takes the name. */
static void end_wanted(const struct batch *batch, struct reap_aside *asides)
{
	for (size_t i = 0; i < batch->count; i++)
		if (batch->results[i].verdict == REAP_MAY_GO && reap_aside_is_wanted(&asides[i]))
			end_one(&asides[i], &batch->results[i]);
}

static bool is_over(struct timespec *ret_left, const struct timespec *end)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	ret_left->tv_sec = end->tv_sec - now.tv_sec;
	ret_left->tv_nsec = end->tv_nsec - now.tv_nsec;
	if (ret_left->tv_nsec < 0) {
		ret_left->tv_sec--;
		ret_left->tv_nsec += 1000000000;
	}
	return ret_left->tv_sec < 0;
}

/* The pause: the kernel sends SIGIO, which is blocked, when an open(2) waits. */
static void wait_for_openers(const struct batch *batch, struct reap_aside *asides)
{
	struct timespec end, left;
	sigset_t wanted;

	sigemptyset(&wanted);
	sigaddset(&wanted, SIGIO);
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_nsec += PAUSE_NS;
	end.tv_sec += end.tv_nsec / 1000000000;
	end.tv_nsec %= 1000000000;
	while (!is_over(&left, &end))
		if (sigtimedwait(&wanted, NULL, &left) == SIGIO)
			end_wanted(batch, asides);
}

static void run_batch(const struct batch *batch)
{
	struct reap_aside asides[BATCH_MAX];
	bool has_aside = false;

	for (size_t i = 0; i < batch->count; i++) {
		struct result *result = &batch->results[i];

		result->verdict = reap_aside_begin(&asides[i], batch->survey,
			batch->items[i]->entry, batch->older_than, &result->error);
		if (result->verdict == REAP_MAY_GO && reap_aside_is_wanted(&asides[i]))
			end_one(&asides[i], result);
		has_aside |= result->verdict == REAP_MAY_GO;
	}
	if (has_aside)
		wait_for_openers(batch, asides);
	for (size_t i = 0; i < batch->count; i++)
		if (batch->results[i].verdict == REAP_MAY_GO)
			end_one(&asides[i], &batch->results[i]);
}

static _Noreturn void be_child(const struct batch *batch)
{
	sigset_t all;

	detached_leave_output();
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	signal(SIGIO, SIG_DFL); /* blocked it is kept for sigtimedwait(2), ignored it is not */
	for (size_t i = 0; i < batch->count; i++)
		batch->results[i] = (struct result){.verdict = REAP_DOUBT_BUSY};
	run_batch(batch);
	_exit(0);
}

/* --- the parent ---------------------------------------------------------------------------------
 */

static bool wait_for(pid_t child)
{
	struct pollfd end = {.events = POLLIN};
	bool has_ended;

	end.fd = (int)syscall(SYS_pidfd_open, child, 0);
	if (end.fd < 0)
		return waitpid(child, NULL, 0) == child;
	has_ended = poll(&end, 1, WAIT_MS) == 1;
	close(end.fd);
	if (!has_ended)
		kill(child, SIGKILL);
	waitpid(child, NULL, has_ended ? 0 : WNOHANG);
	return has_ended;
}

/* Returns 1 when it came to its end, 0 when it was left behind. */
static int do_batch(struct batch *batch)
{
	const size_t size = batch->count * sizeof(*batch->results);
	bool has_ended;
	pid_t child;

	if (batch->count == 0)
		return 1;
	batch->results =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (batch->results == MAP_FAILED)
		return -errno;
	child = fork();
	if (child == 0)
		be_child(batch);
	has_ended = child > 0 && wait_for(child);
	for (size_t i = 0; child > 0 && i < batch->count; i++) {
		batch->items[i]->verdict = batch->results[i].verdict;
		batch->items[i]->error = batch->results[i].error;
		if (!has_ended && batch->results[i].verdict == REAP_MAY_GO)
			batch->items[i]->verdict = REAP_DOUBT_BUSY;
	}
	munmap(batch->results, size);
	batch->count = 0;
	return child < 0 ? -EAGAIN : has_ended;
}

/* --- which objects go together ------------------------------------------------------------------
 */

/*
 * Only root, or the caller, can keep the lock of a safe directory: those go together. All
 * directories of one user go together, so that this user can stop no other removal; and a directory
 * in which many users may write is alone. 0: safe; 1 and a user; or a directory's own number.
 */
struct owner {
	enum { OWNER_SAFE, OWNER_USER, OWNER_DIRECTORY } kind;
	uint64_t number;
};

static const struct shmfs_listing_entry *directory_of(const struct survey *survey, const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t low = 0, high = survey->listing.count, length;

	if (!slash)
		return NULL;
	length = (size_t)(slash - path);
	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const struct shmfs_listing_entry *entry = &survey->listing.entries[middle];
		const int order = strncmp(entry->path, path, length);

		if (order == 0 && entry->path[length] == '\0')
			return entry;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* The root itself is safe, as far as anything is: when its lock is kept the whole tmpfs stands. */
static struct owner owner_of(const struct survey *survey, const struct shmfs_listing_entry *entry)
{
	const struct shmfs_listing_entry *directory = directory_of(survey, entry->path);

	if (!directory)
		return (struct owner){.kind = OWNER_SAFE};
	if (directory->mode & 022)
		return (struct owner){.kind = OWNER_DIRECTORY, .number = directory->ino};
	if (directory->uid != 0 && directory->uid != geteuid())
		return (struct owner){.kind = OWNER_USER, .number = directory->uid};
	return (struct owner){.kind = OWNER_SAFE};
}

struct ordered {
	struct owner owner;
	struct reap_item *item;
};

static int compare_ordered(const void *a, const void *b)
{
	const struct ordered *one = a, *other = b;

	if (one->owner.kind != other->owner.kind)
		return one->owner.kind < other->owner.kind ? -1 : 1;
	if (one->owner.number != other->owner.number)
		return one->owner.number < other->owner.number ? -1 : 1;
	/* Deeper ones first: a directory may become empty, and be removed, once its entries are. */
	return -strcmp(one->item->entry->path, other->item->entry->path);
}

static bool is_same_owner(const struct owner *one, const struct owner *other)
{
	return one->kind == other->kind && one->number == other->number;
}

/* A second name of an object cannot go in the same batch: the batch itself holds it. */
static bool has_object(const struct batch *batch, uint64_t ino)
{
	for (size_t i = 0; i < batch->count; i++)
		if (batch->items[i]->entry->ino == ino)
			return true;
	return false;
}

static int remove_ordered(struct batch *batch, const struct ordered *ordered, size_t count)
{
	const struct owner *last = NULL;
	bool answers = true;
	int r = 1;

	for (size_t i = 0; i < count; i++) {
		struct reap_item *item = ordered[i].item;
		const bool is_other = !last || !is_same_owner(last, &ordered[i].owner);

		if (is_other || batch->count == BATCH_MAX ||
			(item->entry->links > 1 && has_object(batch, item->entry->ino)))
			r = do_batch(batch);
		if (r < 0)
			return r;
		answers = is_other || (answers && r);
		last = &ordered[i].owner;
		if (answers)
			batch->items[batch->count++] = item;
		else
			item->verdict = REAP_DOUBT_BUSY;
	}
	r = do_batch(batch);
	return r < 0 ? r : 0;
}

int reap_remove(
	const struct survey *survey, double older_than, struct reap_item *items, size_t count)
{
	struct reap_item *batched[BATCH_MAX];
	struct batch batch = {.survey = survey, .older_than = older_than, .items = batched};
	struct ordered *ordered = calloc(count + 1, sizeof(*ordered));
	size_t ordered_count = 0;
	int r;

	if (!ordered)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		if (items[i].verdict == REAP_MAY_GO)
			ordered[ordered_count++] = (struct ordered){
				.owner = owner_of(survey, items[i].entry), .item = &items[i]};
	qsort(ordered, ordered_count, sizeof(*ordered), compare_ordered);
	r = remove_ordered(&batch, ordered, ordered_count);
	free(ordered);
	return r;
}
