/* SPDX-License-Identifier: MIT */
#include "probe.h"

#include "request/clock.h"
#include "request/log.h"

#include <signal.h>

/* The limit for the new program's answer, in ms. */
#define ANSWER_MS 10000

static void tell_refused(const struct probe *probe)
{
	log_error("%s cannot take over: this program goes on", probe->successor->program);
}

void probe_start(struct probe *probe)
{
	pid_t pid;

	if (probe->able || probe->pid > 0)
		return;
	pid = successor_ask(probe->successor);
	if (pid < 0) {
		tell_refused(probe);
		return;
	}
	probe->pid = pid;
	probe->end = clock_now_ms() + ANSWER_MS;
}

/* No program is being asked any more. */
static void end_probe(struct probe *probe)
{
	probe->pid = 0;
	probe->end = INT64_MAX;
}

bool probe_answer(struct probe *probe, pid_t child, int status)
{
	if (child != probe->pid)
		return false;
	end_probe(probe);
	probe->able = successor_agrees(status);
	if (!probe->able)
		tell_refused(probe);
	return true;
}

void probe_expire(struct probe *probe, int64_t now)
{
	if (probe->pid == 0 || now < probe->end)
		return;
	kill(probe->pid, SIGKILL);
	end_probe(probe);
	log_error("%s does not tell whether it can take over: this program goes on",
		probe->successor->program);
}
