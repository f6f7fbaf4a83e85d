/* SPDX-License-Identifier: MIT */
/* lib/sigbus: the handler that was there before still gets the faults that are not ours. */
#include "unit.h"

#include "sigbus.h"
#include "sigbus_world.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

static sigjmp_buf recovery;
static void *volatile seen_address;
static volatile sig_atomic_t seen_count;

static void on_simple(int sig)
{
	(void)sig;
	seen_count++;
	siglongjmp(recovery, 1);
}

static void on_detailed(int sig, siginfo_t *info, void *context)
{
	CHECK(context != NULL);
	seen_address = info->si_addr;
	on_simple(sig);
}

/* The handler that was there before recovers, three times, and our guard works in between. */
static void check_previous_gets_it(
	const struct sigaction *previous, const void *expected, char *none)
{
	char *buffer = sigbus_buffer('a');

	CHECK(sigaction(SIGBUS, previous, NULL) == 0);
	CHECK(shmfs_sigbus_install() == 0);
	for (volatile int i = 0; i < 3; i++) {
		if (sigsetjmp(recovery, 1) == 0)
			none[3] = 1;
		CHECK(seen_count == i + 1);
		CHECK(seen_address == expected);
		CHECK(shmfs_sigbus_copy(buffer, none, sigbus_page, none) == -EFAULT);
		CHECK(seen_count == i + 1);
	}
}

static void child_previous_simple(void *arg)
{
	const struct sigaction previous = {.sa_handler = on_simple};

	(void)arg;
	check_previous_gets_it(&previous, NULL, sigbus_mapping(0));
}

static void child_previous_detailed(void *arg)
{
	const struct sigaction previous = {.sa_sigaction = on_detailed, .sa_flags = SA_SIGINFO};
	char *none = sigbus_mapping(0);

	(void)arg;
	check_previous_gets_it(&previous, none + 3, none);
}

static void test_handler_from_before_gets_foreign_faults(void **state)
{
	(void)state;
	assert_child_passes(child_previous_simple, NULL);
	assert_child_passes(child_previous_detailed, NULL);
}

static void child_sent_and_ignored(void *arg)
{
	(void)arg;
	signal(SIGBUS, SIG_IGN);
	CHECK(shmfs_sigbus_install() == 0);
	CHECK(kill(getpid(), SIGBUS) == 0);
	CHECK(kill(getpid(), SIGBUS) == 0);
}

/* The kernel does not let a process ignore a fault of its own. */
static void child_fault_and_ignored(void *arg)
{
	(void)arg;
	signal(SIGBUS, SIG_IGN);
	CHECK(shmfs_sigbus_install() == 0);
	*(volatile char *)sigbus_mapping(0) = 1;
}

static void test_ignored_before_is_ignored_as_far_as_can_be(void **state)
{
	(void)state;
	assert_child_passes(child_sent_and_ignored, NULL);
	assert_child_dies_of(SIGBUS, child_fault_and_ignored, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_handler_from_before_gets_foreign_faults),
		cmocka_unit_test(test_ignored_before_is_ignored_as_far_as_can_be),
	};

	sigbus_world_start();
	return cmocka_run_group_tests_name("sigbus_handlers", tests, NULL, NULL);
}
