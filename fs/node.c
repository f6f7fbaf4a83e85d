/* SPDX-License-Identifier: MIT */
/*
 * A node is what the kernel calls by a nodeid, and the nodeid is the inode number of the object:
 * hard links are one node, and any daemon at any time gives an object the same id.
 *
 *     unknown --lookup, create--> known --open--> open
 *                                   |  <--close--
 *                                   +--last name removed here--> gone
 *     known, gone --forget--> unknown
 *
 * - Known: a number, a count of lookups and the last known name. The name is a hint: others rename
 *   and remove objects behind our back. Whoever uses it checks the inode number of what it found;
 *   a hint that proves wrong is replaced by what the index knows.
 * - Open: also a region, with the file descriptors and the mapping of the object. It lives as long
 *   as one open is counted; the object needs no name then.
 * - Gone: the last name was removed through this mount. gone.h tells what is left then.
 *
 * What is open is also noted in memory that outlives the process (shared.h), with one count of all
 * opens that the kernel has. The rest dies with it. The next one knows what is open, and adopts
 * what else the kernel asks for: lookups are counted from one then, which is never too many.
 *
 * The kernel sends no FORGET while it still uses a node in a request, and no RELEASE while it
 * still reads or writes: operations need no count of their own, but for a pin on an open node,
 * which somebody else may be closing.
 *
 * One lock guards the table and all fields. It is never held over a system call that may take long.
 */
#include "node_private.h"

#include "clock.h"
#include "index.h"
#include "passthrough.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void nodes_drop(struct node *node)
{
	shmfs_region_free(node->region);
	gone_free(node->gone);
	free(node->name);
	free(node);
}

static void drop(struct shmfs_table_entry *entry)
{
	struct node *node = (struct node *)entry;

	node->region = shmfs_region_abandon(node->region);
	nodes_drop(node);
}

struct nodes *nodes_free(struct nodes *nodes)
{
	if (!nodes)
		return NULL;
	nodes_make_room(nodes);
	shmfs_table_clear(&nodes->table, drop);
	shmfs_table_free(&nodes->table);
	pthread_mutex_destroy(&nodes->lock);
	free(nodes);
	return NULL;
}

struct node *nodes_find(const struct nodes *nodes, uint64_t ino)
{
	return (struct node *)shmfs_table_find(&nodes->table, ino);
}

struct node *nodes_add(struct nodes *nodes, uint64_t ino)
{
	struct node *node = calloc(1, sizeof(*node));

	if (!node)
		return NULL;
	node->entry.key = ino;
	shmfs_table_add(&nodes->table, &node->entry);
	return node;
}

int nodes_new(struct nodes **ret_nodes, const struct passthrough *passthrough,
	struct shared *shared, struct shmfs_index *index, bool noatime)
{
	struct nodes *nodes = calloc(1, sizeof(*nodes));
	int r;

	if (!nodes || shmfs_table_init(&nodes->table) < 0) {
		free(nodes);
		return -ENOMEM;
	}
	nodes->passthrough = passthrough;
	nodes->index = index;
	nodes->adopts = shared->generation > 0;
	nodes->noatime = noatime;
	pthread_mutex_init(&nodes->lock, NULL);
	opens_init(&nodes->opens, shared);
	r = nodes_inherit_opens(nodes);
	if (r < 0)
		nodes_free(nodes);
	else
		*ret_nodes = nodes;
	return r;
}

/* A node without a name is one that has to be searched for: so much for lack of memory. */
static void set_name(struct node *node, const struct shmfs_name *name)
{
	if (node->name && strcmp(node->name, name->text) == 0)
		return;
	free(node->name);
	node->name = strdup(name->text);
}

int node_get(struct nodes *nodes, uint64_t ino, const struct shmfs_name *name)
{
	struct node *node;

	pthread_mutex_lock(&nodes->lock);
	node = nodes_find(nodes, ino);
	if (!node)
		node = nodes_add(nodes, ino);
	if (node) {
		node->lookups++;
		if (name)
			set_name(node, name);
	}
	pthread_mutex_unlock(&nodes->lock);
	return node ? 0 : -ENOMEM;
}

struct node *nodes_take_if_unused(struct nodes *nodes, struct node *node)
{
	if (node->lookups > 0 || node->opens > 0)
		return NULL;
	shmfs_table_remove(&nodes->table, &node->entry);
	if (node->gone)
		gone_drop(&nodes->held, node->gone);
	return node;
}

/*
 * What was allocated for very many nodes, and for their names in the index, the C library keeps
 * when they are gone, unless it is told to look for what it can give back. That takes some
 * milliseconds.
 */
#define TRIM_AFTER 32768

void node_put(struct nodes *nodes, uint64_t ino, uint64_t count)
{
	struct node *node;
	bool trim = false;

	pthread_mutex_lock(&nodes->lock);
	node = nodes_find(nodes, ino);
	if (node) {
		node->lookups -= count < node->lookups ? count : node->lookups;
		node = nodes_take_if_unused(nodes, node);
	}
	if (node)
		trim = ++nodes->forgotten % TRIM_AFTER == 0;
	pthread_mutex_unlock(&nodes->lock);
	if (node)
		nodes_drop(node);
	if (trim)
		malloc_trim(0);
}

void node_rename(struct nodes *nodes, uint64_t ino, const struct shmfs_name *name)
{
	struct node *node;

	pthread_mutex_lock(&nodes->lock);
	node = nodes_find(nodes, ino);
	if (node)
		set_name(node, name);
	pthread_mutex_unlock(&nodes->lock);
}

/* A worker that takes over is not to begin where the one before it did. */
uint64_t node_new_decoy(uint64_t ino)
{
	static atomic_uint_fast64_t last;
	uint64_t none = 0;

	if (last == 0)
		atomic_compare_exchange_strong(&last, &none, (uint64_t)clock_now_ns());
	return NODE_DECOY | ((++last << NODE_DECOY_SHIFT) & ~NODE_DECOY) | ino;
}

int node_find_name(struct nodes *nodes, uint64_t ino, struct shmfs_name *ret_name)
{
	const int r = shmfs_index_find_ino(nodes->index, node_object_ino(ino), ret_name);

	if (r < 0)
		return r == -ENOENT ? -ESTALE : r;
	node_rename(nodes, ino, ret_name);
	return 0;
}

int node_last_name(struct nodes *nodes, uint64_t ino, struct shmfs_name *ret_name)
{
	const struct node *node;
	int r = -ESTALE;

	pthread_mutex_lock(&nodes->lock);
	node = nodes_find(nodes, ino);
	if (node && node->name) {
		strcpy(ret_name->text, node->name);
		r = 0;
	}
	pthread_mutex_unlock(&nodes->lock);
	return r;
}

static int any_fd(const struct shmfs_region *region)
{
	const int fd = shmfs_region_reader(region);

	return fd >= 0 ? fd : shmfs_region_writer(region);
}

/* lock is held. A held descriptor is duplicated: its time may be over at any moment. */
static void reach_node(struct node *node, struct reach *reach)
{
	if (node->region) {
		node->opens++;
		reach->kind = REACH_OPEN;
		reach->fd = any_fd(node->region);
	} else if (node->gone) {
		reach->st = node->gone->st;
		reach->fd = node->gone->fd < 0 ? -1 : fcntl(node->gone->fd, F_DUPFD_CLOEXEC, 0);
		reach->kind = reach->fd < 0 ? REACH_GONE : REACH_HELD;
	} else if (node->name) {
		strcpy(reach->name.text, node->name);
	}
}

/* The kernel knows the number from a worker before. */
static void adopt(struct nodes *nodes, uint64_t ino)
{
	struct shmfs_name name;
	struct node *node;

	if (shmfs_index_find_ino(nodes->index, node_object_ino(ino), &name) < 0)
		return;
	pthread_mutex_lock(&nodes->lock);
	node = nodes_find(nodes, ino) ? NULL : nodes_add(nodes, ino);
	if (node) {
		node->lookups = 1;
		set_name(node, &name);
	}
	pthread_mutex_unlock(&nodes->lock);
}

static bool is_known(struct nodes *nodes, uint64_t ino)
{
	bool known;

	pthread_mutex_lock(&nodes->lock);
	known = nodes_find(nodes, ino) != NULL;
	pthread_mutex_unlock(&nodes->lock);
	return known;
}

int node_reach(struct nodes *nodes, uint64_t ino, struct reach *ret_reach)
{
	struct reach reach = {.fd = -1, .kind = REACH_NAME};
	struct node *node;

	if (nodes->adopts && !is_known(nodes, ino))
		adopt(nodes, ino);
	pthread_mutex_lock(&nodes->lock);
	node = nodes_find(nodes, ino);
	if (node)
		reach_node(node, &reach);
	pthread_mutex_unlock(&nodes->lock);
	if (!node)
		return -ESTALE;
	*ret_reach = reach;
	return 0;
}

void node_end_reach(struct nodes *nodes, uint64_t ino, struct reach *reach)
{
	if (reach->kind == REACH_OPEN)
		node_end_pin(nodes, ino);
	else if (reach->kind == REACH_HELD)
		close(reach->fd);
	reach->fd = -1;
}

bool node_set_gone(struct nodes *nodes, uint64_t ino, int fd, const struct stat *st)
{
	struct gone *gone = gone_new(fd, st);
	struct node *node;
	bool unwatched = false;

	/* Without memory for that it is just stale. */
	if (!gone)
		return false;
	pthread_mutex_lock(&nodes->lock);
	node = nodes_find(nodes, ino);
	if (node && !node->gone) {
		unwatched = gone->fd >= 0 && !nodes->watched;
		nodes->watched |= unwatched;
		node->gone = gone;
		gone_hold(&nodes->held, gone);
		gone = NULL;
	}
	pthread_mutex_unlock(&nodes->lock);
	gone_free(gone);
	return unwatched;
}

bool nodes_hold_lookups(const struct nodes *nodes)
{
	return recent_is_wanted(&nodes->recent);
}

bool node_hold_lookup(struct nodes *nodes, uint64_t ino, int fd, mode_t type)
{
	bool unwatched;
	int old;

	pthread_mutex_lock(&nodes->lock);
	old = recent_hold(&nodes->recent, ino, fd, type);
	unwatched = !nodes->watched;
	nodes->watched = true;
	pthread_mutex_unlock(&nodes->lock);
	if (old >= 0)
		close(old);
	return unwatched;
}

int node_find_lookup(struct nodes *nodes, uint64_t ino, mode_t *ret_type)
{
	int fd;

	pthread_mutex_lock(&nodes->lock);
	fd = recent_find(&nodes->recent, ino, ret_type);
	if (fd >= 0)
		fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	pthread_mutex_unlock(&nodes->lock);
	if (fd >= 0)
		return fd;
	recent_want(&nodes->recent);
	return -ESTALE;
}

bool nodes_let_go(struct nodes *nodes, bool all, int *ret_wait)
{
	bool any = false;
	int fd;

	/* Closing may free a lot of memory: not with the lock held. */
	for (;;) {
		pthread_mutex_lock(&nodes->lock);
		fd = gone_take_fd(&nodes->held, all, ret_wait);
		if (fd < 0)
			fd = recent_take_fd(&nodes->recent, all, ret_wait);
		if (fd < 0 && !all)
			nodes->watched = *ret_wait >= 0;
		pthread_mutex_unlock(&nodes->lock);
		if (fd < 0)
			return any;
		close(fd);
		any = true;
	}
}

bool nodes_make_room(struct nodes *nodes)
{
	int wait;

	return nodes_let_go(nodes, true, &wait);
}
