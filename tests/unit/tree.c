/* SPDX-License-Identifier: MIT */
/*
 * lib/tree: random names come and go, and every answer is compared with that of a model which knows
 * only the set of names and finds everything anew by the rules.
 */
#include "unit.h"

#include "tree.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { NAMES = 48, LONGEST = 40, STEPS = 4000 };

#define SLASH SHMFS_NAME_SLASH
#define SLASH_LENGTH strlen(SLASH)

struct known {
	char name[LONGEST + 1];
	uint64_t ino;
	mode_t type;
	bool present;
};

struct model {
	struct known names[NAMES];
	uint64_t seed;
};

/* --- the rules --- */

static bool is_component(const char *text)
{
	return text[0] != '\0' && strcmp(text, ".") != 0 && strcmp(text, "..") != 0;
}

static bool is_directory(const struct model *m, const char *prefix)
{
	for (size_t i = 0; i < NAMES; i++)
		if (m->names[i].present && S_ISDIR(m->names[i].type) &&
			strcmp(m->names[i].name, prefix) == 0)
			return true;
	return false;
}

/* The prefix of the directory in which a name lies: the longest that is one. */
static void place_of(const struct model *m, const char *name, char *ret_prefix)
{
	for (size_t len = strlen(name) - 1; len > 0; len--) {
		strcpy(ret_prefix, name);
		ret_prefix[len] = '\0';
		if (is_component(name + len) && is_directory(m, ret_prefix))
			return;
	}
	ret_prefix[0] = '\0';
}

static bool is_hidden(const struct model *m, const char *name)
{
	char marker[LONGEST + 4];

	snprintf(marker, sizeof(marker), "%s%s", name, SLASH);
	return is_directory(m, marker);
}

/* Does the name lie in the directory, or in one that does? */
static bool is_below(const struct model *m, const char *name, const char *prefix)
{
	char place[LONGEST + 1], next[LONGEST + 1];

	place_of(m, name, place);
	while (strcmp(place, prefix) != 0) {
		if (place[0] == '\0')
			return false;
		place_of(m, place, next);
		strcpy(place, next);
	}
	return true;
}

static bool is_entry(const struct model *m, const struct known *known, const char *prefix)
{
	char place[LONGEST + 1];

	if (!known->present || is_hidden(m, known->name))
		return false;
	place_of(m, known->name, place);
	return strcmp(place, prefix) == 0;
}

/* --- comparing --- */

static bool is_item(
	const struct known *known, const char *prefix, const struct shmfs_tree_item *item)
{
	char component[LONGEST + 1];

	if (strlen(known->name) <= strlen(prefix) ||
		strncmp(known->name, prefix, strlen(prefix)) != 0)
		return false;
	strcpy(component, known->name + strlen(prefix));
	if (S_ISDIR(known->type))
		component[strlen(component) - SLASH_LENGTH] = '\0';
	return strcmp(component, item->component) == 0 && known->ino == item->ino &&
	       known->type == item->type;
}

/* The whole listing, in pieces of random size, each of another tree of the same names. */
static size_t list_all(struct shmfs_tree *const trees[2], const char *prefix, uint64_t *seed,
	struct shmfs_tree_item *ret_items)
{
	uint64_t from = 0;
	size_t n = 0;
	ssize_t got;

	do {
		const size_t max = 1 + unit_random(seed) % 5;

		got = shmfs_tree_list(
			trees[unit_random(seed) % 2], prefix, from, ret_items + n, max);
		assert_in_range(got, 0, max);
		n += (size_t)got;
		assert_in_range(n, 0, NAMES);
		if (got > 0)
			from = ret_items[n - 1].next;
		assert_true(got == 0 || from != 0);
	} while (got > 0);
	return n;
}

static void expect_listing(struct model *m, struct shmfs_tree *const trees[2], const char *prefix)
{
	static struct shmfs_tree_item items[NAMES + 8];
	const size_t n = list_all(trees, prefix, &m->seed, items);
	struct shmfs_tree_count count;
	size_t expected = 0, directories = 0;

	for (size_t i = 0; i < NAMES; i++) {
		const struct known *known = &m->names[i];
		size_t found = 0;

		for (size_t k = 0; k < n; k++)
			found += is_item(known, prefix, &items[k]);
		assert_int_equal(found, is_entry(m, known, prefix) ? 1 : 0);
		expected += found;
		directories += found && S_ISDIR(known->type);
	}
	assert_int_equal(n, expected);
	assert_int_equal(shmfs_tree_count(trees[0], prefix, &count), 0);
	assert_int_equal(count.entries, expected);
	assert_int_equal(count.directories, directories);
}

struct visited {
	const struct model *model;
	size_t times[NAMES];
};

static int visit(void *arg, const char *encoded, uint64_t ino)
{
	struct visited *visited = arg;

	for (size_t i = 0; i < NAMES; i++)
		if (strcmp(visited->model->names[i].name, encoded) == 0) {
			assert_int_equal(ino, visited->model->names[i].ino);
			visited->times[i]++;
		}
	return 0;
}

static int stop(void *arg, const char *encoded, uint64_t ino)
{
	(void)encoded;
	(void)ino;
	return ++*(int *)arg == 2 ? -EINTR : 0;
}

static void expect_below(const struct model *m, const struct shmfs_tree *tree, const char *prefix)
{
	struct visited visited = {.model = m};
	size_t all = 0;
	int count = 0;

	assert_int_equal(shmfs_tree_below(tree, prefix, visit, &visited), 0);
	for (size_t i = 0; i < NAMES; i++) {
		const bool below = m->names[i].present && is_below(m, m->names[i].name, prefix);

		assert_int_equal(visited.times[i], below ? 1 : 0);
		all += below;
	}
	assert_int_equal(shmfs_tree_below(tree, prefix, stop, &count), all >= 2 ? -EINTR : 0);
}

static void expect_no_directory(const struct shmfs_tree *tree, const char *prefix)
{
	struct shmfs_tree_count count;
	struct shmfs_tree_item item;
	int visits = 0;

	assert_int_equal(shmfs_tree_count(tree, prefix, &count), -ENOENT);
	assert_int_equal(shmfs_tree_list(tree, prefix, 0, &item, 1), -ENOENT);
	assert_int_equal(shmfs_tree_below(tree, prefix, stop, &visits), -ENOENT);
	assert_int_equal(visits, 0);
}

static void expect_same(struct model *m, struct shmfs_tree *const trees[2])
{
	expect_listing(m, trees, "");
	expect_below(m, trees[0], "");
	for (size_t i = 0; i < NAMES; i++) {
		const char *name = m->names[i].name;

		if (!is_directory(m, name)) {
			expect_no_directory(trees[0], name);
			continue;
		}
		expect_listing(m, trees, name);
		expect_below(m, trees[0], name);
	}
}

/* --- names --- */

static void choose_name(uint64_t *seed, char *ret)
{
	static const char *const pieces[] = {"a", "b", SLASH, SLASH, SLASH, ".", "a" SLASH,
		"a" SLASH, "b" SLASH, "%2", "2F", "%"};
	size_t n = 1 + unit_random(seed) % 6;

	ret[0] = '\0';
	while (n-- > 0)
		strcat(ret, pieces[unit_random(seed) % COUNT(pieces)]);
}

static bool is_new(const struct model *m, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(m->names[i].name, m->names[n].name) == 0)
			return false;
	return true;
}

static void choose_names(struct model *m)
{
	for (size_t i = 0; i < NAMES; i++)
		do
			choose_name(&m->seed, m->names[i].name);
		while (!is_new(m, i));
}

/* Few numbers: some names are links of one object. */
static void choose_object(struct model *m, struct known *known)
{
	static const mode_t types[] = {S_IFREG, S_IFREG, S_IFLNK, S_IFIFO, S_IFSOCK};

	known->present = true;
	known->ino = 1 + unit_random(&m->seed) % NAMES;
	known->type = types[unit_random(&m->seed) % COUNT(types)];
	if (shmfs_name_is_marker(known->name) && unit_random(&m->seed) % 4 > 0)
		known->type = S_IFDIR;
}

static void make_step(struct model *m, struct shmfs_tree *tree)
{
	struct known *known = &m->names[unit_random(&m->seed) % NAMES];

	if (unit_random(&m->seed) % 5 < 2) {
		shmfs_tree_remove(tree, known->name);
		known->present = false;
		return;
	}
	choose_object(m, known);
	assert_int_equal(shmfs_tree_set(tree, known->name, known->ino, known->type), 0);
}

/* Another tree of the same names, which come from the last to the first. */
static struct shmfs_tree *make_again(const struct model *m)
{
	struct shmfs_tree *tree;

	assert_int_equal(shmfs_tree_new(&tree), 0);
	for (size_t i = NAMES; i-- > 0;)
		if (m->names[i].present)
			assert_int_equal(shmfs_tree_set(tree, m->names[i].name, m->names[i].ino,
						 m->names[i].type),
				0);
	return tree;
}

static int by_name(const void *a, const void *b)
{
	const struct known *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* One more, which come in the order of their names: nothing is ever moved. */
static struct shmfs_tree *append_all(const struct model *m)
{
	struct model sorted = *m;
	struct shmfs_tree *tree;

	qsort(sorted.names, NAMES, sizeof(sorted.names[0]), by_name);
	assert_int_equal(shmfs_tree_new(&tree), 0);
	for (size_t i = 0; i < NAMES; i++) {
		const struct known *known = &sorted.names[i];

		if (known->present)
			assert_int_equal(
				shmfs_tree_append(tree, known->name, known->ino, known->type), 0);
	}
	assert_int_equal(shmfs_tree_moves(tree), 0);
	return tree;
}

static void test_random_names_are_where_the_rules_say(void **state)
{
	struct model m = {.seed = unit_seed()};
	const double end = unit_now() + unit_seconds();
	struct shmfs_tree *trees[2];

	(void)state;
	do {
		memset(m.names, 0, sizeof(m.names));
		choose_names(&m);
		assert_int_equal(shmfs_tree_new(&trees[0]), 0);
		for (int i = 0; i < STEPS / NAMES; i++) {
			make_step(&m, trees[0]);
			trees[1] = i % 2 == 0 ? make_again(&m) : append_all(&m);
			expect_same(&m, trees);
			shmfs_tree_free(trees[1]);
		}
		shmfs_tree_clear(trees[0]);
		memset(m.names, 0, sizeof(m.names));
		expect_listing(&m, (struct shmfs_tree *[]){trees[0], trees[0]}, "");
		shmfs_tree_free(trees[0]);
	} while (unit_now() < end);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_names_are_where_the_rules_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
