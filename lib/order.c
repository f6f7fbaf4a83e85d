/* SPDX-License-Identifier: MIT */
/*
 * A treap: a binary search tree by number that is a heap by priority. As priorities are random it
 * is about as deep as a balanced tree, in whatever order items come.
 */
#include "order.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct shmfs_order_item item;

static bool is_lower(const item *a, const item *b)
{
	if (a->ino != b->ino)
		return a->ino < b->ino;
	if (a->tie != b->tie)
		return a->tie < b->tie;
	return (uintptr_t)a < (uintptr_t)b;
}

/* What is lower than `at` goes to *ret_low, the rest to *ret_high. */
static void split(item *set, const item *at, item **ret_low, item **ret_high)
{
	while (set)
		if (is_lower(set, at)) {
			*ret_low = set;
			ret_low = &set->right;
			set = set->right;
		} else {
			*ret_high = set;
			ret_high = &set->left;
			set = set->left;
		}
	*ret_low = NULL;
	*ret_high = NULL;
}

/* All of `low` is lower than all of `high`. */
static item *join(item *low, item *high)
{
	item *set = NULL;
	item **link = &set;

	while (low && high)
		if (low->priority > high->priority) {
			*link = low;
			link = &low->right;
			low = low->right;
		} else {
			*link = high;
			link = &high->left;
			high = high->left;
		}
	*link = low ? low : high;
	return set;
}

void shmfs_order_add(item **set, item *new)
{
	while (*set && (*set)->priority >= new->priority)
		set = is_lower(new, *set) ? &(*set)->left : &(*set)->right;
	split(*set, new, &new->left, &new->right);
	*set = new;
}

void shmfs_order_remove(item **set, item *old)
{
	while (*set != old)
		set = is_lower(old, *set) ? &(*set)->left : &(*set)->right;
	*set = join(old->left, old->right);
}

item *shmfs_order_before(item *set, uint64_t ino, uint32_t tie)
{
	item *found = NULL;

	while (set)
		if (set->ino < ino || (set->ino == ino && set->tie < tie)) {
			found = set;
			set = set->right;
		} else {
			set = set->left;
		}
	return found;
}

item *shmfs_order_below(item *set, const item *at)
{
	item *found = NULL;

	while (set)
		if (is_lower(set, at)) {
			found = set;
			set = set->right;
		} else {
			set = set->left;
		}
	return found;
}
