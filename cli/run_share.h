/* SPDX-License-Identifier: MIT */
/*
 * Objects of /dev/shm that a namespace has, too: hard links, so both names are one object. The
 * kernel lets users link their own objects, and those that they may read and write (see
 * proc_sys_fs(5), protected_hardlinks).
 */
#ifndef SHMFS_CLI_RUN_SHARE_H
#define SHMFS_CLI_RUN_SHARE_H

#include "run_directory.h"
#include "run_options.h"

/*
 * Links all. Objects that are to come later may be missing. Returns 0 or RUN_FAILED, with the
 * reason printed.
 */
int run_share_link_all(const struct run_options *options, const struct run_directory *directory);

/*
 * Watches for those that come later. Returns a descriptor to poll(2), -1 when there are none, or
 * -errno. run_share_follow() links a new object in place of the one before.
 */
int run_share_watch(const struct run_options *options, const struct run_directory *directory);
void run_share_follow(
	int watch, const struct run_options *options, const struct run_directory *directory);

#endif
