/* SPDX-License-Identifier: MIT */
/*
 * lib/sigbus: faults in the guarded range end the copy, all others end the process as they would
 * without us. What may end the process happens in a child.
 */
#include "unit.h"

#include "sigbus.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGES 8
#define ROUNDS 1000
#define THREADS 4
#define THREAD_SECONDS 0.3

static size_t page;

/* A mapping of PAGES pages, of which only the first `there` can be touched. */
static char *mapping_of(size_t there)
{
	const int fd = memfd_create("shmfs-test", MFD_CLOEXEC);
	char *map;

	CHECK(fd >= 0);
	CHECK(ftruncate(fd, (off_t)(there * page)) == 0);
	map = mmap(NULL, PAGES * page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(map != MAP_FAILED);
	close(fd);
	return map;
}

static char *buffer_of(char value)
{
	static _Thread_local char buffer[PAGES * 65536];

	CHECK(PAGES * page <= sizeof(buffer));
	memset(buffer, value, sizeof(buffer));
	return buffer;
}

static void child_copies_both_ways(void *arg)
{
	char *map = mapping_of(PAGES);
	char *buffer = buffer_of('a');

	(void)arg;
	CHECK(shmfs_sigbus_install() == 0);
	CHECK(shmfs_sigbus_copy(map, buffer, PAGES * page, map) == 0);
	CHECK(memcmp(map, buffer, PAGES * page) == 0);
	memset(map, 'b', PAGES * page);
	CHECK(shmfs_sigbus_copy(buffer + 1, map + 1, page, map + 1) == 0);
	CHECK(buffer[0] == 'a' && buffer[1] == 'b' && buffer[page] == 'b');
	CHECK(buffer[page + 1] == 'a');
	CHECK(shmfs_sigbus_copy(map, buffer, 0, map) == 0);
	CHECK(map[0] == 'b');
}

static void test_copies_both_ways(void **state)
{
	(void)state;
	assert_child_passes(child_copies_both_ways, NULL);
}

/* Each part of a range that is not there in full. */
static void child_fault_is_efault(void *arg)
{
	char *map = mapping_of(2);
	char *buffer = buffer_of('a');

	(void)arg;
	CHECK(shmfs_sigbus_install() == 0);
	CHECK(shmfs_sigbus_copy(buffer, map, PAGES * page, map) == -EFAULT);
	CHECK(shmfs_sigbus_copy(map, buffer, PAGES * page, map) == -EFAULT);
	CHECK(shmfs_sigbus_copy(buffer, map + 3 * page, page, map + 3 * page) == -EFAULT);
	CHECK(shmfs_sigbus_copy(map + 3 * page, buffer, 1, map + 3 * page) == -EFAULT);
	CHECK(shmfs_sigbus_copy(buffer, map + 2 * page - 1, 2, map + 2 * page - 1) == -EFAULT);
	CHECK(shmfs_sigbus_copy(buffer, map, 2 * page, map) == 0);
}

static void test_fault_is_efault(void **state)
{
	(void)state;
	assert_child_passes(child_fault_is_efault, NULL);
}

/* A signal that stays blocked ends the process at its second fault. */
static void child_faults_many_times(void *arg)
{
	char *none = mapping_of(0);
	char *map = mapping_of(PAGES);
	char *buffer = buffer_of('a');
	sigset_t before;
	sigset_t after;

	(void)arg;
	CHECK(shmfs_sigbus_install() == 0);
	CHECK(pthread_sigmask(SIG_SETMASK, NULL, &before) == 0);
	for (int i = 0; i < ROUNDS; i++) {
		CHECK(shmfs_sigbus_copy(buffer, none, page, none) == -EFAULT);
		CHECK(shmfs_sigbus_copy(map, buffer, page, map) == 0);
	}
	CHECK(pthread_sigmask(SIG_SETMASK, NULL, &after) == 0);
	for (int sig = 1; sig < SIGRTMAX; sig++)
		CHECK(sigismember(&before, sig) == sigismember(&after, sig));
}

static void test_faults_many_times(void **state)
{
	(void)state;
	assert_child_passes(child_faults_many_times, NULL);
}

/* Half of the threads fault all the time, the others never. */
struct copier {
	pthread_barrier_t *start;
	bool faults;
};

static void *copy_in_thread(void *arg)
{
	const struct copier *copier = arg;
	const int expected = copier->faults ? -EFAULT : 0;
	const double until = unit_now() + THREAD_SECONDS;
	char *map = mapping_of(copier->faults ? PAGES - 1 : PAGES);
	char *buffer = buffer_of('a');

	pthread_barrier_wait(copier->start);
	do
		CHECK(shmfs_sigbus_copy(map, buffer, PAGES * page, map) == expected);
	while (unit_now() < until);
	munmap(map, PAGES * page);
	return NULL;
}

static void child_threads_have_their_own(void *arg)
{
	struct copier copiers[THREADS];
	pthread_t threads[THREADS];
	pthread_barrier_t start;

	(void)arg;
	CHECK(shmfs_sigbus_install() == 0);
	CHECK(pthread_barrier_init(&start, NULL, THREADS) == 0);
	for (size_t i = 0; i < THREADS; i++) {
		copiers[i] = (struct copier){&start, i % 2 == 0};
		CHECK(pthread_create(&threads[i], NULL, copy_in_thread, &copiers[i]) == 0);
	}
	for (size_t i = 0; i < THREADS; i++)
		CHECK(pthread_join(threads[i], NULL) == 0);
}

static void test_threads_have_their_own(void **state)
{
	(void)state;
	assert_child_passes(child_threads_have_their_own, NULL);
}

static void child_faults_without_guard(void *arg)
{
	char *none = mapping_of(0);
	char *buffer = buffer_of('a');

	(void)arg;
	CHECK(shmfs_sigbus_install() == 0);
	/* After a good and a bad copy no guard stands any more. */
	CHECK(shmfs_sigbus_copy(buffer, buffer + page, page, buffer + page) == 0);
	CHECK(shmfs_sigbus_copy(none, buffer, page, none) == -EFAULT);
	*(volatile char *)none = 1;
}

struct cutter {
	int fd;
	atomic_bool copied, cut;
};

static void *cut_after_copy(void *arg)
{
	struct cutter *cutter = arg;

	while (!cutter->copied)
		;
	CHECK(ftruncate(cutter->fd, 0) == 0);
	cutter->cut = true;
	return NULL;
}

/*
 * In the range of the last guard, but after its copy was done. No call in between, and signals have
 * a stack of their own: nothing may wipe out what is left of the guard.
 */
static void child_faults_after_copy(void *arg)
{
	static char stack[64 * 1024];
	const stack_t elsewhere = {.ss_sp = stack, .ss_size = sizeof(stack)};
	struct cutter cutter = {.fd = memfd_create("shmfs-test", MFD_CLOEXEC)};
	char *buffer = buffer_of('a');
	pthread_t thread;
	char *map;

	(void)arg;
	CHECK(shmfs_sigbus_install() == 0);
	CHECK(ftruncate(cutter.fd, (off_t)page) == 0);
	map = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, cutter.fd, 0);
	CHECK(map != MAP_FAILED);
	CHECK(sigaltstack(&elsewhere, NULL) == 0);
	CHECK(pthread_create(&thread, NULL, cut_after_copy, &cutter) == 0);
	if (shmfs_sigbus_copy(map, buffer, page, map) != 0)
		_exit(1);
	cutter.copied = true;
	while (!cutter.cut)
		;
	*(volatile char *)map = 1;
}

static void test_fault_without_guard_kills(void **state)
{
	(void)state;
	assert_child_dies_of(SIGBUS, child_faults_without_guard, NULL);
	assert_child_dies_of(SIGBUS, child_faults_after_copy, NULL);
}

/* The side that is not guarded faults while the guard stands. */
static void child_faults_outside_of_guard(void *arg)
{
	char *none = mapping_of(0);
	char *map = mapping_of(PAGES);

	(void)arg;
	CHECK(shmfs_sigbus_install() == 0);
	shmfs_sigbus_copy(none, map, page, map);
}

/* A byte behind the range that is guarded. */
static void child_faults_behind_guard(void *arg)
{
	char *map = mapping_of(1);
	char *good = mapping_of(PAGES);

	(void)arg;
	CHECK(shmfs_sigbus_install() == 0);
	shmfs_sigbus_copy(good, map + page, page, map);
}

static void test_foreign_fault_under_guard_kills(void **state)
{
	(void)state;
	assert_child_dies_of(SIGBUS, child_faults_outside_of_guard, NULL);
	assert_child_dies_of(SIGBUS, child_faults_behind_guard, NULL);
}

static void child_is_sent_sigbus(void *arg)
{
	(void)arg;
	CHECK(shmfs_sigbus_install() == 0);
	CHECK(kill(getpid(), SIGBUS) == 0);
}

struct target {
	pid_t thread;
	void *address;
};

/* By a process that claims to know of a fault in the range that is guarded. */
static void *send_sigbus(void *arg)
{
	const struct target *target = arg;
	siginfo_t info = {.si_signo = SIGBUS, .si_code = SI_QUEUE, .si_addr = target->address};

	CHECK(syscall(SYS_rt_tgsigqueueinfo, getpid(), target->thread, SIGBUS, &info) == 0);
	return NULL;
}

/* The guard stands most of the time; still it is the process that must end, not a copy. */
static void child_is_sent_sigbus_under_guard(void *arg)
{
	char *map = mapping_of(PAGES);
	char *buffer = buffer_of('a');
	struct target target = {gettid(), map};
	pthread_t sender;

	(void)arg;
	CHECK(shmfs_sigbus_install() == 0);
	CHECK(pthread_create(&sender, NULL, send_sigbus, &target) == 0);
	for (;;)
		CHECK(shmfs_sigbus_copy(map, buffer, PAGES * page, map) == 0);
}

static void test_sent_signal_kills(void **state)
{
	(void)state;
	assert_child_dies_of(SIGBUS, child_is_sent_sigbus, NULL);
	assert_child_dies_of(SIGBUS, child_is_sent_sigbus_under_guard, NULL);
}

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
	char *buffer = buffer_of('a');

	CHECK(sigaction(SIGBUS, previous, NULL) == 0);
	CHECK(shmfs_sigbus_install() == 0);
	for (volatile int i = 0; i < 3; i++) {
		if (sigsetjmp(recovery, 1) == 0)
			none[3] = 1;
		CHECK(seen_count == i + 1);
		CHECK(seen_address == expected);
		CHECK(shmfs_sigbus_copy(buffer, none, page, none) == -EFAULT);
		CHECK(seen_count == i + 1);
	}
}

static void child_previous_simple(void *arg)
{
	const struct sigaction previous = {.sa_handler = on_simple};

	(void)arg;
	check_previous_gets_it(&previous, NULL, mapping_of(0));
}

static void child_previous_detailed(void *arg)
{
	const struct sigaction previous = {.sa_sigaction = on_detailed, .sa_flags = SA_SIGINFO};
	char *none = mapping_of(0);

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
	*(volatile char *)mapping_of(0) = 1;
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
		cmocka_unit_test(test_copies_both_ways),
		cmocka_unit_test(test_fault_is_efault),
		cmocka_unit_test(test_faults_many_times),
		cmocka_unit_test(test_threads_have_their_own),
		cmocka_unit_test(test_fault_without_guard_kills),
		cmocka_unit_test(test_foreign_fault_under_guard_kills),
		cmocka_unit_test(test_sent_signal_kills),
		cmocka_unit_test(test_handler_from_before_gets_foreign_faults),
		cmocka_unit_test(test_ignored_before_is_ignored_as_far_as_can_be),
	};

	page = (size_t)sysconf(_SC_PAGESIZE);
	return cmocka_run_group_tests_name("sigbus", tests, NULL, NULL);
}
