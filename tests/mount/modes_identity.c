/* SPDX-License-Identifier: MIT */
/* Callers with real credentials, and which modes and operations are tried. */
#include "modes.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { MAX_GROUPS = 128, FIRST_MORE_GROUP = 5000, MODES = 010000, LONG_STRIDE = 256 };

const struct identity identities[] = {
	{"owner", {OWNER, GROUP, {0}}},
	{"owner outside of the group", {OWNER, 2009, {0}}},
	{"owner with supplementary groups", {OWNER, 2009, {GROUP, FRIENDS}}},
	{"member", {2003, GROUP, {0}}},
	{"supplementary member", {2004, 2004, {FRIENDS, GROUP}}},
	{"member of many groups", {2005, 2005, {GROUP}}, .more_groups = 100},
	{"other", {OTHER, OTHER, {FRIENDS}}},
	{"root", {0, 0, {0}}},
	{"owner in a program of somebody else", {OWNER, GROUP, {0}}, .real_differs = true},
	{"somebody in a program of root", {0, 0, {0}}, .real_differs = true},
	{"root as other", {OTHER, OTHER, {GROUP}}, .by_fsuid = true},
};

const size_t identity_count = ARRAY_SIZE(identities);

static int set_groups(const struct identity *identity)
{
	gid_t groups[MAX_GROUPS];
	size_t n = 0;

	while (n < (size_t)identity->more_groups && n < MAX_GROUPS - 2) {
		groups[n] = FIRST_MORE_GROUP + (gid_t)n;
		n++;
	}
	for (size_t i = 0; i < ARRAY_SIZE(identity->who.groups); i++)
		if (identity->who.groups[i] != 0)
			groups[n++] = identity->who.groups[i];
	return setgroups(n, groups);
}

static int write_map(const char *file, const char *text)
{
	const int fd = open(file, O_WRONLY | O_CLOEXEC);
	const ssize_t len = (ssize_t)strlen(text);
	const bool done = fd >= 0 && write(fd, text, (size_t)len) == len;

	close(fd);
	return done ? 0 : -1;
}

/* Afterwards this process is user 0 there; its group too, or one that the namespace lacks. */
static int enter_namespace(const struct identity *identity)
{
	char map[32];

	prctl(PR_SET_DUMPABLE, 1);
	if (unshare(CLONE_NEWUSER) < 0)
		return -1;
	snprintf(map, sizeof(map), "0 %u 1", identity->who.uid);
	if (write_map("/proc/self/uid_map", map) < 0)
		return -1;
	if (identity->namespace == MAPS_USER)
		return 0;
	snprintf(map, sizeof(map), "0 %u 1", identity->who.gid);
	return write_map("/proc/self/setgroups", "deny") < 0 ? -1
							     : write_map("/proc/self/gid_map", map);
}

int identity_become(const struct identity *identity)
{
	const struct who *who = &identity->who;
	const uid_t real = identity->real_differs ? STRANGER : who->uid;

	if (set_groups(identity) < 0)
		return -1;
	if (identity->by_fsuid) {
		setfsgid(who->gid);
		setfsuid(who->uid);
		return 0;
	}
	if (setresgid(who->gid, who->gid, who->gid) < 0 || setresuid(real, who->uid, who->uid) < 0)
		return -1;
	return identity->namespace == NO_NAMESPACE ? 0 : enter_namespace(identity);
}

/* One for each bit, those that programs use, and some with special bits. */
static bool is_usual(int mode, unsigned stride, unsigned phase)
{
	static const short usual[] = {0, 0400, 0200, 0100, 040, 020, 010, 04, 02, 01, 0600, 0640,
		0644, 0664, 0666, 0700, 0750, 0755, 0777, 07, 070, 077, 0707};
	static const short special[] = {0644, 0755, 0777, 06};

	for (size_t i = 0; i < ARRAY_SIZE(usual); i++)
		if (usual[i] == mode)
			return stride < LONG_STRIDE || (i + phase) % 2 == 0;
	for (size_t i = 0; i < ARRAY_SIZE(special); i++)
		if (special[i] == (mode & 0777))
			return ((unsigned)mode / 01000 + i + phase) %
				       (stride < LONG_STRIDE ? 4 : 8) ==
			       0;
	return false;
}

static bool is_among_few(int mode, unsigned phase)
{
	static const short few[] = {0, 0604, 0750, 01777, 06755};

	for (size_t i = 0; i < ARRAY_SIZE(few); i++)
		if (few[i] == mode)
			return (i + phase) % 2 == 0;
	return false;
}

int next_mode(int mode, unsigned stride, unsigned phase)
{
	while (++mode < MODES)
		if (stride > MODES ? is_among_few(mode, phase)
				   : ((unsigned)mode + phase) % stride == 0 ||
					     is_usual(mode, stride, phase))
			return mode;
	return -1;
}

unsigned modes_stride(unsigned usual)
{
	const unsigned stride = (unsigned)number_of("SHMFS_TEST_MODES_STRIDE", 0);

	return stride > 0 ? stride : usual;
}

bool modes_are_few(void)
{
	return modes_stride(USUAL_STRIDE) > MODES;
}

bool op_is_wanted(const struct op *op)
{
	const char *only = getenv("SHMFS_TEST_MODES_ONLY");

	return !only || strstr(op->name, only);
}

bool may_create_existing(void)
{
	char text[8];

	read_text("/proc/sys/fs/protected_regular", text, sizeof(text));
	return text[0] == '0';
}
