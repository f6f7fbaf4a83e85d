/* SPDX-License-Identifier: MIT */
/* Nodes that are open: node.c tells the model. */
#include "node_private.h"

#include "journal.h"
#include "passthrough.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/*
 * A mapping that is new costs about twice as much as it saves when the object is copied through it
 * once.
 */
#define MAP_AFTER_PASSES 2

/* What is open already. The kernel has looked it up at least once. */
static int inherit(struct nodes *nodes, struct shared_open *open)
{
	struct node *node = nodes_add(nodes, open->ino);
	int r;

	if (!node)
		return -ENOMEM;
	r = shmfs_region_new(&node->region, MAP_AFTER_PASSES);
	if (r < 0)
		return r;
	shmfs_region_adopt(node->region, open->reader, open->writer);
	node->open = open;
	node->opens = open->count;
	node->lookups = 1;
	return 0;
}

int nodes_inherit_opens(struct nodes *nodes)
{
	struct shared *shared = nodes->opens.shared;
	int r = 0;

	for (uint32_t i = 0; i < shared->opens_used && r == 0; i++)
		if (shared->opens[i].ino != 0)
			r = inherit(nodes, &shared->opens[i]);
	return r;
}

/* lock is held. The open is to be noted like this, with one more. */
static void count_open(struct nodes *nodes, struct node *node, struct shared_open after)
{
	after.reader = shmfs_region_reader(node->region);
	after.writer = shmfs_region_writer(node->region);
	after.count++;
	journal_count(nodes->opens.shared, node->open, &after, true);
	node->opens++;
}

int node_count_open(struct nodes *nodes, uint64_t ino, bool read, bool write)
{
	struct node *node;
	int r = -ENOENT;

	pthread_mutex_lock(&nodes->lock);
	node = nodes_find(nodes, ino);
	if (node && node->region && (!read || shmfs_region_reader(node->region) >= 0) &&
		(!write || shmfs_region_writer(node->region) >= 0)) {
		count_open(nodes, node, *node->open);
		r = 0;
	}
	pthread_mutex_unlock(&nodes->lock);
	return r;
}

/* Not registered, because somebody else had it open. */
#define UNREGISTERED (-1)

/*
 * lock is held. Takes the region and the backing id if there are none yet, and fd unless it
 * returns an error. -EAGAIN: nobody has it open any more, it is to be registered.
 */
static int open_with(
	struct nodes *nodes, struct node *node, int fd, struct shmfs_region **region, int *backing)
{
	struct shared_open after = {.ino = node->entry.key, .backing = *backing};

	if (node->region) {
		after = *node->open;
	} else if (*backing == UNREGISTERED) {
		return -EAGAIN;
	} else {
		node->open = opens_take(&nodes->opens);
		if (!node->open)
			return -ENFILE;
		node->region = *region;
		*region = NULL;
		*backing = 0;
	}
	shmfs_region_consume_fd(node->region, fd);
	count_open(nodes, node, after);
	return 0;
}

/* Returns a backing id or 0. */
static int register_fd(struct nodes *nodes, int fd)
{
	struct shared *shared = nodes->opens.shared;
	int id;

	journal_registering(shared);
	id = passthrough_open(nodes->passthrough, fd);
	journal_saw_backing(shared, id);
	return id;
}

static int add_fd(
	struct nodes *nodes, uint64_t ino, int fd, struct shmfs_region **region, int *backing)
{
	struct node *node;
	int r;

	pthread_mutex_lock(&nodes->lock);
	node = nodes_find(nodes, ino);
	r = node ? open_with(nodes, node, fd, region, backing) : -ESTALE;
	pthread_mutex_unlock(&nodes->lock);
	return r;
}

int node_add_fd(struct nodes *nodes, uint64_t ino, int fd)
{
	struct shmfs_region *region = NULL;
	int backing, r;

	if (nodes->noatime)
		fcntl(fd, F_SETFL, O_NOATIME); /* refused: not ours, and so be it */
	/* Made before the lock is taken, and given back if somebody was faster. */
	r = shmfs_region_new(&region, MAP_AFTER_PASSES);
	if (r < 0) {
		close(fd);
		return r;
	}
	backing = node_region(nodes, ino) ? UNREGISTERED : register_fd(nodes, fd);
	r = add_fd(nodes, ino, fd, &region, &backing);
	if (r == -EAGAIN) {
		backing = register_fd(nodes, fd);
		r = add_fd(nodes, ino, fd, &region, &backing);
	}
	shmfs_region_free(region);
	if (backing > 0)
		passthrough_close(nodes->passthrough, backing);
	journal_registered();
	if (r < 0)
		close(fd);
	return r;
}

/* What was open is not any more; its entry has a count of 0. */
static void give_up(struct nodes *nodes, struct shared_open *open, struct shmfs_region *region)
{
	shmfs_region_free(region);
	if (open->backing > 0)
		passthrough_close(nodes->passthrough, open->backing);
	pthread_mutex_lock(&nodes->lock);
	opens_give_back(&nodes->opens, open);
	pthread_mutex_unlock(&nodes->lock);
}

/* lock is held. */
static void count_close(struct nodes *nodes, struct node *node)
{
	struct shared_open after = *node->open;

	after.count--;
	journal_count(nodes->opens.shared, node->open, &after, false);
}

static void end_open(struct nodes *nodes, uint64_t ino, bool is_kernel)
{
	struct shmfs_region *region = NULL;
	struct shared_open *open = NULL;
	struct node *node, *unused = NULL;

	pthread_mutex_lock(&nodes->lock);
	node = nodes_find(nodes, ino);
	if (node && node->opens > 0) {
		if (is_kernel && node->open->count > 0)
			count_close(nodes, node);
		if (--node->opens == 0) {
			region = node->region;
			node->region = NULL;
			open = node->open;
			node->open = NULL;
			unused = nodes_take_if_unused(nodes, node);
		}
	}
	pthread_mutex_unlock(&nodes->lock);
	if (open)
		give_up(nodes, open, region);
	if (unused)
		nodes_drop(unused);
}

void node_close(struct nodes *nodes, uint64_t ino)
{
	end_open(nodes, ino, true);
}

void node_end_pin(struct nodes *nodes, uint64_t ino)
{
	end_open(nodes, ino, false);
}

struct shmfs_region *node_region(struct nodes *nodes, uint64_t ino)
{
	struct shmfs_region *region;
	struct node *node;

	pthread_mutex_lock(&nodes->lock);
	node = nodes_find(nodes, ino);
	region = node ? node->region : NULL;
	pthread_mutex_unlock(&nodes->lock);
	return region;
}

int node_backing(struct nodes *nodes, uint64_t ino)
{
	struct node *node;
	int backing;

	pthread_mutex_lock(&nodes->lock);
	node = nodes_find(nodes, ino);
	backing = node && node->open ? node->open->backing : 0;
	pthread_mutex_unlock(&nodes->lock);
	return backing;
}
