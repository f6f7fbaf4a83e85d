/* SPDX-License-Identifier: MIT */
/*
 * A system call on an object may sleep for as long as the object's owner likes, because a process
 * outside the mount can hold the inode lock. Such a call blocks its thread, so no user may occupy
 * all threads:
 *
 * - A user has at most USER_THREADS, and at most half of the threads that the other users leave.
 * - A request above that limit waits here, without a thread, in the order of receiving among the
 *   requests of its user and kind. Users with waiting requests take turns.
 * - While a caller waits for an answer about names, the kernel may hold the lock of the directory,
 *   and every caller that makes an entry there waits as well. So such requests have twice as many
 *   threads, and do not wait behind requests about objects. In the root they do not wait at all.
 * - The leader does not serve a user whose requests took long within the last SLOW_NS: each such
 *   request would delay all other users until the watchdog hands the lead over. These requests go
 *   to other threads at once. Those threads get less CPU time than the leader (weight.h). After a
 *   takeover, the requests that took long go to such threads again.
 * - Each user's waiting requests have a bound in bytes. A request above it is answered with ENOMEM.
 *
 * A waiting request is a copy. When this process dies the kernel sends the request again: it has no
 * answer, and has left no note in the journal.
 */
#include "queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define USER_THREADS 16
#define USER_THREADS_DIRECTORY 32

/* For how long a user counts as slow after a long request, in ns. */
#define SLOW_NS INT64_C(200000000)

/*
 * Limits for waiting requests, in bytes: of one user, who also gets at most half of the space that
 * the other users leave; of all users.
 */
#define USER_BYTES ((size_t)32 * 1024 * 1024)
#define ALL_BYTES ((size_t)64 * 1024 * 1024)

static unsigned used_of(const struct queue *queue)
{
	return atomic_load_explicit(&queue->used, memory_order_relaxed);
}

/* Returns the index of the user's entry; used_of(), if the user has no entry. */
static unsigned index_of(const struct queue *queue, uint64_t id)
{
	unsigned i = 0;

	while (i < used_of(queue) && queue->users[i].id != id)
		i++;
	return i;
}

static struct queue_user *find_user(struct queue *queue, uint64_t id)
{
	const unsigned i = index_of(queue, id);

	return i < used_of(queue) ? &queue->users[i] : NULL;
}

static bool is_waiting(const struct queue_user *user)
{
	return user->lines[QUEUE_OBJECT].first || user->lines[QUEUE_DIRECTORY].first;
}

static bool is_idle(const struct queue_user *user)
{
	return user->threads == 0 && !is_waiting(user);
}

/* Moves the last entry into the place of this one. */
static void drop_user(struct queue *queue, struct queue_user *user)
{
	const unsigned last = used_of(queue) - 1;

	*user = queue->users[last];
	atomic_store_explicit(&queue->used, last, memory_order_relaxed);
}

static struct queue_user *find_or_add_user(struct queue *queue, uint64_t id)
{
	struct queue_user *user = find_user(queue, id);
	const unsigned used = used_of(queue);

	if (user)
		return user;
	for (unsigned i = 0; used == QUEUE_USERS && i < used; i++)
		if (is_idle(&queue->users[i])) {
			drop_user(queue, &queue->users[i]);
			return find_or_add_user(queue, id);
		}
	if (used == QUEUE_USERS)
		return NULL;
	user = &queue->users[used];
	*user = (struct queue_user){.id = id};
	atomic_store_explicit(&queue->used, used + 1, memory_order_relaxed);
	return user;
}

size_t queue_list_waiting(const struct queue *queue, uint64_t *ret_users, size_t max)
{
	size_t count = 0;

	for (unsigned i = 0; i < used_of(queue) && count < max; i++)
		if (is_waiting(&queue->users[i]))
			ret_users[count++] = queue->users[i].id;
	return count;
}

static bool has_room(const struct queue *queue, const struct queue_user *user, enum queue_kind kind)
{
	const unsigned max = kind == QUEUE_DIRECTORY ? USER_THREADS_DIRECTORY : USER_THREADS;
	const unsigned left = QUEUE_THREADS - 1 - (queue->threads - user->threads);

	if (user->threads == 0)
		return left > 0;
	return user->threads < max && user->threads < left / 2;
}

bool queue_lets_lead(const struct queue *queue, uint64_t id, enum queue_kind kind, int64_t now)
{
	const unsigned i = index_of(queue, id);
	const struct queue_user *user = &queue->users[i];

	return i == used_of(queue) ||
	       (!user->lines[kind].first && now >= user->slow_until && has_room(queue, user, kind));
}

bool queue_has_room(const struct queue *queue, uint64_t id, enum queue_kind kind)
{
	const unsigned i = index_of(queue, id);

	return i == used_of(queue) || has_room(queue, &queue->users[i], kind);
}

struct queue_job *queue_job_new(uint64_t user, enum queue_kind kind,
	const struct journal_ticket *ticket, const void *bytes, size_t size)
{
	struct queue_job *job = malloc(sizeof(*job) + size);

	if (!job)
		return NULL;
	*job = (struct queue_job){.user = user, .kind = kind, .ticket = *ticket, .size = size};
	memcpy(job->bytes, bytes, size);
	return job;
}

int queue_put(struct queue *queue, struct queue_job *job)
{
	struct queue_user *user = find_or_add_user(queue, job->user);
	struct queue_line *line;
	size_t room;

	if (!user)
		return -ENOMEM;
	room = (ALL_BYTES - queue->waiting + user->waiting) / 2;
	line = &user->lines[job->kind];
	if (line->first && user->waiting + job->size > (room < USER_BYTES ? room : USER_BYTES))
		return -ENOMEM;
	if (line->first)
		line->last->next = job;
	else
		line->first = job;
	line->last = job;
	user->waiting += job->size;
	queue->waiting += job->size;
	return 0;
}

/* Returns the kind of job that may have a thread, names first; or QUEUE_KINDS. */
static enum queue_kind kind_of_job(const struct queue *queue, const struct queue_user *user)
{
	for (enum queue_kind kind = QUEUE_KINDS; kind-- > 0;)
		if (user->lines[kind].first && has_room(queue, user, kind))
			return kind;
	return QUEUE_KINDS;
}

bool queue_has_job(const struct queue *queue)
{
	for (unsigned i = 0; i < used_of(queue); i++)
		if (kind_of_job(queue, &queue->users[i]) != QUEUE_KINDS)
			return true;
	return false;
}

/* Takes the job behind `before` out of the line, or the first one when `before` is NULL. */
static struct queue_job *take_out(struct queue *queue, struct queue_user *user,
	struct queue_line *line, struct queue_job *before)
{
	struct queue_job *job = before ? before->next : line->first;

	if (before)
		before->next = job->next;
	else
		line->first = job->next;
	if (line->last == job)
		line->last = before;
	user->waiting -= job->size;
	queue->waiting -= job->size;
	job->next = NULL;
	return job;
}

struct queue_job *queue_take(struct queue *queue)
{
	const unsigned used = used_of(queue);

	for (unsigned i = 0; i < used; i++) {
		struct queue_user *user = &queue->users[(queue->turn + i) % used];

		const enum queue_kind kind = kind_of_job(queue, user);

		if (kind == QUEUE_KINDS)
			continue;
		queue->turn = (queue->turn + i + 1) % used;
		user->threads++;
		queue->threads++;
		return take_out(queue, user, &user->lines[kind], NULL);
	}
	return NULL;
}

bool queue_enter(struct queue *queue, uint64_t id)
{
	struct queue_user *user = find_or_add_user(queue, id);

	if (!user)
		return false;
	user->threads++;
	queue->threads++;
	return true;
}

void queue_leave(struct queue *queue, uint64_t id)
{
	struct queue_user *user = &queue->users[index_of(queue, id)]; /* it has a thread */

	user->threads--;
	queue->threads--;
	if (is_idle(user) && user->slow_until == 0)
		drop_user(queue, user);
}

void queue_set_slow(struct queue *queue, uint64_t id, int64_t now)
{
	struct queue_user *user = find_user(queue, id);

	if (user)
		user->slow_until = now + SLOW_NS;
}

void queue_hold(struct queue *queue, struct queue_job *job)
{
	job->next = queue->held;
	queue->held = job;
}

static struct queue_job *find_in(struct queue_job *job, uint64_t unique)
{
	while (job && job->ticket.unique != unique)
		job = job->next;
	return job;
}

struct queue_job *queue_find(const struct queue *queue, uint64_t unique)
{
	struct queue_job *job = find_in(queue->held, unique);

	for (unsigned i = 0; i < used_of(queue) && !job; i++)
		for (unsigned kind = 0; kind < QUEUE_KINDS && !job; kind++)
			job = find_in(queue->users[i].lines[kind].first, unique);
	return job;
}

static struct queue_job *take_out_held(struct queue *queue, uint64_t unique)
{
	struct queue_job **at = &queue->held, *job;

	while (*at && (*at)->ticket.unique != unique)
		at = &(*at)->next;
	job = *at;
	if (job)
		*at = job->next;
	return job;
}

/* A request that a dead worker may have carried out stays in the line. */
static struct queue_job *take_out_of_line(
	struct queue *queue, struct queue_user *user, struct queue_line *line, uint64_t unique)
{
	struct queue_job *before = NULL;

	for (struct queue_job *job = line->first; job; before = job, job = job->next)
		if (job->ticket.unique == unique)
			return job->ticket.again ? NULL : take_out(queue, user, line, before);
	return NULL;
}

struct queue_job *queue_take_out(struct queue *queue, uint64_t unique)
{
	struct queue_job *job = take_out_held(queue, unique);

	for (unsigned i = 0; i < used_of(queue); i++)
		for (unsigned kind = 0; kind < QUEUE_KINDS && !job; kind++)
			job = take_out_of_line(
				queue, &queue->users[i], &queue->users[i].lines[kind], unique);
	return job;
}

void queue_tidy(struct queue *queue, int64_t now)
{
	for (unsigned i = used_of(queue); i-- > 0;) {
		struct queue_user *user = &queue->users[i];

		if (is_idle(user) && now >= user->slow_until)
			drop_user(queue, user);
	}
}

static void free_jobs(struct queue_job *job)
{
	while (job) {
		struct queue_job *next = job->next;

		free(job);
		job = next;
	}
}

void queue_clear(struct queue *queue)
{
	for (unsigned i = 0; i < used_of(queue); i++)
		for (unsigned kind = 0; kind < QUEUE_KINDS; kind++)
			free_jobs(queue->users[i].lines[kind].first);
	free_jobs(queue->held);
	*queue = (struct queue){0};
}
