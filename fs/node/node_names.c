/* SPDX-License-Identifier: MIT */
#include "node_names.h"

#include "request/fuse3.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As in node.c. */
#define DEPTH_MAX 4096

struct named {
	struct shmfs_table_entry entry; /* first: the table hands it out for the name */
	uint64_t parent;
	char name[];
};

int node_names_init(struct node_names *names)
{
	return shmfs_table_init(&names->table);
}

static void free_entry(struct shmfs_table_entry *entry)
{
	free(entry);
}

void node_names_clear(struct node_names *names)
{
	if (!names->table.buckets)
		return;
	shmfs_table_clear(&names->table, free_entry);
	shmfs_table_free(&names->table);
}

static struct named *find_named(const struct node_names *names, uint64_t ino)
{
	return (struct named *)shmfs_table_find(&names->table, ino);
}

void node_names_remove(struct node_names *names, uint64_t ino)
{
	struct named *named = find_named(names, ino);

	if (!named)
		return;
	shmfs_table_remove(&names->table, &named->entry);
	free(named);
}

int node_names_set(struct node_names *names, uint64_t ino, uint64_t parent, const char *name)
{
	const size_t size = strlen(name) + 1;
	struct named *named = find_named(names, ino);

	if (named && named->parent == parent && strcmp(named->name, name) == 0)
		return 0;
	node_names_remove(names, ino);
	named = malloc(sizeof(*named) + size);
	if (!named)
		return -ENOMEM;
	named->entry.key = ino;
	named->parent = parent;
	memcpy(named->name, name, size);
	shmfs_table_add(&names->table, &named->entry);
	return 0;
}

int node_names_get(const struct node_names *names, uint64_t ino, struct node_name *ret_name)
{
	const struct named *named = find_named(names, ino);

	if (!named)
		return -ESTALE;
	ret_name->parent = named->parent;
	strcpy(ret_name->text, named->name);
	return 0;
}

/*
 * Does not enter another mount: its server may never answer, and its inode numbers mean nothing
 * here. Returns a descriptor, or a negative number.
 */
static int open_directory(int dir, const char *name)
{
	const struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_NO_XDEV,
	};

	return (int)syscall(SYS_openat2, dir, name, &how, sizeof(how));
}

static int open_known(const struct node_names *names, int root, uint64_t ino, int depth)
{
	struct node_name name;
	int dir, fd;

	if (ino == FUSE_ROOT_ID)
		return open_directory(root, ".");
	if (depth == DEPTH_MAX || node_names_get(names, ino, &name) < 0)
		return -1;
	dir = open_known(names, root, name.parent, depth + 1);
	if (dir < 0)
		return -1;
	fd = open_directory(dir, name.text);
	close(dir);
	return fd;
}

/* A directory that is still to be read. It is not open, as there may be more than descriptors. */
struct pending {
	struct pending *next;
	uint64_t ino;
};

/* Best effort, as all that follows: without memory nodes are stale. */
static void add_pending(struct pending **pending, uint64_t ino)
{
	struct pending *new = malloc(sizeof(*new));

	if (!new)
		return;
	new->ino = ino;
	new->next = *pending;
	*pending = new;
}

static void learn_from(struct node_names *names, const struct node_table *table, uint64_t parent,
	DIR *dir, struct pending **pending)
{
	const struct dirent *entry;

	while ((entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
			!node_table_find(table, entry->d_ino))
			continue;
		if (!find_named(names, entry->d_ino))
			node_names_set(names, entry->d_ino, parent, entry->d_name);
		if (entry->d_type == DT_DIR)
			add_pending(pending, entry->d_ino);
	}
}

static void learn_from_known(struct node_names *names, int root, const struct node_table *table,
	uint64_t ino, struct pending **pending)
{
	const int fd = open_known(names, root, ino, 0);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;

	if (dir) {
		learn_from(names, table, ino, dir, pending);
		closedir(dir);
	} else if (fd >= 0) {
		close(fd);
	}
}

void node_names_relearn(struct node_names *names, int root, const struct node_table *table)
{
	struct pending *pending = NULL;

	add_pending(&pending, FUSE_ROOT_ID);
	while (pending) {
		struct pending *this = pending;

		pending = this->next;
		learn_from_known(names, root, table, this->ino, &pending);
		free(this);
	}
}
