/* SPDX-License-Identifier: MIT */
/*
 * lib/tree: each byte string is a list of names that come and go. After each of them all that the
 * tree says is compared with what follows from the set of names alone.
 */
#include "fuzz.h"

#include "tree.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { NAMES_MAX = 48, SYMBOLS_MAX = 7, LONGEST = 3 * SYMBOLS_MAX + 1, CHANGES_MAX = 80 };

struct known {
	char name[LONGEST];
	uint64_t ino;
	mode_t type;
};

/* A set without order. */
static struct known names[NAMES_MAX];
static size_t count;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

static struct known *find(const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i].name, name) == 0)
			return &names[i];
	return NULL;
}

static bool is_directory(const char *prefix)
{
	const struct known *known = find(prefix);

	return prefix[0] == '\0' || (known && S_ISDIR(known->type));
}

static bool is_component(const char *text)
{
	return text[0] != '\0' && strcmp(text, ".") != 0 && strcmp(text, "..") != 0;
}

/* The longest prefix that is a directory and leaves a component. */
static size_t place_of(const char *name)
{
	char prefix[LONGEST];
	size_t len = strlen(name);

	do {
		len--;
		memcpy(prefix, name, len);
		prefix[len] = '\0';
	} while (!is_directory(prefix) || !is_component(name + len));
	return len;
}

static bool is_hidden(const char *name)
{
	char marker[LONGEST + 3];

	strcpy(stpcpy(marker, name), SHMFS_NAME_SLASH);
	return is_directory(marker);
}

static bool lies_in(const struct known *known, const char *prefix)
{
	const size_t len = place_of(known->name);

	return len == strlen(prefix) && strncmp(known->name, prefix, len) == 0;
}

static bool is_listed(const struct shmfs_tree_item *items, size_t n, const struct known *known)
{
	char component[LONGEST];
	size_t found = 0;

	strcpy(component, known->name + place_of(known->name));
	if (S_ISDIR(known->type))
		component[strlen(component) - strlen(SHMFS_NAME_SLASH)] = '\0';
	for (size_t i = 0; i < n; i++)
		found += items[i].ino == known->ino && items[i].type == known->type &&
			 strcmp(items[i].component, component) == 0;
	HOLDS(found <= 1);
	return found == 1;
}

/* In pieces. */
static size_t list_all(const struct shmfs_tree *tree, const char *prefix, size_t piece,
	struct shmfs_tree_item *ret_items)
{
	uint64_t from = 0;
	size_t n = 0;
	ssize_t got;

	do {
		got = shmfs_tree_list(tree, prefix, from, ret_items + n, piece);
		HOLDS(got >= 0 && (size_t)got <= piece);
		n += (size_t)got;
		HOLDS(n <= count);
		if (got > 0)
			from = ret_items[n - 1].next;
	} while (got > 0);
	return n;
}

static void check_directory(const struct shmfs_tree *tree, const char *prefix, size_t piece)
{
	static struct shmfs_tree_item items[NAMES_MAX + NAMES_MAX];
	const size_t n = list_all(tree, prefix, piece, items);
	struct shmfs_tree_count got;
	size_t entries = 0, directories = 0;

	for (size_t i = 0; i < count; i++) {
		const bool expected = lies_in(&names[i], prefix) && !is_hidden(names[i].name);

		if (expected)
			HOLDS(is_listed(items, n, &names[i]));
		entries += expected;
		directories += lies_in(&names[i], prefix) && S_ISDIR(names[i].type);
	}
	for (size_t i = 1; i < n; i++)
		HOLDS(items[i].ino <= items[i - 1].ino);
	HOLDS(n == entries);
	HOLDS(shmfs_tree_count(tree, prefix, &got) == 0);
	HOLDS(got.entries == entries && got.directories == directories);
}

static int count_visit(void *arg, const char *encoded, uint64_t ino)
{
	const struct known *known = find(encoded);

	HOLDS(known && known->ino == ino);
	++*(size_t *)arg;
	return 0;
}

/* Each name is below the root, once. */
static void check_all(const struct shmfs_tree *tree, size_t piece)
{
	size_t visited = 0;
	struct shmfs_tree_count unused;

	check_directory(tree, "", piece);
	for (size_t i = 0; i < count; i++) {
		if (S_ISDIR(names[i].type))
			check_directory(tree, names[i].name, piece);
		else
			HOLDS(shmfs_tree_count(tree, names[i].name, &unused) == -ENOENT);
	}
	HOLDS(shmfs_tree_below(tree, "", count_visit, &visited) == 0);
	HOLDS(visited == count);
}

static void take_name(struct input *in, char *ret)
{
	static const char *const symbols[] = {"a", ".", SHMFS_NAME_SLASH, SHMFS_NAME_SLASH};
	const size_t n = 1 + take_byte(in) % SYMBOLS_MAX;
	unsigned int bits = take_byte(in);

	bits |= (unsigned int)take_byte(in) << 8;
	for (size_t i = 0; i < n; i++) {
		ret = stpcpy(ret, symbols[bits & 3]);
		bits >>= 2;
	}
}

static void remove_name(struct shmfs_tree *tree, const char *name)
{
	struct known *known = find(name);

	if (known)
		*known = names[--count];
	shmfs_tree_remove(tree, name);
}

static void set_name(struct shmfs_tree *tree, const char *name, uint8_t byte)
{
	const bool marker = shmfs_name_is_marker(name) && byte % 8 != 0;
	struct known *known = find(name);

	if (!is_component(name) || (!known && count == NAMES_MAX))
		return;
	if (!known)
		known = &names[count++];
	strcpy(known->name, name);
	known->ino = 1 + byte / 8;
	known->type = marker ? S_IFDIR : byte % 2 ? S_IFREG : S_IFLNK;
	HOLDS(shmfs_tree_set(tree, name, known->ino, known->type) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	struct shmfs_tree *tree;

	count = 0;
	HOLDS(shmfs_tree_new(&tree) == 0);
	for (int i = 0; i < CHANGES_MAX && in.size > 0; i++) {
		const uint8_t what = take_byte(&in);
		char name[LONGEST];

		take_name(&in, name);
		if (what == 255) {
			shmfs_tree_clear(tree);
			count = 0;
		} else if (what % 3 == 0) {
			remove_name(tree, name);
		} else {
			set_name(tree, name, take_byte(&in));
		}
		check_all(tree, 1 + what % 7);
	}
	shmfs_tree_free(tree);
	return 0;
}
