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
 *   a hint that proves wrong is replaced by a search through the directory.
 * - Open: also a region, with the file descriptors and the mapping of the object. It lives as long
 *   as one open is counted; the object needs no name then.
 * - Gone: the last name was removed through this mount. gone.h tells what is left then.
 *
 * The kernel sends no FORGET while it still uses a node in a request, and no RELEASE while it
 * still reads or writes: operations need no count of their own, but for a pin on an open node,
 * which somebody else may be closing.
 *
 * One lock guards the table and all fields. It is never held over a system call that may take long.
 */
#include "node.h"

#include "gone.h"
#include "passthrough.h"
#include "table.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct node {
	struct shmfs_table_entry entry; /* first: the table hands it out for the node */
	uint64_t lookups;
	char *name;                  /* last known name, or NULL */
	struct shmfs_region *region; /* while opens > 0 */
	int backing;                 /* id while opens > 0, or 0; as the first open decided */
	unsigned opens;              /* by the kernel, and by pins */
	struct gone *gone;           /* or NULL */
};

struct nodes {
	const struct passthrough *passthrough; /* never changes */
	bool noatime;                          /* never changes */

	pthread_mutex_t lock; /* of everything below, and of the fields of the nodes */
	struct shmfs_table table;
	struct gone_list held;
	bool watched; /* nodes_let_go() is going to be called */
};

/*
 * A mapping that is new costs about twice as much as it saves when the object is copied through it
 * once.
 */
#define MAP_AFTER_PASSES 2

int nodes_new(struct nodes **ret_nodes, const struct passthrough *passthrough, bool noatime)
{
	struct nodes *nodes = calloc(1, sizeof(*nodes));

	if (!nodes || shmfs_table_init(&nodes->table) < 0) {
		free(nodes);
		return -ENOMEM;
	}
	nodes->passthrough = passthrough;
	nodes->noatime = noatime;
	pthread_mutex_init(&nodes->lock, NULL);
	*ret_nodes = nodes;
	return 0;
}

static void node_free(struct node *node)
{
	shmfs_region_free(node->region);
	gone_free(node->gone);
	free(node->name);
	free(node);
}

static void drop(struct shmfs_table_entry *entry)
{
	node_free((struct node *)entry);
}

struct nodes *nodes_free(struct nodes *nodes)
{
	if (!nodes)
		return NULL;
	shmfs_table_clear(&nodes->table, drop);
	shmfs_table_free(&nodes->table);
	pthread_mutex_destroy(&nodes->lock);
	free(nodes);
	return NULL;
}

static struct node *find(const struct nodes *nodes, uint64_t ino)
{
	return (struct node *)shmfs_table_find(&nodes->table, ino);
}

static struct node *add(struct nodes *nodes, uint64_t ino)
{
	struct node *node = calloc(1, sizeof(*node));

	if (!node)
		return NULL;
	node->entry.key = ino;
	shmfs_table_add(&nodes->table, &node->entry);
	return node;
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
	node = find(nodes, ino);
	if (!node)
		node = add(nodes, ino);
	if (node) {
		node->lookups++;
		if (name)
			set_name(node, name);
	}
	pthread_mutex_unlock(&nodes->lock);
	return node ? 0 : -ENOMEM;
}

/* Takes the node out of the table if the kernel knows it no more and nobody has it open. */
static struct node *take_if_unused(struct nodes *nodes, struct node *node)
{
	if (node->lookups > 0 || node->opens > 0)
		return NULL;
	shmfs_table_remove(&nodes->table, &node->entry);
	if (node->gone)
		gone_drop(&nodes->held, node->gone);
	return node;
}

void node_put(struct nodes *nodes, uint64_t ino, uint64_t count)
{
	struct node *node;

	pthread_mutex_lock(&nodes->lock);
	node = find(nodes, ino);
	if (node) {
		node->lookups -= count < node->lookups ? count : node->lookups;
		node = take_if_unused(nodes, node);
	}
	pthread_mutex_unlock(&nodes->lock);
	if (node)
		node_free(node);
}

void node_rename(struct nodes *nodes, uint64_t ino, const struct shmfs_name *name)
{
	struct node *node;

	pthread_mutex_lock(&nodes->lock);
	node = find(nodes, ino);
	if (node)
		set_name(node, name);
	pthread_mutex_unlock(&nodes->lock);
}

int node_last_name(struct nodes *nodes, uint64_t ino, struct shmfs_name *ret_name)
{
	const struct node *node;
	int r = -ESTALE;

	pthread_mutex_lock(&nodes->lock);
	node = find(nodes, ino);
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

int node_reach(struct nodes *nodes, uint64_t ino, struct reach *ret_reach)
{
	struct reach reach = {.fd = -1, .kind = REACH_NAME};
	struct node *node;

	pthread_mutex_lock(&nodes->lock);
	node = find(nodes, ino);
	if (node)
		reach_node(node, &reach);
	pthread_mutex_unlock(&nodes->lock);
	if (!node)
		return -ESTALE;
	*ret_reach = reach;
	return 0;
}

void node_reached(struct nodes *nodes, uint64_t ino, struct reach *reach)
{
	if (reach->kind == REACH_OPEN)
		node_close(nodes, ino);
	else if (reach->kind == REACH_HELD)
		close(reach->fd);
	reach->fd = -1;
}

int node_open(struct nodes *nodes, uint64_t ino, bool read, bool write)
{
	struct node *node;
	int r = -ENOENT;

	pthread_mutex_lock(&nodes->lock);
	node = find(nodes, ino);
	if (node && node->region && (!read || shmfs_region_reader(node->region) >= 0) &&
		(!write || shmfs_region_writer(node->region) >= 0)) {
		node->opens++;
		r = 0;
	}
	pthread_mutex_unlock(&nodes->lock);
	return r;
}

int node_open_fd(struct nodes *nodes, uint64_t ino, int fd)
{
	struct shmfs_region *region = NULL;
	struct node *node;
	int backing, r;

	if (nodes->noatime)
		fcntl(fd, F_SETFL, O_NOATIME); /* refused: not ours, and so be it */
	/* Made before the lock is taken, and given back if somebody was faster. */
	r = shmfs_region_new(&region, MAP_AFTER_PASSES);
	if (r < 0) {
		close(fd);
		return r;
	}
	backing = node_region(nodes, ino) ? 0 : passthrough_open(nodes->passthrough, fd);
	pthread_mutex_lock(&nodes->lock);
	node = find(nodes, ino);
	if (node) {
		if (!node->region) {
			node->region = region;
			region = NULL;
			node->backing = backing;
			backing = 0;
		}
		node->opens++;
		shmfs_region_consume_fd(node->region, fd);
	}
	pthread_mutex_unlock(&nodes->lock);
	shmfs_region_free(region);
	if (backing > 0)
		passthrough_close(nodes->passthrough, backing);
	if (!node)
		close(fd);
	return node ? 0 : -ESTALE;
}

void node_close(struct nodes *nodes, uint64_t ino)
{
	struct shmfs_region *region = NULL;
	struct node *node, *unused = NULL;
	int backing = 0;

	pthread_mutex_lock(&nodes->lock);
	node = find(nodes, ino);
	if (node && node->opens > 0 && --node->opens == 0) {
		region = node->region;
		node->region = NULL;
		backing = node->backing;
		node->backing = 0;
		unused = take_if_unused(nodes, node);
	}
	pthread_mutex_unlock(&nodes->lock);
	shmfs_region_free(region);
	if (backing > 0)
		passthrough_close(nodes->passthrough, backing);
	if (unused)
		node_free(unused);
}

struct shmfs_region *node_region(struct nodes *nodes, uint64_t ino)
{
	struct shmfs_region *region;
	struct node *node;

	pthread_mutex_lock(&nodes->lock);
	node = find(nodes, ino);
	region = node ? node->region : NULL;
	pthread_mutex_unlock(&nodes->lock);
	return region;
}

int node_backing(struct nodes *nodes, uint64_t ino)
{
	struct node *node;
	int backing;

	pthread_mutex_lock(&nodes->lock);
	node = find(nodes, ino);
	backing = node ? node->backing : 0;
	pthread_mutex_unlock(&nodes->lock);
	return backing;
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
	node = find(nodes, ino);
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

bool nodes_let_go(struct nodes *nodes, bool all, int *ret_wait)
{
	bool any = false;
	int fd;

	/* Closing may free a lot of memory: not with the lock held. */
	for (;;) {
		pthread_mutex_lock(&nodes->lock);
		fd = gone_take_fd(&nodes->held, all, ret_wait);
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
