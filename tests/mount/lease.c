/* SPDX-License-Identifier: MIT */
/*
 * Leases: a holder that does not react makes an open of the same object wait, 45 s by default. The
 * daemon and the requests for other objects do not wait.
 */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Much less than a lease may last. */
#define SOON 20 /* seconds */

/* An object with a lease that is never given up. */
static int make_leased(const char *name)
{
	int fd;

	signal(SIGIO, SIG_IGN);
	fd = shm_open(name, O_RDWR | O_CREAT, 0600);
	assert_return_code(fd, errno);
	assert_int_equal(write(fd, "leased", 6), 6);
	close(fd);
	fd = shm_open(name, O_RDONLY, 0);
	assert_return_code(fd, errno);
	assert_return_code(fcntl(fd, F_SETLEASE, F_RDLCK), errno);
	return fd;
}

static void nobody_waits_for_a_lease(void **state)
{
	static const int flags[] = {O_WRONLY, O_RDWR, O_WRONLY | O_TRUNC};
	const int lease = make_leased("/leased");
	const double begin = seconds_now();
	struct stat st;
	char path[80];

	(void)state;
	snprintf(path, sizeof(path), "%s/leased", harness()->daemon.mount);
	assert_int_equal(truncate(path, 1), -1);
	assert_int_equal(errno, EAGAIN);
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		assert_int_equal(open(path, flags[i] | O_CLOEXEC), -1);
		assert_int_equal(errno, EAGAIN);
	}
	assert_return_code(stat(path, &st), errno);
	assert_int_equal(st.st_size, 6);
	assert_true(seconds_now() - begin < SOON);

	close(lease);
	assert_return_code(truncate(path, 1), errno);
	assert_return_code(unlink(path), errno);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_waits_for_a_lease),
	};

	return RUN_MOUNTED(tests);
}
