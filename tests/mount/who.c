/* SPDX-License-Identifier: MIT */
#include "who.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <unistd.h>

const struct who ROOT = {0, 0, {0}};
const struct who ALICE = {2001, 2001, {0}};
const struct who BOB = {2002, 2002, {0}};
const struct who MEMBER = {2003, 2001, {0}};
const struct who SUPPLEMENT = {2004, 2004, {2010, 2001}};
const struct who NOBODY = {65534, 65534, {0}};

int who_become(struct who who)
{
	size_t n = 0;

	while (n < sizeof(who.groups) / sizeof(*who.groups) && who.groups[n] != 0)
		n++;
	if (setgroups(n, who.groups) < 0 || setresgid(who.gid, who.gid, who.gid) < 0 ||
		setresuid(who.uid, who.uid, who.uid) < 0)
		return -errno;
	return 0;
}

void who_keep_limits(void)
{
	prctl(PR_CAPBSET_DROP, CAP_SYS_RESOURCE);
}
