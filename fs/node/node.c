/* SPDX-License-Identifier: MIT */
/*
 * A node is an object, a directory or a link that the kernel knows by a nodeid. The nodeid is the
 * inode number in the tmpfs: hard links are one node, any daemon at any time gives an object the
 * same id, and no number is ever used twice.
 *
 * - Known: a number, its generation, and a count of the kernel's lookups, in memory that outlives
 *   the worker (node_table.h). Number and generation are the file handle by which the kernel finds
 *   the object under any name. They pin no object: when it is gone, so that its memory is free,
 *   the handle is stale.
 * - Where handles are refused (no CAP_DAC_READ_SEARCH in the first user namespace) a node also has
 *   a parent and a name there (node_names.h). An entry that is found by them counts only if it has
 *   the number of the node. An open object is reached by its open descriptor then.
 * - Open: see opened.h.
 *
 * A worker that dies may have counted a lookup that the kernel never learned of: a node that stays
 * known for longer than the kernel knows it costs 16 bytes and does no harm.
 *
 * The kernel sends no FORGET while it still uses a node in a request: operations need no count of
 * their own.
 */
#include "node.h"

#include "handle.h"
#include "node_names.h"
#include "object.h"
#include "request/fuse3.h"
#include "request/shared.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

/* How often a name is looked at again that other processes replace all the time. */
#define TRIES 10

/* Deeper trees cannot be reached by a path either. */
#define DEPTH_MAX 4096

struct nodes {
	int root;              /* never changes */
	dev_t device;          /* of the tmpfs; never changes */
	bool has_handles;      /* never changes */
	struct opened *opened; /* never changes */

	pthread_mutex_t
		lock; /* of everything below; no system call that may take long is under it */
	struct node_table table;
	struct node_names names; /* without handles */
	bool relearns;           /* names that a worker before knew have not been looked for yet */
};

int nodes_new(struct nodes **ret_nodes, struct shared *shared, struct opened *opened, int root)
{
	struct nodes *nodes = calloc(1, sizeof(*nodes));
	struct stat st;
	int r;

	if (!nodes)
		return -ENOMEM;
	nodes->root = root;
	nodes->has_handles = shmfs_handle_is_usable(root);
	nodes->opened = opened;
	nodes->relearns = shared->generation > 0;
	pthread_mutex_init(&nodes->lock, NULL);
	r = fstat(root, &st) < 0 ? -errno : 0;
	nodes->device = st.st_dev;
	if (r == 0)
		r = node_names_init(&nodes->names);
	if (r == 0)
		r = node_table_init(&nodes->table, &shared->nodes);
	if (r < 0)
		nodes_free(nodes);
	else
		*ret_nodes = nodes;
	return r;
}

struct nodes *nodes_free(struct nodes *nodes)
{
	if (!nodes)
		return NULL;
	node_table_clear(&nodes->table);
	node_names_clear(&nodes->names);
	pthread_mutex_destroy(&nodes->lock);
	free(nodes);
	return NULL;
}

bool nodes_have_handles(const struct nodes *nodes)
{
	return nodes->has_handles;
}

/* lock is held. The node has one more lookup, and this name where names count. */
static int count_lookup(
	struct nodes *nodes, struct node_entry *entry, uint64_t parent, const char *name)
{
	const uint64_t ino = entry->ino;

	if (!nodes->has_handles && name) {
		const int r = node_names_set(&nodes->names, ino, parent, name);

		if (r < 0) {
			if (entry->lookups == 0)
				node_table_remove(&nodes->table, entry);
			return r;
		}
	}
	entry->lookups++;
	return 0;
}

/* Counts the lookup if the node is known. Returns whether it is known, or -errno. */
static int count_known(struct nodes *nodes, uint64_t ino, uint64_t parent, const char *name)
{
	struct node_entry *entry;
	int r = 0;

	pthread_mutex_lock(&nodes->lock);
	entry = node_table_find(&nodes->table, ino);
	if (entry)
		r = count_lookup(nodes, entry, parent, name);
	pthread_mutex_unlock(&nodes->lock);
	return r < 0 ? r : entry != NULL;
}

static int count_new(
	struct nodes *nodes, struct shmfs_handle handle, uint64_t parent, const char *name)
{
	struct node_entry *entry;
	int r = -ENOMEM;

	pthread_mutex_lock(&nodes->lock);
	entry = node_table_find(&nodes->table, handle.ino);
	if (!entry)
		entry = node_table_add(&nodes->table, handle.ino, handle.generation);
	if (entry)
		r = count_lookup(nodes, entry, parent, name);
	pthread_mutex_unlock(&nodes->lock);
	return r;
}

/* The handle of the object that has the name now, which may be another one than st describes. */
static int handle_of(const struct nodes *nodes, int dir, const char *name, const struct stat *st,
	struct shmfs_handle *ret_handle)
{
	if (nodes->has_handles)
		return shmfs_handle_of(dir, name, ret_handle);
	*ret_handle = (struct shmfs_handle){.ino = st->st_ino};
	return 0;
}

int node_look_up(
	struct nodes *nodes, uint64_t parent, int dir, const char *name, struct stat *ret_st)
{
	for (int i = 0; i < TRIES; i++) {
		struct shmfs_handle handle;
		struct stat st;
		int r;

		r = shmfs_object_stat(dir, name, &st);
		if (r == 0 && st.st_dev != nodes->device)
			r = -EACCES;
		if (r == 0)
			r = count_known(nodes, st.st_ino, parent, name);
		if (r == 0) {
			r = handle_of(nodes, dir, name, &st, &handle);
			if (r == 0 && handle.ino != st.st_ino)
				continue;
			if (r == 0)
				r = count_new(nodes, handle, parent, name);
		}
		if (r >= 0)
			*ret_st = st;
		return r < 0 ? r : 0;
	}
	return -ESTALE;
}

int node_introduce(
	struct nodes *nodes, int fd, uint64_t parent, const char *name, struct stat *ret_st)
{
	struct shmfs_handle handle;
	int r;

	r = fstat(fd, ret_st) < 0 ? -errno : 0;
	if (r == 0)
		r = count_known(nodes, ret_st->st_ino, parent, name);
	if (r == 0) {
		r = handle_of(nodes, fd, "", ret_st, &handle);
		if (r == 0)
			r = count_new(nodes, handle, parent, name);
	}
	return r < 0 ? r : 0;
}

void node_put(struct nodes *nodes, uint64_t ino, uint64_t count)
{
	struct node_entry *entry;

	pthread_mutex_lock(&nodes->lock);
	entry = node_table_find(&nodes->table, ino);
	if (entry) {
		entry->lookups -= (uint32_t)count;
		if (entry->lookups == 0) {
			node_table_remove(&nodes->table, entry);
			node_names_remove(&nodes->names, ino);
		}
	}
	pthread_mutex_unlock(&nodes->lock);
}

void node_rename(struct nodes *nodes, uint64_t ino, uint64_t parent, const char *name)
{
	if (nodes->has_handles)
		return;
	pthread_mutex_lock(&nodes->lock);
	/* Best effort: without memory the old name is wrong, and the node is stale. */
	if (node_table_find(&nodes->table, ino))
		node_names_set(&nodes->names, ino, parent, name);
	pthread_mutex_unlock(&nodes->lock);
}

static int open_by_handle(struct nodes *nodes, uint64_t ino)
{
	struct shmfs_handle handle = {.ino = ino};
	const struct node_entry *entry;

	pthread_mutex_lock(&nodes->lock);
	entry = node_table_find(&nodes->table, ino);
	if (entry)
		handle.generation = entry->generation;
	pthread_mutex_unlock(&nodes->lock);
	return entry ? shmfs_handle_open(nodes->root, handle, O_PATH) : -ESTALE;
}

/* The numbers that a worker before knew get names again, as far as they can be found. */
static void relearn(struct nodes *nodes)
{
	pthread_mutex_lock(&nodes->lock);
	if (nodes->relearns)
		node_names_relearn(&nodes->names, nodes->root, &nodes->table);
	nodes->relearns = false;
	pthread_mutex_unlock(&nodes->lock);
}

static int find_name(struct nodes *nodes, uint64_t ino, struct node_name *ret_name)
{
	int r;

	pthread_mutex_lock(&nodes->lock);
	r = node_names_get(&nodes->names, ino, ret_name);
	pthread_mutex_unlock(&nodes->lock);
	return r;
}

static int open_by_name(struct nodes *nodes, uint64_t ino, int depth)
{
	struct node_name name;
	struct stat st;
	int dir, fd, r;

	if (ino == FUSE_ROOT_ID) {
		dir = fcntl(nodes->root, F_DUPFD_CLOEXEC, 0);
		return dir < 0 ? -errno : dir;
	}
	r = depth < DEPTH_MAX ? find_name(nodes, ino, &name) : -ESTALE;
	if (r < 0)
		return r;
	dir = open_by_name(nodes, name.parent, depth + 1);
	if (dir < 0)
		return dir;
	fd = shmfs_object_pin(dir, name.text);
	close(dir);
	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_ino == ino && st.st_dev == nodes->device)
		return fd;
	if (fd < 0)
		return fd == -ENOENT || fd == -ENOTDIR ? -ESTALE : fd;
	close(fd);
	return -ESTALE;
}

static int open_without_handle(struct nodes *nodes, uint64_t ino)
{
	int fd = opened_dup(nodes->opened, ino);

	if (fd < 0)
		fd = open_by_name(nodes, ino, 0);
	if (fd != -ESTALE || !nodes->relearns)
		return fd;
	relearn(nodes);
	return open_by_name(nodes, ino, 0);
}

int node_pin(struct nodes *nodes, uint64_t ino, struct node_fd *ret_fd)
{
	int fd;

	if (ino == FUSE_ROOT_ID) {
		*ret_fd = (struct node_fd){.fd = nodes->root};
		return 0;
	}
	fd = nodes->has_handles ? open_by_handle(nodes, ino) : open_without_handle(nodes, ino);
	if (fd < 0)
		return fd;
	*ret_fd = (struct node_fd){.fd = fd, .is_own = true};
	return 0;
}

void node_unpin(struct node_fd *fd)
{
	if (fd->is_own)
		close(fd->fd);
	*fd = (struct node_fd)NODE_FD_NONE;
}
