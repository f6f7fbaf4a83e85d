/* SPDX-License-Identifier: MIT */
/*
 * lib/sigbus: faults in the guarded range end the copy, all others end the process as they would
 * without us. What may end the process happens in a child.
 */
#include "unit.h"

#include "sigbus.h"
#include "sigbus_world.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ROUNDS 1000
#define THREADS 4
#define THREAD_SECONDS 0.3

static void child_copies_both_ways(void *arg)
{
	char *map = sigbus_mapping(SIGBUS_PAGES);
	char *buffer = sigbus_buffer('a');

	(void)arg;
	CHECK(shmfs_sigbus_install() == 0);
	CHECK(shmfs_sigbus_copy(map, buffer, SIGBUS_PAGES * sigbus_page, map) == 0);
	CHECK(memcmp(map, buffer, SIGBUS_PAGES * sigbus_page) == 0);
	memset(map, 'b', SIGBUS_PAGES * sigbus_page);
	CHECK(shmfs_sigbus_copy(buffer + 1, map + 1, sigbus_page, map + 1) == 0);
	CHECK(buffer[0] == 'a' && buffer[1] == 'b' && buffer[sigbus_page] == 'b');
	CHECK(buffer[sigbus_page + 1] == 'a');
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
	char *map = sigbus_mapping(2);
	char *buffer = sigbus_buffer('a');

	(void)arg;
	CHECK(shmfs_sigbus_install() == 0);
	CHECK(shmfs_sigbus_copy(buffer, map, SIGBUS_PAGES * sigbus_page, map) == -EFAULT);
	CHECK(shmfs_sigbus_copy(map, buffer, SIGBUS_PAGES * sigbus_page, map) == -EFAULT);
	CHECK(shmfs_sigbus_copy(buffer, map + 3 * sigbus_page, sigbus_page,
		      map + 3 * sigbus_page) == -EFAULT);
	CHECK(shmfs_sigbus_copy(map + 3 * sigbus_page, buffer, 1, map + 3 * sigbus_page) ==
		-EFAULT);
	CHECK(shmfs_sigbus_copy(buffer, map + 2 * sigbus_page - 1, 2, map + 2 * sigbus_page - 1) ==
		-EFAULT);
	CHECK(shmfs_sigbus_copy(buffer, map, 2 * sigbus_page, map) == 0);
}

static void test_fault_is_efault(void **state)
{
	(void)state;
	assert_child_passes(child_fault_is_efault, NULL);
}

/* A signal that stays blocked ends the process at its second fault. */
static void child_faults_many_times(void *arg)
{
	char *none = sigbus_mapping(0);
	char *map = sigbus_mapping(SIGBUS_PAGES);
	char *buffer = sigbus_buffer('a');
	sigset_t before;
	sigset_t after;

	(void)arg;
	CHECK(shmfs_sigbus_install() == 0);
	CHECK(pthread_sigmask(SIG_SETMASK, NULL, &before) == 0);
	for (int i = 0; i < ROUNDS; i++) {
		CHECK(shmfs_sigbus_copy(buffer, none, sigbus_page, none) == -EFAULT);
		CHECK(shmfs_sigbus_copy(map, buffer, sigbus_page, map) == 0);
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
	char *map = sigbus_mapping(copier->faults ? SIGBUS_PAGES - 1 : SIGBUS_PAGES);
	char *buffer = sigbus_buffer('a');

	pthread_barrier_wait(copier->start);
	do
		CHECK(shmfs_sigbus_copy(map, buffer, SIGBUS_PAGES * sigbus_page, map) == expected);
	while (unit_now() < until);
	munmap(map, SIGBUS_PAGES * sigbus_page);
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
	char *none = sigbus_mapping(0);
	char *buffer = sigbus_buffer('a');

	(void)arg;
	CHECK(shmfs_sigbus_install() == 0);
	/* After a good and a bad copy no guard stands any more. */
	CHECK(shmfs_sigbus_copy(buffer, buffer + sigbus_page, sigbus_page, buffer + sigbus_page) ==
		0);
	CHECK(shmfs_sigbus_copy(none, buffer, sigbus_page, none) == -EFAULT);
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
	char *buffer = sigbus_buffer('a');
	pthread_t thread;
	char *map;

	(void)arg;
	CHECK(shmfs_sigbus_install() == 0);
	CHECK(ftruncate(cutter.fd, (off_t)sigbus_page) == 0);
	map = mmap(NULL, sigbus_page, PROT_READ | PROT_WRITE, MAP_SHARED, cutter.fd, 0);
	CHECK(map != MAP_FAILED);
	CHECK(sigaltstack(&elsewhere, NULL) == 0);
	CHECK(pthread_create(&thread, NULL, cut_after_copy, &cutter) == 0);
	if (shmfs_sigbus_copy(map, buffer, sigbus_page, map) != 0)
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
	char *none = sigbus_mapping(0);
	char *map = sigbus_mapping(SIGBUS_PAGES);

	(void)arg;
	CHECK(shmfs_sigbus_install() == 0);
	shmfs_sigbus_copy(none, map, sigbus_page, map);
}

/* A byte behind the range that is guarded. */
static void child_faults_behind_guard(void *arg)
{
	char *map = sigbus_mapping(1);
	char *good = sigbus_mapping(SIGBUS_PAGES);

	(void)arg;
	CHECK(shmfs_sigbus_install() == 0);
	shmfs_sigbus_copy(good, map + sigbus_page, sigbus_page, map);
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
	char *map = sigbus_mapping(SIGBUS_PAGES);
	char *buffer = sigbus_buffer('a');
	struct target target = {gettid(), map};
	pthread_t sender;

	(void)arg;
	CHECK(shmfs_sigbus_install() == 0);
	CHECK(pthread_create(&sender, NULL, send_sigbus, &target) == 0);
	for (;;)
		CHECK(shmfs_sigbus_copy(map, buffer, SIGBUS_PAGES * sigbus_page, map) == 0);
}

static void test_sent_signal_kills(void **state)
{
	(void)state;
	assert_child_dies_of(SIGBUS, child_is_sent_sigbus, NULL);
	assert_child_dies_of(SIGBUS, child_is_sent_sigbus_under_guard, NULL);
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
	};

	sigbus_world_start();
	return cmocka_run_group_tests_name("sigbus", tests, NULL, NULL);
}
