/* SPDX-License-Identifier: MIT */
/*
 * Each call on a mount whose daemon gets no memory, no descriptor or is interrupted, at each place
 * in turn, once and from there on. The call succeeds, or fails with the error that says so and has
 * done nothing; afterwards it succeeds; the daemon lives and has leaked nothing.
 */
#include "../abuse/usage.h"
#include "../calls/table.h"
#include "../mount/snapshot.h"
#include "../mount/worker.h"
#include "control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PLACES_MAX = 500 };

static struct daemon daemon_under_test;
static bool single_threaded;

static void use(void)
{
	EXPECT_ERROR(access("no-such-name", F_OK), ENOENT);
}

/* The calls from one place on fail, or this one only. */
struct failure {
	enum fault fault;
	long times;
	int error; /* that the caller is told */
};

/* Returns whether anything failed. */
static bool run_script(const struct script *script, const struct failure *failure, long place)
{
	char *before, *after;
	bool struck;
	int error;
	long r;

	script->before();
	use();
	before = list_shm();
	faults_begin(failure->fault, place, failure->times);
	r = script->call();
	error = errno;
	struck = faults_end(failure->fault);
	if (r < 0 && (!struck || error != failure->error))
		fail_msg("%s, place %ld: %s", script->name, place, strerror(error));
	after = list_shm();
	if (r < 0 && strcmp(before, after) != 0 && script->asks_last)
		scripts_clean_up();
	else if (r < 0 && strcmp(before, after) != 0)
		fail_msg("%s, place %ld: failed, but changed\n%sinto\n%s", script->name, place,
			before, after);
	if (r < 0 && script->call() < 0)
		fail_msg("%s, place %ld: afterwards: %s", script->name, place, strerror(errno));
	script->after();
	scripts_clean_up();
	free(before);
	free(after);
	return struck;
}

/* Returns at how many places anything failed. */
static long run_scripts(const struct failure *failure)
{
	const bool by_name = getenv("SHMFS_TEST_NO_HANDLES");
	long sum = 0;

	for (size_t t = 0; t < SCRIPT_TABLES; t++)
		for (size_t i = 0; i < script_tables[t]->count; i++) {
			const struct script *script = &script_tables[t]->scripts[i];
			long place = 0;

			if (script->needs_handles && by_name)
				continue;
			while (run_script(script, failure, place))
				assert_in_range(++place, 1, PLACES_MAX);
			sum += place;
		}
	return sum;
}

/* The last FORGET and RELEASE reach the daemon a little later. */
static bool has_freed(const void *arg)
{
	const long *live = arg;

	use();
	assert_true(is_empty("."));
	return faults_live() <= *live;
}

/* Whatever it keeps it has got when all has been done once. */
static void check(enum fault fault, int error, bool for_ever)
{
	const struct failure once = {fault, 1, error}, on = {fault, FOR_EVER, error};
	struct usage usage;
	long live, places;

	places = run_scripts(&once);
	use();
	usage = daemon_usage(&daemon_under_test);
	live = faults_live();
	run_scripts(for_ever ? &on : &once);
	assert_true(wait_for_fds(&daemon_under_test, usage.fds));
	/* Threads that are started have memory of their own. */
	if (single_threaded)
		assert_true(wait_until(has_freed, &live));
	print_message("# %ld places\n", places);
	assert_true(places > 10);
}

static void without_memory(void **state)
{
	(void)state;
	check(FAULT_MEMORY, ENOMEM, true);
}

static void without_descriptors(void **state)
{
	(void)state;
	check(FAULT_DESCRIPTOR, EMFILE, true);
}

/* Without an end to them nothing would come to an end. */
static void interrupted(void **state)
{
	(void)state;
	check(FAULT_INTERRUPT, EINTR, false);
}

static int begin(bool single)
{
	const char *data_path = getenv("SHMFS_TEST_DATA_PATH");
	char dir[64];

	single_threaded = single;
	snprintf(dir, sizeof(dir), "%s/mount", harness()->base);
	mkdir(dir, 0755);
	daemon_start(&daemon_under_test, dir,
		(const char *const[]){"-o", data_path ? data_path : "passthrough=auto",
			single ? "-s" : NULL, NULL});
	return chdir(dir);
}

static int begin_single(void **state)
{
	(void)state;
	return begin(true);
}

static int begin_threads(void **state)
{
	(void)state;
	return begin(false);
}

static bool is_expected(const char *line)
{
	/* libfuse tells that it has no memory for a request, the daemon that it has no descriptor.
	 */
	static const char *const expected[] = {
		"serving at", "failed to allocate re", "descriptors are in use"};

	for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
		if (strstr(line, expected[i]))
			return true;
	return is_word_of_keeper(line);
}

static void check_log(void)
{
	char text[64 * KIB], *rest = text, *line;

	read_text(daemon_under_test.log, text, sizeof(text));
	while ((line = strsep(&rest, "\n")))
		if (*line && !is_expected(line))
			fail_msg("in the log: %s", line);
}

static int end(void **state)
{
	(void)state;
	assert_return_code(chdir("/"), errno);
	assert_return_code(umount2(daemon_under_test.mount, 0), errno);
	assert_int_equal(wait_child(daemon_under_test.pid), 0);
	assert_false(is_mount_point(daemon_under_test.mount));
	check_log();
	return 0;
}

/* A new daemon has nothing yet: no table of nodes, and no memory to receive into. */
static void first_call_without_memory(void **state)
{
	const struct script *first = &calls_of_names.scripts[0];
	const struct failure on = {FAULT_MEMORY, FOR_EVER, ENOMEM};
	bool struck = true;

	(void)state;
	for (long place = 0; struck; place++) {
		begin(false);
		struck = run_script(first, &on, place);
		end(NULL);
	}
}

static void prepare(void **state)
{
	(void)state;
	faults_prepare();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prepare),
		cmocka_unit_test_setup_teardown(without_memory, begin_single, end),
		cmocka_unit_test_setup_teardown(without_descriptors, begin_single, end),
		cmocka_unit_test_setup_teardown(interrupted, begin_single, end),
		cmocka_unit_test_setup_teardown(without_memory, begin_threads, end),
		cmocka_unit_test(first_call_without_memory),
	};

	return RUN_BARE(tests);
}
