/* SPDX-License-Identifier: MIT */
#include "holders_private.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

int scan_grow(void *array, size_t *room, size_t count, size_t size)
{
	void **items = array, *grown;
	const size_t more = *room ? *room * 2 : 64;

	if (count < *room)
		return 0;
	grown = reallocarray(*items, more, size);
	if (!grown)
		return -ENOMEM;
	*items = grown;
	*room = more;
	return 0;
}

static int keep_process(struct scan *scan)
{
	struct shmfs_holders *out = scan->out;
	int r;

	if (scan->is_kept)
		return 0;
	r = scan_grow(
		&out->processes, &scan->process_room, out->process_count, sizeof(*out->processes));
	if (r < 0)
		return r;
	if (shmfs_process_user(scan->proc, scan->process.pid, &scan->process.uid) < 0)
		scan->process.uid = (uid_t)-1;
	out->processes[out->process_count++] = (struct shmfs_holding_process){
		.is = scan->process,
		.space = scan->space,
		.shm = shmfs_mounts_shm(out->mounts, scan->space),
	};
	scan->is_kept = true;
	return 0;
}

/* Many mappings or descriptors of one object often follow one another: they are one holder. */
static bool add_to_last(struct scan *scan, const struct shmfs_holder *found)
{
	struct shmfs_holder *last;

	if (scan->out->holder_count == 0)
		return false;
	last = &scan->out->holders[scan->out->holder_count - 1];
	if (last->process != scan->out->process_count - 1 || last->ino != found->ino ||
		last->dev != found->dev || last->mount != found->mount)
		return false;
	last->how |= found->how;
	last->looks_deleted |= found->looks_deleted;
	if (last->fd < 0)
		last->fd = found->fd;
	if (!last->end) {
		last->start = found->start;
		last->end = found->end;
	}
	return true;
}

int scan_found(struct scan *scan, const struct shmfs_holder *found)
{
	struct shmfs_holders *out = scan->out;
	int r = keep_process(scan);

	if (r < 0 || add_to_last(scan, found))
		return r;
	r = scan_grow(&out->holders, &scan->holder_room, out->holder_count, sizeof(*out->holders));
	if (r < 0)
		return r;
	out->holders[out->holder_count] = *found;
	out->holders[out->holder_count++].process = (uint32_t)(out->process_count - 1);
	return 0;
}

int scan_found_daemon(struct scan *scan, dev_t view)
{
	struct shmfs_holders *out = scan->out;
	int r;

	if (!scan_wants(scan, view))
		return 0;
	r = keep_process(scan);
	if (r == 0)
		r = scan_grow(&scan->daemons, &scan->daemon_room, scan->daemon_count,
			sizeof(*scan->daemons));
	if (r < 0)
		return r;
	out->processes[out->process_count - 1].is_daemon = true;
	scan->daemons[scan->daemon_count++] =
		(struct daemon){.view = view, .process = (uint32_t)(out->process_count - 1)};
	return 0;
}

/*
 * A daemon shows the tmpfs that is at /dev/shm in its own mount namespace. Where no process was
 * seen to serve the view, the mount namespace of the view itself is taken for the daemon's.
 */
static dev_t shown_by(const struct scan *scan, const struct shmfs_mount *view)
{
	const struct shmfs_mount *shm = NULL;

	for (size_t i = 0; i < scan->daemon_count && !shm; i++)
		if (scan->daemons[i].view == view->dev)
			shm = scan->out->processes[scan->daemons[i].process].shm;
	if (!shm)
		shm = shmfs_mounts_shm(scan->out->mounts, view->space);
	return shm ? shm->dev : 0;
}

static void rename_dev(struct shmfs_holders *out, dev_t from, dev_t to)
{
	for (size_t i = 0; i < out->holder_count; i++)
		if (out->holders[i].dev == from)
			out->holders[i].dev = to;
}

static void resolve_views(struct scan *scan)
{
	const struct shmfs_mount *mount;

	for (size_t i = 0; (mount = shmfs_mounts_at(scan->out->mounts, i)); i++)
		if (mount->kind == SHMFS_MOUNT_VIEW) {
			const dev_t shown = shown_by(scan, mount);

			shmfs_mounts_set_shown(scan->out->mounts, i, shown);
			rename_dev(scan->out, mount->dev, shown);
		}
}

static int compare_holders(const void *a, const void *b)
{
	const struct shmfs_holder *one = a, *other = b;

	if (one->dev != other->dev)
		return one->dev < other->dev ? -1 : 1;
	if (one->ino != other->ino)
		return one->ino < other->ino ? -1 : 1;
	if (one->process != other->process)
		return one->process < other->process ? -1 : 1;
	return one->mount < other->mount ? -1 : one->mount > other->mount;
}

static bool is_same_object(const struct shmfs_holder *one, const struct shmfs_holder *other)
{
	return one->dev == other->dev && one->ino == other->ino;
}

/*
 * Any user can mount a file system that calls itself shmfs and has any inode numbers. Such a mount
 * is believed when its mounter is root, or really holds the object.
 */
static bool is_believed(const struct shmfs_holders *out, const struct shmfs_holder *group,
	size_t count, const struct shmfs_holder *claim)
{
	const struct shmfs_mount *mount = claim->mount;

	if (!mount || mount->kind != SHMFS_MOUNT_VIEW || mount->user == 0)
		return true;
	for (size_t i = 0; i < count; i++)
		if ((!group[i].mount || group[i].mount->kind != SHMFS_MOUNT_VIEW) &&
			out->processes[group[i].process].is.uid == mount->user)
			return true;
	return false;
}

static void drop_false_claims(struct shmfs_holders *out)
{
	size_t kept = 0;

	for (size_t i = 0, count; i < out->holder_count; i += count) {
		const struct shmfs_holder *group = out->holders + i;

		for (count = 1; i + count < out->holder_count; count++)
			if (!is_same_object(group, group + count))
				break;
		for (size_t j = 0; j < count; j++) {
			const struct shmfs_holder holder = group[j];

			if (is_believed(out, group, count, &holder))
				out->holders[kept++] = holder;
		}
	}
	out->holder_count = kept;
}

static void merge_same(struct shmfs_holders *out)
{
	size_t kept = 0;

	for (size_t i = 0; i < out->holder_count; i++) {
		const struct shmfs_holder holder = out->holders[i];
		struct shmfs_holder *last = kept ? out->holders + kept - 1 : NULL;

		if (!last || compare_holders(last, &holder) != 0) {
			out->holders[kept++] = holder;
			continue;
		}
		last->how |= holder.how;
		last->looks_deleted |= holder.looks_deleted;
		last->fd = last->fd < 0 ? holder.fd : last->fd;
		if (!last->end) {
			last->start = holder.start;
			last->end = holder.end;
		}
	}
	out->holder_count = kept;
}

int scan_finish(struct scan *scan)
{
	struct shmfs_holders *out = scan->out;

	resolve_views(scan);
	if (out->holder_count)
		qsort(out->holders, out->holder_count, sizeof(*out->holders), compare_holders);
	merge_same(out);
	drop_false_claims(out);
	return 0;
}

void shmfs_holders_free(struct shmfs_holders *holders)
{
	free(holders->holders);
	free(holders->processes);
	shmfs_mounts_free(holders->mounts);
	*holders = (struct shmfs_holders){.holders = NULL};
}

const struct shmfs_holder *shmfs_holders_of(
	const struct shmfs_holders *holders, dev_t dev, uint64_t ino, size_t *ret_count)
{
	const struct shmfs_holder wanted = {.dev = dev, .ino = ino};
	size_t low = 0, high = holders->holder_count, count = 0;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const struct shmfs_holder *holder = holders->holders + middle;

		if (holder->dev < dev || (holder->dev == dev && holder->ino < ino))
			low = middle + 1;
		else
			high = middle;
	}
	while (low + count < holders->holder_count &&
		is_same_object(&holders->holders[low + count], &wanted))
		count++;
	*ret_count = count;
	return count ? holders->holders + low : NULL;
}

bool shmfs_holders_has_blind_spot(const struct shmfs_holders *holders)
{
	const struct shmfs_unseen *unseen = &holders->unseen;

	return unseen->processes || unseen->in_flight || unseen->pid_namespace || unseen->hidden;
}

static void link_of(const struct shmfs_holders *holders, const struct shmfs_holder *holder,
	char *ret_path, size_t size)
{
	const int pid = (int)holders->processes[holder->process].is.pid;

	if (holder->fd >= 0)
		snprintf(ret_path, size, "/proc/%d/fd/%d", pid, holder->fd);
	else
		snprintf(ret_path, size, "/proc/%d/map_files/%" PRIx64 "-%" PRIx64, pid,
			holder->start, holder->end);
}

ssize_t shmfs_holders_name(const struct shmfs_holders *holders, const struct shmfs_holder *holder,
	char *ret_path, size_t size)
{
	char path[96];
	ssize_t length;

	link_of(holders, holder, path, sizeof(path));
	length = readlink(path, ret_path, size - 1);
	if (length < 0)
		return -errno;
	ret_path[length] = '\0';
	return length;
}

int shmfs_holders_stat(const struct shmfs_holders *holders, const struct shmfs_holder *holder,
	struct statx *ret_stx)
{
	struct statx stx;
	char path[96];

	if (holder->mount && holder->mount->kind == SHMFS_MOUNT_VIEW)
		return -ESTALE; /* a daemon would have to answer */
	link_of(holders, holder, path, sizeof(path));
	if (statx(AT_FDCWD, path, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT,
		    STATX_BASIC_STATS | STATX_BTIME, &stx) < 0)
		return errno == ENOENT ? -ESTALE : -errno;
	if (makedev(stx.stx_dev_major, stx.stx_dev_minor) != holder->dev ||
		stx.stx_ino != holder->ino)
		return -ESTALE;
	*ret_stx = stx;
	return 0;
}
