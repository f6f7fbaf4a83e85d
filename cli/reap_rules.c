/* SPDX-License-Identifier: MIT */
#include "reap_rules.h"

#include "object_row.h"
#include "process.h"
#include "reap_aside.h"
#include "sem.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

const char *reap_verdict_reason(enum reap_verdict verdict)
{
	static const char *const reasons[] = {
		[REAP_NOT_MEANT] = "not meant",
		[REAP_MAY_GO] = "not held",
		[REAP_WOULD_GO] = "not held",
		[REAP_REMOVED] = "not held",
		[REAP_KEPT_HELD] = "held",
		[REAP_KEPT_YOUNG] = "too young",
		[REAP_KEPT_SEMAPHORE] = "semaphore of a user who has processes",
		[REAP_KEPT_LOCK] = "lock of a user who has processes",
		[REAP_KEPT_CHANGED] = "changed meanwhile",
		[REAP_RESTORED] = "has its name again",
		[REAP_KEPT_WANTED] = "opened meanwhile",
		[REAP_DOUBT] = "cannot tell whether it is held",
		[REAP_DOUBT_BUSY] = "its directory does not answer",
		[REAP_DOUBT_ASIDE] = "opened meanwhile, and its name has been taken",
		[REAP_FAILED] = "cannot be removed",
	};

	return reasons[verdict];
}

/* --- users with processes -----------------------------------------------------------------------
 */

struct reap_users {
	int proc;
	uid_t *uids; /* in no order; few */
	size_t count, room;
};

static bool has_user(const struct reap_users *users, uid_t uid)
{
	for (size_t i = 0; i < users->count; i++)
		if (users->uids[i] == uid)
			return true;
	return false;
}

static int note_user(uint64_t pid, void *arg)
{
	struct reap_users *users = arg;
	struct shmfs_process process;
	uid_t uid;

	/* A process that has ended since, or that is not told about: it is no reason to stop. */
	if (shmfs_process_read(users->proc, (pid_t)pid, &process) < 0 ||
		(process.is_zombie && process.threads <= 1) ||
		shmfs_process_user(users->proc, (pid_t)pid, &uid) < 0 || has_user(users, uid))
		return 0;
	if (users->count == users->room) {
		const size_t room = users->room ? users->room * 2 : 32;
		uid_t *uids = reallocarray(users->uids, room, sizeof(*uids));

		if (!uids)
			return -ENOMEM;
		users->uids = uids;
		users->room = room;
	}
	users->uids[users->count++] = uid;
	return 0;
}

int reap_users_read(struct reap_users **ret_users)
{
	struct reap_users *users = calloc(1, sizeof(*users));
	int r;

	if (!users)
		return -ENOMEM;
	users->proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = users->proc < 0 ? -errno : shmfs_process_numbers(users->proc, note_user, users);
	if (users->proc >= 0)
		close(users->proc);
	if (r < 0)
		reap_users_free(users);
	else
		*ret_users = users;
	return r;
}

struct reap_users *reap_users_free(struct reap_users *users)
{
	if (users)
		free(users->uids);
	free(users);
	return NULL;
}

/* --- the rules ----------------------------------------------------------------------------------
 */

static bool ends_in(const char *name, const char *end)
{
	const size_t length = strlen(name), end_length = strlen(end);

	return length >= end_length && strcasecmp(name + length - end_length, end) == 0;
}

bool reap_is_lock(const char *name, uint64_t size)
{
	return size == 0 || ends_in(name, "lock") || ends_in(name, "lck");
}

/* Of the namespace itself, and of its entries. */
static bool is_in_space(const char *path, const char *space)
{
	const size_t length = strlen(space);

	return strncmp(path, space, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

static bool is_meant(const struct reap_rules *rules, const struct shmfs_listing_entry *entry)
{
	const char *glob = rules->glob ? rules->glob + (*rules->glob == '/') : NULL;

	if (S_ISDIR(entry->mode) && !entry->is_empty)
		return false;
	if (rules->has_user && entry->uid != rules->user)
		return false;
	if (rules->space && !is_in_space(entry->path, rules->space))
		return false;
	return !glob ||
	       fnmatch(glob, strchr(glob, '/') ? entry->path : object_name(entry->path), 0) == 0;
}

/* Programs run in a namespace when it lies over some process's /dev/shm. */
static bool is_inhabited(const struct survey *survey, const struct shmfs_listing_entry *entry)
{
	const struct shmfs_mount *mount;

	for (size_t i = 0; (mount = shmfs_mounts_at(survey->holders.mounts, i)); i++)
		if (mount->kind == SHMFS_MOUNT_TMPFS && mount->dev == survey->dev &&
			mount->root[0] == '/' && is_in_space(mount->root + 1, entry->path))
			return true;
	return false;
}

static enum reap_verdict judge_directory(
	const struct survey *survey, const struct shmfs_listing_entry *entry)
{
	size_t count;

	if (survey_holders(survey, entry, &count) || is_inhabited(survey, entry))
		return REAP_KEPT_HELD;
	return REAP_MAY_GO;
}

/* The removal finds out whether it really has no holder. */
static enum reap_verdict judge_object(const struct reap_rules *rules, const struct survey *survey,
	const struct reap_users *users, const struct shmfs_listing_entry *entry)
{
	const char *name = object_name(entry->path);
	size_t count;

	if (survey_holders(survey, entry, &count))
		return REAP_KEPT_HELD;
	if (rules->semaphores || !has_user(users, entry->uid))
		return REAP_MAY_GO;
	if (shmfs_semaphore_is(name, entry->size))
		return REAP_KEPT_SEMAPHORE;
	return reap_is_lock(name, entry->size) ? REAP_KEPT_LOCK : REAP_MAY_GO;
}

enum reap_verdict reap_judge(const struct reap_rules *rules, const struct survey *survey,
	const struct reap_users *users, const struct shmfs_listing_entry *entry)
{
	char name[NAME_MAX + 1];

	if (reap_aside_is_left(object_name(entry->path), entry->ino, name))
		return REAP_MAY_GO;
	if (!is_meant(rules, entry))
		return REAP_NOT_MEANT;
	if (shmfs_listing_age(entry, &survey->now) < rules->older_than)
		return REAP_KEPT_YOUNG;
	return S_ISDIR(entry->mode) ? judge_directory(survey, entry)
				    : judge_object(rules, survey, users, entry);
}
