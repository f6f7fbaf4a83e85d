/* SPDX-License-Identifier: MIT */
#include "identity_world.h"

#include "object.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As lib/identity.c does. */
#ifndef SYS_setgroups32
#define SYS_setgroups32 SYS_setgroups
#endif

const gid_t identity_extra[] = {EXTRA};
struct identity_refused identity_refused;

int __wrap_setfsuid(uid_t uid)
{
	return __real_setfsuid(identity_refused.setfsuid ? (uid_t)-1 : uid);
}

int __wrap_setfsgid(gid_t gid)
{
	return __real_setfsgid(identity_refused.setfsgid ? (gid_t)-1 : gid);
}

long __wrap_syscall(long number, ...)
{
	va_list list;
	long a[3];

	va_start(list, number);
	for (int i = 0; i < 3; i++)
		a[i] = va_arg(list, long);
	va_end(list);
	if (identity_refused.setgroups && number == SYS_setgroups32) {
		errno = EPERM;
		return -1;
	}
	return __real_syscall(number, a[0], a[1], a[2]);
}

void identity_check(uid_t uid, gid_t gid, int groups)
{
	CHECK((uid_t)__real_setfsuid((uid_t)-1) == uid);
	CHECK((gid_t)__real_setfsgid((gid_t)-1) == gid);
	CHECK(__real_syscall(SYS_getgroups, 0, NULL) == groups);
	CHECK(geteuid() == 0 && getegid() == 0);
}

void identity_check_creates(const char *name, uid_t uid, gid_t gid)
{
	const int dir = open(SHMFS_OBJECT_DIR, O_PATH | O_DIRECTORY | O_CLOEXEC);
	const int fd = shmfs_object_create(dir, name, 06755);
	struct stat st;

	CHECK(fd >= 0);
	close(dir);
	CHECK(fstat(fd, &st) == 0);
	CHECK(st.st_uid == uid && st.st_gid == gid);
	CHECK((st.st_mode & 07777) == 06755); /* a chown afterwards would have cleared bits */
	close(fd);
}
