/* SPDX-License-Identifier: MIT */
/* fs/request/trace: the line of a request, also of one that is not what it should be. */
#include "request/trace.h"
#include "unit.h"

#include "request/log.h"

#include <errno.h>
#include <linux/fuse.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static char line[1024];

/* In place of fs/request/log.c: the line without the time at its end, which differs. */
void log_info(const char *format, ...)
{
	va_list args;
	char *time;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	time = strrchr(line, ',');
	assert_non_null(time);
	assert_non_null(strstr(time, " us"));
	*time = '\0';
}

struct request {
	struct fuse_in_header in;
	char rest[400];
};

static const char *traced(uint32_t opcode, const void *rest, size_t size, ssize_t answer)
{
	struct request request = {.in = {.opcode = opcode, .nodeid = 7, .uid = 1000}};
	const int64_t begin = trace_begin();

	memcpy(request.rest, rest, size);
	trace_result(answer);
	trace_end(begin, &request, sizeof(request.in) + size);
	return line;
}

static void a_name_and_an_errno(void **state)
{
	(void)state;
	assert_string_equal(traced(FUSE_LOOKUP, "counter", 8, -ENOENT),
		"LOOKUP 7 \"counter\" uid 1000: No such file or directory");
	assert_string_equal(traced(FUSE_WRITE, "", 0, 4096), "WRITE 7 uid 1000: 4096");
	assert_string_equal(traced(FUSE_GETATTR, "", 0, 0), "GETATTR 7 uid 1000: ok");
}

static void a_name_behind_a_structure(void **state)
{
	char rest[sizeof(struct fuse_create_in) + 2] = {0};

	(void)state;
	rest[sizeof(struct fuse_create_in)] = 'x';
	assert_string_equal(
		traced(FUSE_CREATE, rest, sizeof(rest), 0), "CREATE 7 \"x\" uid 1000: ok");
}

static void two_names(void **state)
{
	char rest[sizeof(struct fuse_rename2_in) + 4] = {0};

	(void)state;
	memcpy(rest + sizeof(struct fuse_rename2_in), "a\0b", 4);
	assert_string_equal(
		traced(FUSE_RENAME2, rest, sizeof(rest), 0), "RENAME2 7 \"a\" \"b\" uid 1000: ok");
}

static void without_a_result(void **state)
{
	const struct request request = {.in = {.opcode = FUSE_FLUSH, .nodeid = 7}};

	(void)state;
	trace_end(trace_begin(), &request, sizeof(request.in));
	assert_string_equal(line, "FLUSH 7 uid 0: answered by libfuse");
}

/* A control character would let a user write lines of the log. */
static void control_characters(void **state)
{
	(void)state;
	assert_string_equal(
		traced(FUSE_UNLINK, "a\nb\x7f", 5, 0), "UNLINK 7 \"a?b?\" uid 1000: ok");
}

static void too_short_and_unknown(void **state)
{
	char name[300];

	(void)state;
	memset(name, 'n', sizeof(name));
	assert_string_equal(
		traced(FUSE_CREATE, "x", 1, -EINVAL), "CREATE 7 uid 1000: Invalid argument");
	assert_int_equal(strlen(traced(FUSE_LOOKUP, name, sizeof(name), 0)),
		strlen("LOOKUP 7 \"\" uid 1000: ok") + sizeof(name));
	assert_string_equal(traced(4000, "", 0, 0), "4000 7 uid 1000: ok");
	assert_string_equal(traced(0, "", 0, 0), "0 7 uid 1000: ok");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_and_an_errno),
		cmocka_unit_test(a_name_behind_a_structure),
		cmocka_unit_test(two_names),
		cmocka_unit_test(without_a_result),
		cmocka_unit_test(control_characters),
		cmocka_unit_test(too_short_and_unknown),
	};

	return cmocka_run_group_tests_name("trace", tests, NULL, NULL);
}
