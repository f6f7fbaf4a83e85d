/* SPDX-License-Identifier: MIT */
#include "takeover_client.h"

#include "takeover_model.h"
#include "util.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void do_create(struct client *c)
{
	const int object = free_object(c), used = used_name(c);
	int name;

	if (used >= 0)
		FAILS(c, open(name_of(used), O_RDWR | O_CREAT | O_EXCL, 0600), EEXIST);
	name = free_name(c);
	if (object < 0 || name < 0)
		return;
	c->objects[object].size = 0;
	c->objects[object].fd = open(name_of(name), O_RDWR | O_CREAT | O_EXCL, 0640);
	if (ok(c, "create", c->objects[object].fd))
		set_name(c, name, object);
}

static void do_open(struct client *c)
{
	const int name = used_name(c);
	struct object *o;
	int flags = O_RDWR;

	if (name < 0)
		return;
	o = &c->objects[c->names[name]];
	if (pick(c, 4) == 0) {
		flags |= O_TRUNC;
		o->size = 0;
	} else if (pick(c, 2) == 0) {
		flags |= O_CREAT;
	}
	if (o->fd >= 0)
		OK(c, close(o->fd));
	o->fd = open(name_of(name), flags, 0600);
	ok(c, "open", o->fd);
}

static void do_close(struct client *c)
{
	struct object *o = open_object(c);

	if (!o)
		return;
	OK(c, close(o->fd));
	if (o->appender >= 0)
		OK(c, close(o->appender));
	o->fd = o->appender = -1;
}

static void shorten(struct client *c, struct object *o, size_t size)
{
	if (OK(c, ftruncate(o->fd, (off_t)size))) {
		if (size > o->size)
			memset(o->bytes + o->size, 0, size - o->size);
		o->size = size;
	}
}

static void do_append(struct client *c)
{
	const int name = used_name(c);
	unsigned char piece[PIECE_MAX];
	const size_t len = 1 + pick(c, PIECE_MAX - 1);
	struct object *o;

	if (name < 0)
		return;
	o = &c->objects[c->names[name]];
	if (o->fd < 0)
		return;
	if (o->appender < 0)
		o->appender = open(name_of(name), O_WRONLY | O_APPEND);
	if (!ok(c, "open to append", o->appender))
		return;
	if (o->size + len > SIZE_MAX_)
		shorten(c, o, 0);
	fill(piece, len, next_random(&c->random), 0);
	MUST(c, write(o->appender, piece, len) == (ssize_t)len);
	memcpy(o->bytes + o->size, piece, len);
	o->size += len;
}

static void do_write(struct client *c)
{
	struct object *o = open_object(c);
	unsigned char piece[PIECE_MAX];
	const size_t at = pick(c, SIZE_MAX_ - PIECE_MAX), len = 1 + pick(c, PIECE_MAX - 1);

	if (!o)
		return;
	fill(piece, len, next_random(&c->random), 0);
	MUST(c, pwrite(o->fd, piece, len, (off_t)at) == (ssize_t)len);
	if (at > o->size)
		memset(o->bytes + o->size, 0, at - o->size);
	memcpy(o->bytes + at, piece, len);
	if (at + len > o->size)
		o->size = at + len;
}

static void do_read(struct client *c)
{
	static unsigned char got[SIZE_MAX_ + PIECE_MAX + 1];
	struct object *o = open_object(c);
	struct stat st;

	if (!o)
		return;
	MUST(c, pread(o->fd, got, sizeof(got), 0) == (ssize_t)o->size);
	MUST(c, memcmp(got, o->bytes, o->size) == 0);
	if (!OK(c, fstat(o->fd, &st)))
		return;
	MUST(c, st.st_size == (off_t)o->size);
	MUST(c, st.st_nlink == (nlink_t)o->links);
}

static void do_truncate(struct client *c)
{
	struct object *o = open_object(c);

	if (o)
		shorten(c, o, pick(c, SIZE_MAX_));
}

static void do_map(struct client *c)
{
	struct object *o = open_object(c);
	unsigned char *map;
	size_t at;

	if (!o || o->size == 0 || !c->mmap)
		return;
	map = mmap(NULL, o->size, PROT_READ | PROT_WRITE, MAP_SHARED, o->fd, 0);
	if (!ok(c, "mmap", map == MAP_FAILED ? -1 : 0))
		return;
	MUST(c, memcmp(map, o->bytes, o->size) == 0);
	at = pick(c, (unsigned)o->size);
	map[at] = o->bytes[at] = (unsigned char)next_random(&c->random);
	munmap(map, o->size);
}

static void do_rename(struct client *c)
{
	const int from = used_name(c), to = (int)pick(c, NAMES);
	const bool taken = to >= 0 && c->names[to] >= 0;

	if (from < 0 || from == to)
		return;
	if (taken)
		FAILS(c,
			renameat2(AT_FDCWD, name_of(from), AT_FDCWD, name_of(to), RENAME_NOREPLACE),
			EEXIST);
	if (!OK(c, rename(name_of(from), name_of(to))) || c->names[from] == c->names[to])
		return;
	set_name(c, to, c->names[from]);
	set_name(c, from, -1);
	FAILS(c, access(name_of(from), F_OK), ENOENT);
}

static void do_exchange(struct client *c)
{
	const int a = used_name(c), b = used_name(c);
	int object;

	if (a < 0 || a == b ||
		!OK(c, renameat2(AT_FDCWD, name_of(a), AT_FDCWD, name_of(b), RENAME_EXCHANGE)))
		return;
	object = c->names[a];
	c->names[a] = c->names[b];
	c->names[b] = object;
}

static void do_link(struct client *c)
{
	const int from = used_name(c), to = free_name(c), other = used_name(c);

	if (from < 0 || to < 0)
		return;
	FAILS(c, link(name_of(from), name_of(other)), EEXIST);
	if (OK(c, link(name_of(from), name_of(to))))
		set_name(c, to, c->names[from]);
}

static void do_unlink(struct client *c)
{
	const int name = used_name(c), unused = free_name(c);

	if (name >= 0 && OK(c, unlink(name_of(name))))
		set_name(c, name, -1);
	if (unused >= 0)
		FAILS(c, unlink(name_of(unused)), ENOENT);
}

static void do_unnamed(struct client *c)
{
	const int object = free_object(c), name = free_name(c);
	struct object *o;
	char path[32];

	if (object < 0 || name < 0)
		return;
	o = &c->objects[object];
	o->fd = open(".", O_RDWR | O_TMPFILE, 0600);
	if (o->fd < 0 && errno == EOPNOTSUPP)
		return;
	o->size = 0;
	if (!ok(c, "O_TMPFILE", o->fd))
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", o->fd);
	if (pick(c, 2) == 0 &&
		OK(c, linkat(AT_FDCWD, path, AT_FDCWD, name_of(name), AT_SYMLINK_FOLLOW)))
		set_name(c, name, object);
}

/* Every name once, while the listing goes on over several requests. */
static void do_list(struct client *c)
{
	const struct dirent *entry;
	int seen[NAMES] = {0}, others = 0;
	DIR *dir = opendir(".");

	if (!ok(c, "opendir", dir ? 0 : -1))
		return;
	while ((entry = readdir(dir))) {
		const int i = entry->d_name[0] == 'n' ? atoi(entry->d_name + 1) : -1;

		if (i >= 0 && i < NAMES)
			seen[i]++;
		else if (entry->d_name[0] != '.')
			others++;
	}
	closedir(dir);
	for (int i = 0; i < NAMES; i++)
		MUST(c, seen[i] == (c->names[i] >= 0));
	MUST(c, others == c->sub);
}

static void do_directory(struct client *c)
{
	const char *old = c->moved ? "e" : "d", *new = c->moved ? "d" : "e";
	char path[16], target[16] = "";

	snprintf(path, sizeof(path), "%s/link", old);
	if (!c->sub) {
		c->sub = OK(c, mkdir(old, 0755)) && OK(c, symlink("somewhere", path));
	} else if (pick(c, 2) == 0) {
		FAILS(c, mkdir(old, 0755), EEXIST);
		FAILS(c, rmdir(old), ENOTEMPTY);
		if (OK(c, rename(old, new)))
			c->moved = !c->moved;
	} else {
		MUST(c, readlink(path, target, sizeof(target)) == 9);
		c->sub = !(OK(c, unlink(path)) && OK(c, rmdir(old)));
	}
}

/* A request longer than a receiver's buffer. */
static void do_block(struct client *c)
{
	static unsigned char block[MIB], got[MIB];
	const size_t len = MIB - pick(c, 4096);
	const int fd = open("block", O_RDWR | O_CREAT | O_EXCL, 0600);

	if (!ok(c, "open block", fd))
		return;
	fill(block, len, next_random(&c->random), 0);
	MUST(c, pwrite(fd, block, len, 0) == (ssize_t)len);
	MUST(c, pread(fd, got, sizeof(got), 0) == (ssize_t)len);
	MUST(c, memcmp(block, got, len) == 0);
	OK(c, close(fd));
	OK(c, unlink("block"));
}

static void do_mode(struct client *c)
{
	const int name = used_name(c);
	const mode_t mode = 0600 | (pick(c, 64) & 077);
	struct stat st = {0};

	if (name < 0)
		return;
	OK(c, chmod(name_of(name), mode));
	OK(c, stat(name_of(name), &st));
	MUST(c, (st.st_mode & 07777) == mode);
}

static const struct {
	void (*act)(struct client *c);
	const char *name;
} acts[] = {
	{do_create, "create"},
	{do_create, "create"},
	{do_open, "open"},
	{do_close, "close"},
	{do_append, "append"},
	{do_append, "append"},
	{do_write, "write"},
	{do_read, "read"},
	{do_read, "read"},
	{do_truncate, "truncate"},
	{do_map, "map"},
	{do_rename, "rename"},
	{do_exchange, "exchange"},
	{do_link, "link"},
	{do_unlink, "unlink"},
	{do_unnamed, "unnamed"},
	{do_list, "list"},
	{do_directory, "directory"},
	{do_mode, "mode"},
	{do_block, "block"},
};

static unsigned long now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (unsigned long)now.tv_sec * 1000000 + (unsigned long)now.tv_nsec / 1000;
}

static void act(struct client *c)
{
	const unsigned which = pick(c, ARRAY_SIZE(acts));
	const unsigned long begun = now_us();
	unsigned long longest = atomic_load(&c->tally->longest_us), took;

	c->now = acts[which].name;
	acts[which].act(c);
	took = now_us() - begun;
	while (took > longest &&
		!atomic_compare_exchange_weak(&c->tally->longest_us, &longest, took))
		;
	atomic_fetch_add(&c->tally->calls, 1);
}

static void tidy(struct client *c)
{
	c->now = "end";
	for (int i = 0; i < NAMES; i++)
		if (c->names[i] >= 0)
			OK(c, unlink(name_of(i)));
	if (c->sub) {
		OK(c, unlink(c->moved ? "e/link" : "d/link"));
		OK(c, rmdir(c->moved ? "e" : "d"));
	}
}

void client_run(const char *dir, uint32_t seed, bool mmap, struct tally *tally)
{
	struct client *c = calloc(1, sizeof(*c));

	*c = (struct client){.tally = tally, .random = seed, .mmap = mmap, .now = "begin"};
	for (int i = 0; i < NAMES; i++)
		c->names[i] = -1;
	for (int i = 0; i < OBJECTS; i++)
		c->objects[i].fd = c->objects[i].appender = -1;
	umask(0);
	if (OK(c, mkdir(dir, 0755)) && OK(c, chdir(dir))) {
		while (!atomic_load(&tally->stop))
			act(c);
		tidy(c);
		OK(c, chdir("/"));
		OK(c, rmdir(dir));
	}
	free(c);
}
