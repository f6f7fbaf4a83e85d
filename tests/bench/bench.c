/* SPDX-License-Identifier: MIT */
/*
 * bench: the same file operations in several directories, in turns. scripts/bench tells users more.
 *
 *   bench.c    starts the measuring process, and cleans up behind it
 *   options.c  the command line
 *   target.c   the directories, and the names used in them
 *   rows.c     the operations
 *   measure.c  one row: preparation, warm-up, rounds
 *   report.c   the table
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "measure.h"
#include "options.h"
#include "report.h"

static int complain(const char *what, const struct target *target, int error)
{
	fprintf(stderr, "bench: %s on %s (%s): %s\n", what, target->label, target->path,
		strerror(-error));
	return 1;
}

static int measure_all(struct options *options, const struct plan *plan)
{
	static struct result results[TARGETS_MAX];
	struct targets *targets = &options->targets;
	const struct target *failed = NULL;
	int r = targets_open(targets, plan->prefix, &failed);

	if (r < 0)
		return complain("preparing", failed, r);
	if (!options->tsv)
		report_heading(targets, plan->rounds);
	for (size_t i = 0; i < ROW_COUNT; i++) {
		if (!options->chosen[i])
			continue;
		r = measure_row(plan, &rows[i], targets, results, &failed);
		if (r < 0)
			return complain(rows[i].name, failed, r);
		report_row(&rows[i], targets, results, plan->rounds, options->tsv);
		if (fflush(stdout) == EOF)
			return 1;
	}
	return 0;
}

/* The signals on which this process wakes up, blocked and with their default actions. */
static void block_signals(sigset_t *ret_signals, sigset_t *ret_before)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGCHLD};

	sigemptyset(ret_signals);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		sigaddset(ret_signals, numbers[i]);
		signal(numbers[i], SIG_DFL);
	}
	sigprocmask(SIG_BLOCK, ret_signals, ret_before);
}

/* Waits for the child, or for a signal that ends it. Returns an exit status in the shell's way. */
static int wait_for_end(pid_t child, const sigset_t *signals)
{
	int status;
	int sig;

	sigwait(signals, &sig);
	if (sig != SIGCHLD)
		kill(child, SIGKILL);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (sig != SIGCHLD)
		return 128 + sig;
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	fprintf(stderr, "bench: ended by signal %d\n", WTERMSIG(status));
	return 128 + WTERMSIG(status);
}

/* A process of its own does the work, so that its files are removed however it ends. */
int main(int argc, char **argv)
{
	char prefix[32];
	struct options options;
	struct plan plan;
	sigset_t signals;
	sigset_t before;
	pid_t child;
	int status;
	int r;

	options_parse(&options, argc, argv);
	snprintf(prefix, sizeof(prefix), "shmfs-bench-%d-", (int)getpid());
	plan = (struct plan){.prefix = prefix, .rounds = options.rounds, .smoke = options.smoke};

	block_signals(&signals, &before);
	child = fork();
	if (child < 0) {
		perror("bench: fork");
		return 1;
	}
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		sigprocmask(SIG_SETMASK, &before, NULL);
		exit(measure_all(&options, &plan));
	}

	status = wait_for_end(child, &signals);
	/* From here a signal ends this process at once, should a target hang. */
	sigprocmask(SIG_SETMASK, &before, NULL);
	r = targets_sweep(&options.targets, prefix);
	if (r < 0 && status == 0) {
		fprintf(stderr, "bench: removing %s*: %s\n", prefix, strerror(-r));
		status = 1;
	}
	return status;
}
