/* SPDX-License-Identifier: MIT */
#include "mounts.h"

#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define SHM_POINT "/dev/shm"
#define TEXT_MAX (64U << 20) /* mountinfo: a namespace has at most 100,000 mounts by default */

/* A view of the mounts: a namespace, seen from one root directory. */
struct seen {
	uint64_t space;
	char *root;
};

struct shmfs_mounts {
	void *by_id;                /* tsearch(3): struct shmfs_mount */
	void *seen;                 /* tsearch(3): struct seen */
	struct shmfs_mount **shown; /* all but SHMFS_MOUNT_OTHER, as they were added */
	size_t shown_count, shown_room;
};

static int compare_ids(const void *a, const void *b)
{
	const struct shmfs_mount *one = a, *other = b;

	return one->id < other->id ? -1 : one->id > other->id;
}

static int compare_seen(const void *a, const void *b)
{
	const struct seen *one = a, *other = b;

	if (one->space != other->space)
		return one->space < other->space ? -1 : 1;
	return strcmp(one->root, other->root);
}

int shmfs_mounts_new(struct shmfs_mounts **ret_mounts)
{
	*ret_mounts = calloc(1, sizeof(**ret_mounts));
	return *ret_mounts ? 0 : -ENOMEM;
}

static void free_mount(void *node)
{
	struct shmfs_mount *mount = node;

	free(mount->root);
	free(mount->point);
	free(mount);
}

static void free_seen(void *node)
{
	struct seen *seen = node;

	free(seen->root);
	free(seen);
}

struct shmfs_mounts *shmfs_mounts_free(struct shmfs_mounts *mounts)
{
	if (!mounts)
		return NULL;
	tdestroy(mounts->by_id, free_mount);
	tdestroy(mounts->seen, free_seen);
	free(mounts->shown);
	free(mounts);
	return NULL;
}

/* \040 and the like: mountinfo writes space, tab, newline and backslash so. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from; to++) {
		unsigned code;

		if (from[0] == '\\' && sscanf(from + 1, "%3o", &code) == 1 && from[1] && from[2]) {
			*to = (char)code;
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
}

static int show(struct shmfs_mounts *mounts, struct shmfs_mount *mount)
{
	if (mounts->shown_count == mounts->shown_room) {
		const size_t room = mounts->shown_room ? mounts->shown_room * 2 : 64;
		struct shmfs_mount **shown = reallocarray(mounts->shown, room, sizeof(*shown));

		if (!shown)
			return -ENOMEM;
		mounts->shown = shown;
		mounts->shown_room = room;
	}
	mounts->shown[mounts->shown_count++] = mount;
	return 0;
}

static int keep_mount(struct shmfs_mounts *mounts, const struct shmfs_mount *found,
	const char *root, const char *point)
{
	struct shmfs_mount *mount, **node;

	if (shmfs_mounts_by_id(mounts, found->id))
		return 0;
	mount = malloc(sizeof(*mount));
	if (!mount)
		return -ENOMEM;
	*mount = *found;
	if (mount->kind != SHMFS_MOUNT_OTHER) {
		mount->root = strdup(root);
		mount->point = strdup(point);
		if (!mount->root || !mount->point || show(mounts, mount) < 0) {
			free_mount(mount);
			return -ENOMEM;
		}
	}
	node = tsearch(mount, &mounts->by_id, compare_ids);
	if (!node) {
		mounts->shown_count -= mount->kind != SHMFS_MOUNT_OTHER;
		free_mount(mount);
		return -ENOMEM;
	}
	return 0;
}

int shmfs_mounts_note(struct shmfs_mounts *mounts, uint64_t id, dev_t dev)
{
	const struct shmfs_mount mount = {.id = id, .dev = dev, .kind = SHMFS_MOUNT_OTHER};

	return keep_mount(mounts, &mount, NULL, NULL);
}

/* Of a FUSE file system, user_id= is the user who mounted it. The kernel writes it, not the
 * mounter. */
static uid_t mounter(const char *options)
{
	const char *user = strstr(options, "user_id=");

	return user ? (uid_t)strtoul(user + strlen("user_id="), NULL, 10) : (uid_t)-1;
}

/* id parent major:minor root point options [tags ...] - type source options */
static int parse_line(struct shmfs_mounts *mounts, char *line, pid_t pid, uint64_t space)
{
	struct shmfs_mount mount = {.space = space, .pid = pid};
	char *save, *root, *point, *rest, *type, *options;
	unsigned major_number, minor_number;
	int end = 0;

	if (sscanf(line, "%" SCNu64 " %*u %u:%u %n", &mount.id, &major_number, &minor_number,
		    &end) != 3)
		return -EPROTO;
	root = strtok_r(line + end, " ", &save);
	point = strtok_r(NULL, " ", &save);
	rest = point ? strstr(save, " - ") : NULL;
	if (!rest)
		return -EPROTO;
	type = strtok_r(rest + 3, " ", &save);
	strtok_r(NULL, " ", &save);
	options = strtok_r(NULL, " ", &save);
	mount.dev = makedev(major_number, minor_number);
	if (type && strcmp(type, "tmpfs") == 0) {
		mount.kind = SHMFS_MOUNT_TMPFS;
	} else if (type && options && strcmp(type, "fuse.shmfs") == 0) {
		mount.kind = SHMFS_MOUNT_VIEW;
		mount.user = mounter(options);
	}
	unescape(root);
	unescape(point);
	return keep_mount(mounts, &mount, root, point);
}

int shmfs_mounts_parse(struct shmfs_mounts *mounts, char *text, pid_t pid, uint64_t space)
{
	char *save;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		const int r = parse_line(mounts, line, pid, space);

		if (r < 0)
			return r;
	}
	return 0;
}

static int read_mountinfo(struct shmfs_mounts *mounts, pid_t pid, int task, uint64_t space)
{
	for (size_t size = 64U << 10; size <= TEXT_MAX; size *= 4) {
		char *text = malloc(size);
		const ssize_t length =
			text ? shmfs_process_text(task, "mountinfo", text, size) : -ENOMEM;
		const int r =
			length < 0 ? (int)length : shmfs_mounts_parse(mounts, text, pid, space);

		free(text);
		if (r != -ENOSPC)
			return r;
	}
	return -ENOSPC;
}

static ssize_t read_link(int dir, const char *name, char *ret_text, size_t size)
{
	const ssize_t length = readlinkat(dir, name, ret_text, size - 1);

	if (length < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	ret_text[length] = '\0';
	return length;
}

/* Remembers a view. Returns 1 if it was known, 0, -ENOMEM. */
static int remember(struct shmfs_mounts *mounts, uint64_t space, const char *root)
{
	struct seen *seen = malloc(sizeof(*seen)), **node;

	if (!seen)
		return -ENOMEM;
	*seen = (struct seen){.space = space, .root = strdup(root)};
	node = seen->root ? tsearch(seen, &mounts->seen, compare_seen) : NULL;
	if (node && *node == seen)
		return 0;
	free_seen(seen);
	return node ? 1 : -ENOMEM;
}

int shmfs_mounts_add(
	struct shmfs_mounts *mounts, pid_t pid, int task, bool again, uint64_t *ret_space)
{
	char name[64], root[PATH_MAX];
	uint64_t space;
	ssize_t r;

	r = read_link(task, "ns/mnt", name, sizeof(name));
	if (r < 0)
		return (int)r;
	if (sscanf(name, "mnt:[%" SCNu64 "]", &space) != 1)
		return -EPROTO;
	r = read_link(task, "root", root, sizeof(root));
	if (r < 0)
		return (int)r;
	r = remember(mounts, space, root);
	if (r == 0 || (r > 0 && again))
		r = read_mountinfo(mounts, pid, task, space);
	if (r >= 0)
		*ret_space = space;
	return r < 0 ? (int)r : 0;
}

const struct shmfs_mount *shmfs_mounts_by_id(const struct shmfs_mounts *mounts, uint64_t id)
{
	const struct shmfs_mount key = {.id = id};
	struct shmfs_mount *const *node = tfind(&key, &mounts->by_id, compare_ids);

	return node ? *node : NULL;
}

const struct shmfs_mount *shmfs_mounts_of(
	const struct shmfs_mounts *mounts, dev_t dev, uint64_t space)
{
	const struct shmfs_mount *best = NULL, *shm = shmfs_mounts_shm(mounts, space);
	int best_rank = -1;

	for (size_t i = 0; i < mounts->shown_count; i++) {
		const struct shmfs_mount *mount = mounts->shown[i];
		const bool is_covered = shm && mount != shm && mount->space == space &&
					strcmp(mount->point, SHM_POINT) == 0;
		const int rank = (mount->space == space) * 2 - is_covered + (mount == shm);

		if (mount->dev == dev && rank > best_rank) {
			best = mount;
			best_rank = rank;
		}
	}
	return best;
}

/* The one that was mounted last lies on top: mountinfo tells it last. */
const struct shmfs_mount *shmfs_mounts_shm(const struct shmfs_mounts *mounts, uint64_t space)
{
	for (size_t i = mounts->shown_count; i-- > 0;) {
		const struct shmfs_mount *mount = mounts->shown[i];

		if (mount->space == space && mount->kind == SHMFS_MOUNT_TMPFS &&
			strcmp(mount->point, SHM_POINT) == 0)
			return mount;
	}
	return NULL;
}

const struct shmfs_mount *shmfs_mounts_at(const struct shmfs_mounts *mounts, size_t number)
{
	return number < mounts->shown_count ? mounts->shown[number] : NULL;
}

void shmfs_mounts_set_shown(struct shmfs_mounts *mounts, size_t number, dev_t shows)
{
	mounts->shown[number]->shows = shows;
}
