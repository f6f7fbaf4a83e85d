/* SPDX-License-Identifier: MIT */
/*
 * Items in the order of their inode numbers, several with one number in an order of their own. A
 * set is the pointer to its top item, NULL when it is empty; items are parts of what their owner
 * keeps. Every operation takes logarithmic time. Not locked.
 */
#ifndef SHMFS_ORDER_H
#define SHMFS_ORDER_H

#include <stdint.h>

struct shmfs_order_item {
	struct shmfs_order_item *left, *right; /* lower, higher */
	uint64_t ino;
	uint32_t tie;      /* the order among those with one number */
	uint32_t priority; /* random: what keeps the set balanced */
};

/* ino, tie and priority are set, and do not change while it is in a set. */
void shmfs_order_add(struct shmfs_order_item **set, struct shmfs_order_item *item);
void shmfs_order_remove(struct shmfs_order_item **set, struct shmfs_order_item *item);

/* The highest item with a lower number, or with this one and a lower tie; or NULL. */
struct shmfs_order_item *shmfs_order_before(
	struct shmfs_order_item *set, uint64_t ino, uint32_t tie);

/* The next lower one, or NULL. The item need not be in the set any more. */
struct shmfs_order_item *shmfs_order_below(
	struct shmfs_order_item *set, const struct shmfs_order_item *item);

#endif
