/* SPDX-License-Identifier: MIT */
#include "run_obstacle.h"

#include "run_say.h"

#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The number in a file of /proc/sys; `otherwise` if there is none. */
static long setting(int proc, const char *path, long otherwise)
{
	char text[32] = "";
	const int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	ssize_t len;

	if (fd < 0)
		return otherwise;
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	return len > 0 ? strtol(text, NULL, 10) : otherwise;
}

const char *run_obstacle_text(int error, int proc, int in_chroot)
{
	if (setting(proc, "sys/user/max_user_namespaces", 1) == 0)
		return "user namespaces are switched off: sysctl user.max_user_namespaces is 0";
	if (error == -ENOSPC || error == -EUSERS)
		return "too many namespaces: sysctl user.max_user_namespaces and "
		       "user.max_mnt_namespaces limit them";
	if (error == -EINVAL)
		return "the kernel has no user namespaces (CONFIG_USER_NS)";
	if (error == -ENOENT)
		return "/proc is not mounted, and ordinary users need it for a user namespace";
	if (error == -EROFS)
		return "/proc is read-only, and ordinary users write to it for a user namespace";
	if (error != -EPERM && error != -EACCES)
		return strerror(-error);
	if (setting(proc, "sys/kernel/unprivileged_userns_clone", 1) == 0)
		return "user namespaces are switched off for ordinary users: sysctl "
		       "kernel.unprivileged_userns_clone is 0";
	if (setting(proc, "sys/kernel/apparmor_restrict_unprivileged_userns", 0) != 0)
		return "AppArmor restricts user namespaces: a profile with the rule \"userns,\" "
		       "for "
		       "shmfs allows them, or sysctl "
		       "kernel.apparmor_restrict_unprivileged_userns=0";
	if (in_chroot)
		return "the kernel allows no user namespaces in a chroot, so only root can do this "
		       "here";
	return "permission denied: a container or a security module forbids namespaces (podman, "
	       "docker: --security-opt seccomp=..., or --cap-add SYS_ADMIN)";
}

/* In a chroot whose / is no mount point, none of the mounts that can be reached is at /. */
static int is_in_chroot(void)
{
	FILE *table = setmntent("/proc/self/mounts", "re");
	struct mntent entry;
	char line[8192];
	int found = 0;

	if (!table)
		return 0;
	while (!found && getmntent_r(table, &entry, line, sizeof(line)))
		found = strcmp(entry.mnt_dir, "/") == 0;
	endmntent(table);
	return !found;
}

int run_obstacle_say(int error)
{
	const int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const char *text = run_obstacle_text(error, proc, is_in_chroot());

	if (proc >= 0)
		close(proc);
	return run_say("cannot make a private mount namespace here: %s", text);
}
