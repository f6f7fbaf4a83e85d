/* SPDX-License-Identifier: MIT */
#include "takeover_model.h"

#include "util.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

unsigned pick(struct client *c, unsigned n)
{
	return next_random(&c->random) % n;
}

char *name_of(int i)
{
	static char names[2][16];
	static int turn;
	char *name = names[turn ^= 1];

	snprintf(name, sizeof(names[0]), "n%d", i);
	return name;
}

static void complain(struct client *c, atomic_ulong *counter, const char *what, int error)
{
	atomic_fetch_add(counter, 1);
	fprintf(stderr, "# pid %d, %s: %s: %s\n", (int)getpid(), c->now, what,
		error ? strerror(error) : "not as it must be");
}

bool ok(struct client *c, const char *what, long r)
{
	if (r < 0)
		complain(c, &c->tally->errors, what, errno);
	return r >= 0;
}

void fails(struct client *c, const char *what, long r, int error)
{
	if (r >= 0 || errno != error)
		complain(c, &c->tally->wrong, what, r < 0 ? errno : 0);
}

void must(struct client *c, const char *what, bool holds)
{
	if (!holds)
		complain(c, &c->tally->wrong, what, 0);
}

int free_object(const struct client *c)
{
	for (int i = 0; i < OBJECTS; i++)
		if (c->objects[i].links == 0 && c->objects[i].fd < 0)
			return i;
	return -1;
}

int free_name(struct client *c)
{
	const int from = (int)pick(c, NAMES);

	for (int i = 0; i < NAMES; i++)
		if (c->names[(from + i) % NAMES] < 0)
			return (from + i) % NAMES;
	return -1;
}

int used_name(struct client *c)
{
	const int from = (int)pick(c, NAMES);

	for (int i = 0; i < NAMES; i++)
		if (c->names[(from + i) % NAMES] >= 0)
			return (from + i) % NAMES;
	return -1;
}

struct object *open_object(struct client *c)
{
	const int from = (int)pick(c, OBJECTS);

	for (int i = 0; i < OBJECTS; i++)
		if (c->objects[(from + i) % OBJECTS].fd >= 0)
			return &c->objects[(from + i) % OBJECTS];
	return NULL;
}

void set_name(struct client *c, int name, int object)
{
	if (c->names[name] >= 0)
		c->objects[c->names[name]].links--;
	c->names[name] = object;
	if (object >= 0)
		c->objects[object].links++;
}
