/* SPDX-License-Identifier: MIT */
/*
 * An operation on the tmpfs as the caller: tmpfs itself judges, by the owner, group, mode and ACL
 * of the very object that is used, and its judgement stands.
 */
#ifndef SHMFS_RUN_AS_CALLER_H
#define SHMFS_RUN_AS_CALLER_H

#include "entry.h"
#include "request/caller.h"

/* One system call, or a few. Its result is that of run_as_caller(). It may run more than once. */
typedef int caller_act_fn(void *arg);

/*
 * Runs act(arg) under the caller's identity. Supplementary groups are read when tmpfs has refused
 * without them; held objects (hold.h) are let go when there is no room. Returns the last result of
 * act: a value >= 0 or -errno.
 */
int run_as_caller(struct fs *fs, struct caller *caller, caller_act_fn *act, void *arg);

/*
 * The same with the groups from the start: where they decide not whether, but how, because
 * S_ISGID is set or is to be set.
 */
int run_as_member(struct fs *fs, struct caller *caller, caller_act_fn *act, void *arg);

/*
 * To be called before these for each file or directory (O_PATH will do) that may refuse the caller.
 * An ACL can refuse a group an access that it grants to all other users: where there is one, the
 * groups are read first. Returns whether tmpfs has to be asked, because an ACL may refuse an access
 * that the mode grants; not with -o acl, where the kernel has asked the ACL.
 */
bool caller_heed_acl(const struct fs *fs, struct caller *caller, int fd);

/* As entry_pin_directory(), and heeds the ACL of the directory. */
int caller_pin_directory(
	struct fs *fs, struct caller *caller, uint64_t ino, struct node_fd *ret_fd);

#endif
