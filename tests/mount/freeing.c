/* SPDX-License-Identifier: MIT */
/* Large objects go: their memory is freed beside the requests, and locks no directory. */
#include "harness.h"
#include "worker.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* Each takes some times as long to be freed as the watchdog lets a thread lead. */
enum { OBJECTS = 24 };
#define SIZE ((off_t)48 * 1024 * 1024)

static pid_t server(void)
{
	const struct daemon *daemon = &harness()->daemon;

	return has_keeper(daemon) ? worker_of(daemon) : daemon->pid;
}

static int threads_of(pid_t process)
{
	char path[64];
	int count = -2; /* the entries "." and ".." */
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)process);
	dir = opendir(path);
	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static bool is_all_free(const void *arg)
{
	struct statvfs fs;

	(void)arg;
	return statvfs(SHM_DIR, &fs) == 0 && fs.f_bfree == fs.f_blocks;
}

/* Returns the descriptor of a large object without a name. */
static int make_unnamed(void)
{
	const int fd = open(in_mount("o"), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_return_code(fd, errno);
	assert_return_code(fallocate(fd, 0, 0, SIZE), errno);
	assert_return_code(unlink(in_mount("o")), errno);
	return fd;
}

static void there_is_room(void **state)
{
	(void)state;
	assert_return_code(mount(NULL, SHM_DIR, NULL, MS_REMOUNT, "mode=1777,size=2g"), errno);
}

static void last_closes_take_one_thread(void **state)
{
	int fds[OBJECTS], before;

	(void)state;
	for (int i = 0; i < OBJECTS; i++)
		fds[i] = make_unnamed();
	before = threads_of(server());
	for (int i = 0; i < OBJECTS; i++)
		close(fds[i]);
	assert_true(wait_until(is_all_free, NULL));
	print_message("# %d threads, %d before\n", threads_of(server()), before);
	/* The one that frees; and on a busy machine a leader that got no CPU loses the lead. */
	assert_in_range(threads_of(server()), 1, before + 4);
}

/* Memory that a worker had taken for that when it died is not in the way of the next one. */
static void a_death_while_memory_is_freed(void **state)
{
	const struct daemon *daemon = &harness()->daemon;
	int fds[OBJECTS];

	(void)state;
	if (!has_keeper(daemon))
		skip();
	for (int i = 0; i < OBJECTS; i++)
		fds[i] = make_unnamed();
	worker_use(daemon);
	for (int i = 0; i < OBJECTS; i++)
		close(fds[i]);
	worker_kill(daemon, SIGKILL);
	worker_use(daemon);
	assert_true(wait_until(is_all_free, NULL));
}

/*
 * The kernel believes that there is no such name, and has the object made, which another process
 * has made meanwhile: it is opened and truncated all the same.
 */
static void a_large_object_in_the_way_of_a_new_one(void **state)
{
	const off_t sizes[] = {4096, SIZE};
	struct daemon daemon;
	char dir[64], path[96];
	struct stat st;
	int fd;

	(void)state;
	make_dir(dir, harness()->base, "remembers");
	daemon_start(&daemon, dir, (const char *const[]){"-o", "negative_timeout=3600", NULL});
	snprintf(path, sizeof(path), "%s/o", dir);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		EXPECT_ERROR(stat(path, &st), ENOENT);
		fd = open(in_shm("o"), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		assert_return_code(fd, errno);
		assert_return_code(fallocate(fd, 0, 0, sizes[i]), errno);
		close(fd);
		EXPECT_ERROR(stat(path, &st), ENOENT);
		fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		assert_return_code(fd, errno);
		assert_return_code(fstat(fd, &st), errno);
		assert_int_equal(st.st_size, 0);
		assert_int_equal(st.st_blocks, 0);
		close(fd);
		assert_return_code(unlink(path), errno);
	}
	daemon_stop(&daemon);
	assert_return_code(rmdir(dir), errno);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_is_room),
		cmocka_unit_test(last_closes_take_one_thread),
		cmocka_unit_test(a_death_while_memory_is_freed),
		cmocka_unit_test(a_large_object_in_the_way_of_a_new_one),
	};

	return RUN_MOUNTED(tests);
}
