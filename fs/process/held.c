/* SPDX-License-Identifier: MIT */
#include "held.h"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool is_alive(pid_t process, pid_t thread)
{
	return syscall(SYS_tgkill, process, thread, 0) == 0;
}

void held_note(struct shared *shared, pid_t worker)
{
	for (size_t i = 0; i < SHARED_THREADS && shared->held_count < SHARED_HELD; i++) {
		const struct shared_service *service = &shared->services[i];
		const uint64_t unique = atomic_load(&service->unique);

		if (unique != 0 && is_alive(worker, atomic_load(&service->thread)))
			shared->held[shared->held_count++] =
				(struct shared_held){.unique = unique, .worker = worker};
	}
}

bool held_release(struct shared *shared, pid_t worker)
{
	const uint32_t before = shared->held_count;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < before; i++)
		if (shared->held[i].worker != worker)
			shared->held[kept++] = shared->held[i];
	shared->held_count = kept;
	return kept != before;
}
