/* SPDX-License-Identifier: MIT */
#include "identity.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_setgroups32
#define SYS_setgroups32 SYS_setgroups
#endif

/* The parts of this thread's identity that are not the process's own. */
static _Thread_local struct {
	bool user, group, groups, capabilities;
} changed;

/* The capabilities before they were lowered. */
static _Thread_local struct __user_cap_data_struct own[_LINUX_CAPABILITY_U32S_3];

/* Of this thread only: glibc's setgroups() is for all threads of the process. */
static int thread_setgroups(size_t count, const gid_t *groups)
{
	return syscall(SYS_setgroups32, count, groups) < 0 ? -errno : 0;
}

/* setfsuid(2) reports no error; an id that is not valid changes nothing, and the call returns the
 * present one. */
static bool set_user(uid_t uid)
{
	setfsuid(uid);
	return (uid_t)setfsuid((uid_t)-1) == uid;
}

static bool set_group(gid_t gid)
{
	setfsgid(gid);
	return (gid_t)setfsgid((gid_t)-1) == gid;
}

int shmfs_identity_init(void)
{
	int r;

	/* An ordinary user's daemon acts as that user only, and needs that user's groups. */
	if (geteuid() != 0)
		return 0;
	r = thread_setgroups(0, NULL);
	/* In a user namespace without setgroups(2) there is no other user to act as. */
	return r == -EPERM ? 0 : r;
}

/* There is no libc function for them, and they are the thread's in any case. */
static bool set_capabilities(const struct __user_cap_data_struct *capabilities)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};

	return syscall(SYS_capset, &header, capabilities) == 0;
}

int shmfs_identity_lower(uint32_t capabilities)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct fewer[_LINUX_CAPABILITY_U32S_3];

	if (changed.capabilities || syscall(SYS_capget, &header, own) < 0)
		return -EPERM;
	memcpy(fewer, own, sizeof(fewer));
	fewer[0].effective &= ~capabilities;
	if (!set_capabilities(fewer))
		return -EPERM;
	changed.capabilities = true;
	return 0;
}

int shmfs_identity_assume(uid_t uid, gid_t gid, const gid_t *groups, size_t count)
{
	/*
	 * Groups first: they may be set as long as the thread is still the process's user. That
	 * user needs none: the kernel does not ask root with its capabilities for them, and any
	 * other user has them already.
	 */
	if (count > 0 && (uid != geteuid() || changed.capabilities)) {
		if (thread_setgroups(count, groups) < 0)
			goto refuse;
		changed.groups = true;
	}
	if (gid != getegid()) {
		changed.group = true;
		if (!set_group(gid))
			goto refuse;
	}
	if (uid != geteuid()) {
		changed.user = true;
		if (!set_user(uid))
			goto refuse;
	}
	return 0;

refuse:
	shmfs_identity_restore();
	return -EPERM;
}

void shmfs_identity_restore(void)
{
	if (changed.user && !set_user(geteuid()))
		abort();
	changed.user = false;
	if (changed.group && !set_group(getegid()))
		abort();
	changed.group = false;
	if (changed.groups && thread_setgroups(0, NULL) < 0)
		abort();
	changed.groups = false;
	if (changed.capabilities && !set_capabilities(own))
		abort();
	changed.capabilities = false;
}
