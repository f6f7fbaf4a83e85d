/* SPDX-License-Identifier: MIT */
#include "death.h"

#include "process.h"
#include "request/log.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

uint64_t death_count_ooms(void)
{
	static char text[16384];
	const char *line;

	if (shmfs_process_text(AT_FDCWD, "/proc/vmstat", text, sizeof(text)) < 0)
		return 0;
	line = strstr(text, "\noom_kill ");
	return line ? strtoull(line + strlen("\noom_kill "), NULL, 10) : 0;
}

static struct shared *noted_in;

/*
 * The default action is restored before this handler runs. The instruction of a fault repeats its
 * fault on return; this handler sends any other signal again.
 */
static void on_fault(int sig, siginfo_t *info, void *context)
{
	(void)context;
	if (info->si_code > 0 || info->si_pid == getpid())
		atomic_store(&noted_in->fault, (uint32_t)sig);
	if (info->si_code <= 0)
		raise(sig);
}

/* A sanitizer installs a handler of its own, which prints its report: keep that one. */
static bool is_default(int sig)
{
	struct sigaction action;

	return sigaction(sig, NULL, &action) == 0 && action.sa_handler == SIG_DFL;
}

void death_note_faults(struct shared *shared)
{
	static const int faults[] = {SIGSEGV, SIGILL, SIGFPE, SIGSYS, SIGABRT};
	const struct sigaction action = {
		.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | (int)SA_RESETHAND};

	noted_in = shared;
	atomic_store(&shared->fault, 0);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		if (is_default(faults[i]))
			sigaction(faults[i], &action, NULL);
}

enum shared_death death_judge(const struct shared *shared, int status, uint64_t ooms)
{
	if (WIFEXITED(status))
		return WEXITSTATUS(status) == 0 ? DEATH_NONE : DEATH_OWN;
	if (atomic_load(&shared->fault) != 0)
		return DEATH_OWN;
	return WTERMSIG(status) == SIGKILL && death_count_ooms() != ooms ? DEATH_OWN
									 : DEATH_OUTSIDE;
}

static bool was_serving(const struct shared *shared)
{
	for (size_t i = 0; i < SHARED_THREADS; i++)
		if (atomic_load(&shared->services[i].unique) != 0)
			return true;
	return false;
}

bool death_was_at_once(const struct shared *shared, uint64_t answered)
{
	return atomic_load(&shared->answered) == answered && was_serving(shared);
}

void death_log(int status)
{
	if (WIFSIGNALED(status))
		log_info("the worker was ended by signal %d, the next one takes over",
			WTERMSIG(status));
	else
		log_info("the worker ended with status %d, the next one takes over",
			WEXITSTATUS(status));
}

void death_log_failed_start(const struct shared *shared, int status)
{
	if (!shared->covered && WIFSIGNALED(status))
		log_error("the first worker was ended by signal %d before it served",
			WTERMSIG(status));
}
