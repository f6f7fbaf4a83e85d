/* SPDX-License-Identifier: MIT */
#include "run_use.h"

#include "holders.h"
#include "run_inhabitant.h"
#include "run_left.h"
#include "run_lock.h"
#include "run_say.h"

#include <unistd.h>

static bool is_another(const struct run_lock *lock)
{
	return lock->pid != getpid();
}

pid_t run_use_find(const struct run_directory *directory)
{
	const pid_t pid = run_lock_find(directory->st.st_dev, directory->st.st_ino, is_another);

	return pid ? pid : run_inhabitant_find(directory);
}

static pid_t holder_of(const struct shmfs_holders *holders, const struct run_objects *objects)
{
	for (size_t i = 0; i < objects->count; i++) {
		const struct stat *st = &objects->object[i].st;
		size_t count;
		const struct shmfs_holder *holder =
			shmfs_holders_of(holders, st->st_dev, st->st_ino, &count);

		if (holder)
			return holders->processes[holder->process].is.pid;
	}
	return 0;
}

pid_t run_use_find_holder(const struct run_directory *directory)
{
	struct shmfs_holders holders = {0};
	struct run_objects objects;
	pid_t pid = 0;
	int r = run_objects_list(&objects, directory->fd);

	if (r == 0 && objects.count > 0)
		r = shmfs_holders_scan(directory->st.st_dev, NULL, NULL, &holders);
	if (r == 0)
		pid = holder_of(&holders, &objects);
	shmfs_holders_free(&holders);
	run_objects_free(&objects);
	return r < 0 ? r : pid;
}

int run_use_refuse(const char *name, pid_t pid, const char *what)
{
	char command[32];

	if (pid == 0)
		return run_say("%s: in use by a process that cannot be seen here%s", name, what);
	run_inhabitant_name(pid, command, sizeof(command));
	return run_say("%s: in use by process %d (%s)%s", name, pid, command, what);
}
