/* SPDX-License-Identifier: MIT */
/* lib/holders: processes hold an object in each way there is, and the scan has to tell who and how.
 */
#include "holders_world.h"

#include "holders.h"
#include "in_flight.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define OBJECT "/dev/shm/object"
#define PAGE 4096

static int open_object(int flags)
{
	const int fd = open(OBJECT, flags | O_CLOEXEC);

	CHECK(fd >= 0);
	return fd;
}

static void map_object(int flags, int prot, int sharing)
{
	const int fd = open_object(flags);

	CHECK(mmap(NULL, PAGE, prot, sharing, fd, 0) != MAP_FAILED);
	close(fd);
}

static void hold_nothing(void)
{
}

static void hold_fd_read(void)
{
	open_object(O_RDONLY);
}

static void hold_fd_write(void)
{
	open_object(O_WRONLY);
}

static void hold_fd_both(void)
{
	open_object(O_RDWR);
}

static void hold_fd_path(void)
{
	open_object(O_PATH);
}

static void hold_map_read(void)
{
	map_object(O_RDONLY, PROT_READ, MAP_SHARED);
}

static void hold_map_private(void)
{
	map_object(O_RDONLY, PROT_READ | PROT_WRITE, MAP_PRIVATE);
}

static void hold_map_nothing(void)
{
	map_object(O_RDWR, PROT_NONE, MAP_SHARED);
}

static void hold_map_write(void)
{
	map_object(O_RDWR, PROT_READ | PROT_WRITE, MAP_SHARED);
}

static void hold_both(void)
{
	hold_fd_both();
	hold_map_write();
}

/* In a mount namespace of its own, in which another tmpfs covers the first one. */
static void hold_elsewhere(void)
{
	hold_map_write();
	unit_need_private_shm();
	unit_mount_shm(0, NULL);
	CHECK(open("/dev/shm/other", O_CREAT | O_RDWR | O_CLOEXEC, 0600) >= 0);
}

static void *outlive(void *arg)
{
	(void)arg;
	for (;;)
		pause();
	return NULL;
}

/* The thread that began the process ends; another one lives and has all there is. */
static int leader_ready = -1;

static void *tell_when_alone(void *arg)
{
	char path[64], text[512];
	FILE *stat_file;
	char *state = NULL;

	(void)arg;
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)getpid());
	while (!state || state[2] != 'Z') {
		stat_file = fopen(path, "re");
		CHECK(stat_file && fgets(text, sizeof(text), stat_file));
		fclose(stat_file);
		state = strrchr(text, ')');
		sched_yield();
	}
	CHECK(write(leader_ready, "r", 1) == 1);
	return outlive(NULL);
}

/* A thread that has descriptors of its own. */
static _Atomic int is_open;

static void *open_alone(void *arg)
{
	CHECK(unshare(CLONE_FILES) == 0);
	open_object(O_RDONLY);
	atomic_store(&is_open, 1);
	return outlive(arg);
}

static void hold_in_thread(void)
{
	pthread_t thread;

	CHECK(pthread_create(&thread, NULL, open_alone, NULL) == 0);
	while (!is_open)
		sched_yield();
}

static void scan(struct shmfs_holders *ret_holders)
{
	assert_int_equal(shmfs_holders_scan(holders_dev(), NULL, NULL, ret_holders), 0);
}

/* The object is held by this process in this way, and by nobody else; 0: by nobody at all. */
static void assert_held(uint64_t ino, pid_t pid, unsigned how)
{
	const struct shmfs_holder *found;
	struct shmfs_holders holders;
	size_t count;

	scan(&holders);
	found = shmfs_holders_of(&holders, holders_dev(), ino, &count);
	assert_int_equal(count, how ? 1 : 0);
	if (how) {
		assert_non_null(found);
		assert_int_equal(holders.processes[found->process].is.pid, pid);
		assert_int_equal(holders.processes[found->process].is.uid, geteuid());
		assert_int_equal(found->how, how);
		assert_non_null(found->mount);
		assert_string_equal(found->mount->point, "/dev/shm");
	}
	shmfs_holders_free(&holders);
}

static void test_each_way(void **state)
{
	static const struct {
		holders_hold_fn *hold;
		unsigned how;
	} ways[] = {
		{hold_nothing, 0},
		{hold_fd_read, SHMFS_HOLD_FD_READ},
		{hold_fd_write, SHMFS_HOLD_FD_WRITE},
		{hold_fd_both, SHMFS_HOLD_FD_READ | SHMFS_HOLD_FD_WRITE},
		{hold_fd_path, SHMFS_HOLD_FD_PATH},
		{hold_map_read, SHMFS_HOLD_MAP_READ},
		{hold_map_private, SHMFS_HOLD_MAP_READ},
		{hold_map_nothing, SHMFS_HOLD_MAP_READ},
		{hold_map_write, SHMFS_HOLD_MAP_READ | SHMFS_HOLD_MAP_WRITE},
		{hold_both, SHMFS_HOLD_FD_READ | SHMFS_HOLD_FD_WRITE | SHMFS_HOLD_MAP_READ |
				    SHMFS_HOLD_MAP_WRITE},
		{hold_in_thread, SHMFS_HOLD_FD_READ},
	};
	const uint64_t ino = holders_make("object");

	(void)state;
	holders_make("other");
	for (size_t i = 0; i < COUNT(ways); i++) {
		const pid_t pid = holders_start(ways[i].hold);

		assert_held(ino, pid, ways[i].how);
		holders_end(pid);
		assert_held(ino, pid, 0);
	}
}

static void hold_without_leader(void)
{
	pthread_t thread;

	hold_both();
	CHECK(pthread_create(&thread, NULL, tell_when_alone, NULL) == 0);
	syscall(SYS_exit, 0);
}

static void test_leader_has_exited(void **state)
{
	const uint64_t ino = holders_make("object");
	int ready[2];
	char byte;
	pid_t pid;

	(void)state;
	assert_return_code(pipe(ready), errno);
	pid = fork();
	assert_return_code(pid, errno);
	if (pid == 0) {
		leader_ready = ready[1];
		hold_without_leader();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_held(ino, pid,
		SHMFS_HOLD_FD_READ | SHMFS_HOLD_FD_WRITE | SHMFS_HOLD_MAP_READ |
			SHMFS_HOLD_MAP_WRITE);
	close(ready[0]);
	holders_end(pid);
}

static void test_no_name(void **state)
{
	const uint64_t ino = holders_make("object");
	const pid_t pid = holders_start(hold_map_write);
	const struct shmfs_holder *found;
	struct shmfs_holders holders;
	char name[4096];
	struct statx stx;
	size_t count;

	(void)state;
	assert_return_code(unlink(OBJECT), errno);
	scan(&holders);
	found = shmfs_holders_of(&holders, holders_dev(), ino, &count);
	assert_int_equal(count, 1);
	assert_true(found->looks_deleted);
	assert_int_equal(shmfs_holders_stat(&holders, found, &stx), 0);
	assert_int_equal(stx.stx_size, 8192);
	assert_int_equal(stx.stx_nlink, 0);
	assert_true(shmfs_holders_name(&holders, found, name, sizeof(name)) > 0);
	assert_string_equal(name, OBJECT " (deleted)");
	holders_end(pid);
	assert_int_equal(shmfs_holders_stat(&holders, found, &stx), -ESTALE);
	shmfs_holders_free(&holders);
}

/* One device number, whatever the mount namespace; and the other tmpfs there is another one. */
static void test_other_namespace(void **state)
{
	const uint64_t ino = holders_make("object");
	const pid_t pid = holders_start(hold_elsewhere);
	const struct shmfs_holder *found;
	struct shmfs_holders holders;
	size_t count, others = 0;

	(void)state;
	scan(&holders);
	found = shmfs_holders_of(&holders, holders_dev(), ino, &count);
	assert_int_equal(count, 1);
	assert_int_equal(holders.processes[found->process].is.pid, pid);
	assert_int_not_equal(holders.processes[found->process].space, holders.space);
	for (size_t i = 0; i < holders.holder_count; i++)
		if (holders.processes[holders.holders[i].process].is.pid == pid)
			others += holders.holders[i].dev != holders_dev();
	assert_int_equal(others, 1);
	shmfs_holders_free(&holders);
	holders_end(pid);
}

/* A descriptor on its way belongs to no process: it is counted. */
static void test_in_flight(void **state)
{
	struct shmfs_holders before, with;
	int sockets[2], fd;

	(void)state;
	holders_make("object");
	scan(&before);
	fd = open_object(O_RDWR);
	assert_int_equal(put_in_flight(fd, sockets), 0);
	close(fd);
	scan(&with);
	assert_true(with.unseen.in_flight > before.unseen.in_flight);
	assert_true(shmfs_holders_has_blind_spot(&with));
	shmfs_holders_free(&before);
	shmfs_holders_free(&with);
	close(sockets[0]);
	close(sockets[1]);
}

static void look_as_other_user(void *arg)
{
	struct shmfs_holders holders;
	size_t count;

	CHECK(setgid(65534) == 0 && setuid(65534) == 0);
	CHECK(shmfs_holders_scan(0, NULL, NULL, &holders) == 0);
	CHECK(!shmfs_holders_of(&holders, holders_dev(), *(const uint64_t *)arg, &count));
	CHECK(holders.unseen.processes > 0);
	CHECK(shmfs_holders_has_blind_spot(&holders));
	shmfs_holders_free(&holders);
}

/* What cannot be seen is counted, and not taken for nothing. */
static void test_without_rights(void **state)
{
	uint64_t ino = holders_make("object");
	const pid_t pid = holders_start(hold_both);

	(void)state;
	assert_child_passes(look_as_other_user, &ino);
	holders_end(pid);
}

static void hold_directory(void)
{
	CHECK(chdir("/dev/shm/directory") == 0);
}

static void test_current_directory(void **state)
{
	struct stat st;
	pid_t pid;

	(void)state;
	assert_return_code(mkdir("/dev/shm/directory", 0700), errno);
	assert_return_code(stat("/dev/shm/directory", &st), errno);
	pid = holders_start(hold_directory);
	assert_held(st.st_ino, pid, SHMFS_HOLD_AS_PLACE);
	holders_end(pid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_each_way, unit_setup_shm, unit_teardown_shm),
		cmocka_unit_test_setup_teardown(
			test_leader_has_exited, unit_setup_shm, unit_teardown_shm),
		cmocka_unit_test_setup_teardown(test_no_name, unit_setup_shm, unit_teardown_shm),
		cmocka_unit_test_setup_teardown(
			test_other_namespace, unit_setup_shm, unit_teardown_shm),
		cmocka_unit_test_setup_teardown(test_in_flight, unit_setup_shm, unit_teardown_shm),
		cmocka_unit_test_setup_teardown(
			test_without_rights, unit_setup_shm, unit_teardown_shm),
		cmocka_unit_test_setup_teardown(
			test_current_directory, unit_setup_shm, unit_teardown_shm),
	};

	unit_need_private_shm();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
