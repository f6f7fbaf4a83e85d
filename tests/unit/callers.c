/* SPDX-License-Identifier: MIT */
#include "callers.h"

static int ask(struct shmfs_caller *caller, gid_t gid)
{
	struct who *who = (struct who *)caller;

	who->asked++;
	return who->supplementary != 0 && who->supplementary == gid;
}

struct who callers[CALLERS] = {
	{{OWNER, ELSE, ask}, 0, 0, "owner, in no group"},
	{{OWNER, GROUP, ask}, 0, 0, "owner, in the group"},
	{{OWNER, ELSE, ask}, GROUP, 0, "owner, in the group by the way"},
	{{STRANGER, GROUP, ask}, 0, 0, "member of the group"},
	{{STRANGER, ELSE, ask}, GROUP, 0, "member of the group by the way"},
	{{STRANGER, ELSE, ask}, 0, 0, "other"},
	{{0, 0, ask}, 0, 0, "root"},
};

bool who_is_root(const struct who *who)
{
	return who->caller.uid == 0;
}

bool who_has_group(const struct who *who, gid_t gid)
{
	return who->caller.gid == gid || (who->supplementary == gid && gid != 0);
}

struct stat inode_of(mode_t type, mode_t mode, uid_t uid, gid_t gid)
{
	return (struct stat){.st_mode = type | mode, .st_uid = uid, .st_gid = gid};
}
