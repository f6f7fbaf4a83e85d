/* SPDX-License-Identifier: MIT */
/*
 * From a node to its object. What is open has a file descriptor already. Everything else has a name
 * that was right once: what is found there counts only if it has the inode number of the node, and
 * if not, the index is asked for that number.
 */
#include "pin.h"

#include "fuse3.h"
#include "object.h"

#include <errno.h>
#include <unistd.h>

/* How often a name is looked for again that others change all the time. */
#define TRIES 10

/* Something that is done with what has the name, if that is the object with number ino. */
typedef int by_name_fn(const struct shmfs_name *name, uint64_t ino, void *ret);

static int stat_by_name(const struct shmfs_name *name, uint64_t ino, void *ret)
{
	struct stat st;
	int r;

	r = shmfs_object_stat(name, &st);
	if (r < 0)
		return r;
	if (st.st_ino != node_object_ino(ino))
		return -ESTALE;
	*(struct stat *)ret = st;
	return 0;
}

static int pin_by_name(const struct shmfs_name *name, uint64_t ino, void *ret)
{
	struct pin *pin = ret;
	const int fd = shmfs_object_pin(name, node_object_ino(ino), &pin->st);

	if (fd < 0)
		return fd;
	pin->fd = fd;
	pin->kind = PIN_OWN;
	return 0;
}

static bool is_wrong_name(int r)
{
	return r == -ESTALE || r == -ENOENT;
}

/* With the last known name, and if that is wrong with one that is looked for. */
static int by_name(
	struct nodes *nodes, uint64_t ino, struct reach *reach, by_name_fn *act, void *ret)
{
	int r = -ESTALE;

	if (reach->name.text[0] != '\0')
		r = act(&reach->name, ino, ret);
	for (int i = 0; is_wrong_name(r) && i < TRIES; i++) {
		r = node_find_name(nodes, ino, &reach->name);
		if (r < 0)
			return r;
		r = act(&reach->name, ino, ret);
	}
	return r == -ENOENT ? -ESTALE : r;
}

static const struct shmfs_name root = {"/"};

/* It has no name any more. */
static int stat_lookup(struct nodes *nodes, uint64_t ino, struct stat *ret_st)
{
	mode_t type = 0;
	const int fd = node_find_lookup(nodes, ino, &type);
	int r;

	if (fd < 0)
		return fd;
	r = fstat(fd, ret_st) < 0 ? -errno : 0;
	close(fd);
	if (r == 0 && S_ISDIR(type)) {
		if (ret_st->st_nlink > 0)
			return -ESTALE; /* nobody knows its name */
		ret_st->st_mode = S_IFDIR | (ret_st->st_mode & 07777);
	}
	return r;
}

int pin_stat(struct nodes *nodes, uint64_t ino, struct stat *ret_st, struct shmfs_name *ret_name)
{
	struct reach reach;
	int r;

	if (ino == FUSE_ROOT_ID) {
		if (ret_name)
			*ret_name = root;
		return shmfs_object_stat_dir(ret_st);
	}
	r = node_reach(nodes, ino, &reach);
	if (r < 0)
		return r;
	if (reach.kind == REACH_GONE)
		*ret_st = reach.st;
	else if (reach.kind == REACH_NAME)
		r = by_name(nodes, ino, &reach, stat_by_name, ret_st);
	else
		r = fstat(reach.fd, ret_st) < 0 ? -errno : 0;
	if (r == -ESTALE && reach.kind == REACH_NAME)
		r = stat_lookup(nodes, ino, ret_st);
	if (r == 0 && ret_name && reach.kind == REACH_NAME)
		*ret_name = reach.name;
	node_end_reach(nodes, ino, &reach);
	return r;
}

int pin_name(struct nodes *nodes, uint64_t ino, struct shmfs_name *ret_name)
{
	struct stat st;
	int r;

	if (ino == FUSE_ROOT_ID) {
		*ret_name = root;
		return 0;
	}
	r = node_last_name(nodes, ino, ret_name);
	if (r == 0)
		r = stat_by_name(ret_name, ino, &st);
	return is_wrong_name(r) ? node_find_name(nodes, ino, ret_name) : r;
}

/* The pin takes over what the reach has. */
static int pin_reached(const struct reach *reach, struct pin *pin)
{
	pin->fd = reach->fd;
	pin->kind = reach->kind == REACH_OPEN ? PIN_REGION : PIN_OWN;
	return fstat(pin->fd, &pin->st) < 0 ? -errno : 0;
}

static int pin_root(struct pin *ret_pin)
{
	struct pin pin = {.ino = FUSE_ROOT_ID, .kind = PIN_OWN};

	pin.fd = shmfs_object_pin_dir(&pin.st);
	if (pin.fd < 0)
		return pin.fd;
	*ret_pin = pin;
	return 0;
}

/* It has no name any more. */
static int pin_lookup(struct nodes *nodes, uint64_t ino, struct pin *pin)
{
	mode_t type = 0;

	pin->fd = node_find_lookup(nodes, ino, &type);
	if (pin->fd < 0)
		return pin->fd;
	pin->kind = PIN_OWN;
	if (fstat(pin->fd, &pin->st) < 0)
		return -errno;
	return S_ISREG(type) ? 0 : -ESTALE;
}

int pin_get(struct nodes *nodes, uint64_t ino, struct pin *ret_pin)
{
	struct pin pin = {.nodes = nodes, .ino = ino, .fd = -1};
	struct reach reach;
	int r;

	if (ino == FUSE_ROOT_ID)
		return pin_root(ret_pin);
	r = node_reach(nodes, ino, &reach);
	if (r < 0)
		return r;
	if (reach.kind == REACH_GONE)
		return -ESTALE;
	if (reach.kind == REACH_NAME)
		r = by_name(nodes, ino, &reach, pin_by_name, &pin);
	else
		r = pin_reached(&reach, &pin);
	if (r == -ESTALE && reach.kind == REACH_NAME)
		r = pin_lookup(nodes, ino, &pin);
	if (r < 0)
		pin_put(&pin);
	else
		*ret_pin = pin;
	return r;
}

int pin_open(struct nodes *nodes, uint64_t ino, int flags)
{
	struct reach reach;
	struct stat st;
	int r;

	r = node_reach(nodes, ino, &reach);
	if (r < 0)
		return r;
	if (reach.fd >= 0)
		r = shmfs_object_reopen(reach.fd, flags);
	else if (reach.kind == REACH_NAME && reach.name.text[0] != '\0')
		r = shmfs_object_open(&reach.name, ino, flags, &st);
	else
		r = -ESTALE;
	node_end_reach(nodes, ino, &reach);
	return r == -ENOENT ? -ESTALE : r;
}

void pin_put(struct pin *pin)
{
	if (pin->kind == PIN_OWN)
		close(pin->fd);
	else if (pin->kind == PIN_REGION)
		node_end_pin(pin->nodes, pin->ino);
	*pin = (struct pin)PIN_INIT;
}
