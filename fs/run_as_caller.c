/* SPDX-License-Identifier: MIT */
#include "run_as_caller.h"

#include <errno.h>

static int run_once(const struct caller *caller, caller_act_fn *act, void *arg)
{
	int r;

	r = caller_enter(caller);
	if (r == 0)
		r = act(arg);
	caller_leave();
	return r;
}

int run_as_caller(struct fs *fs, struct caller *caller, caller_act_fn *act, void *arg)
{
	int r;

	r = run_once(caller, act, arg);
	if ((r == -EACCES || r == -EPERM) && caller_read_groups(caller))
		r = run_once(caller, act, arg);
	if (r == -ENOSPC && hold_make_room(&fs->hold))
		r = run_once(caller, act, arg);
	return r;
}

int run_as_member(struct fs *fs, struct caller *caller, caller_act_fn *act, void *arg)
{
	caller_read_groups(caller);
	return run_as_caller(fs, caller, act, arg);
}
