/* SPDX-License-Identifier: MIT */
/*
 * fs/node/node_table: a worker dies. It is traced instruction by instruction; whenever it has
 * changed what it leaves behind, the next worker's view of a copy is looked at: each entry is
 * there, whole, but for the one that was being added or removed, and all goes on.
 */
#include "unit.h"

#include "node/node_table.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * The worker adds so many, removes most, adds some again, removes all: the table is made, grows,
 * is full of removed places, shrinks.
 */
enum { ADDED = 230, KEPT = 30, AGAIN = 110, FIRST = 1000 };

struct step {
	bool adds;
	uint64_t ino;
};

static struct step steps[2 * (ADDED + AGAIN)];
static size_t step_count;

/* What the worker leaves behind, and how many steps it has begun and finished. */
struct left {
	struct node_table_shared shared;
	uint64_t begun, finished;
};

static struct left *left;

static void plan(bool adds, uint64_t from, uint64_t to)
{
	for (uint64_t i = from; i < to; i++)
		steps[step_count++] = (struct step){adds, FIRST + i};
}

static uint32_t generation_of(uint64_t ino)
{
	return (uint32_t)ino * 7;
}

static uint32_t lookups_of(uint64_t ino)
{
	return (uint32_t)ino * 11;
}

static void take_step(struct node_table *table, const struct step *step)
{
	struct node_entry *entry;

	if (!step->adds) {
		node_table_remove(table, node_table_find(table, step->ino));
		return;
	}
	entry = node_table_add(table, step->ino, generation_of(step->ino));
	CHECK(entry != NULL);
	entry->lookups = lookups_of(step->ino);
}

static _Noreturn void work(void)
{
	struct node_table table;

	CHECK(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0);
	raise(SIGSTOP);
	CHECK(node_table_init(&table, &left->shared) == 0);
	for (size_t i = 0; i < step_count; i++) {
		left->begun = i + 1;
		take_step(&table, &steps[i]);
		left->finished = i + 1;
	}
	_exit(0);
}

/* --- what is left --- */

static int copy_memory(int fd)
{
	static char bytes[64 * 1024];
	const int copy = memfd_create("copy", MFD_CLOEXEC);
	struct stat st;

	assert_return_code(fstat(fd, &st), errno);
	assert_true((size_t)st.st_size <= sizeof(bytes));
	assert_int_equal(pread(fd, bytes, sizeof(bytes), 0), st.st_size);
	assert_int_equal(pwrite(copy, bytes, (size_t)st.st_size, 0), st.st_size);
	return copy;
}

static void copy_left(struct node_table_shared *ret_copy)
{
	*ret_copy = left->shared;
	for (int i = 0; i < 2; i++)
		if (left->shared.fds[i] > 0)
			ret_copy->fds[i] = copy_memory(left->shared.fds[i]);
}

static void drop_copy(struct node_table_shared *copy)
{
	for (int i = 0; i < 2; i++)
		if (copy->fds[i] > 0)
			close(copy->fds[i]);
}

/* Numbers that are known after the first `count` steps. */
static void replay(size_t count, bool ret_known[ADDED + AGAIN])
{
	memset(ret_known, 0, ADDED + AGAIN);
	for (size_t i = 0; i < count; i++)
		ret_known[steps[i].ino - FIRST] = steps[i].adds;
}

static void expect_whole(const struct node_entry *entry, uint64_t ino)
{
	assert_int_equal(entry->ino, ino);
	assert_int_equal(entry->generation, generation_of(ino));
	/* One that was just added has not been counted yet. */
	if (left->begun == left->finished || steps[left->begun - 1].ino != ino)
		assert_int_equal(entry->lookups, lookups_of(ino));
	else
		assert_true(entry->lookups == 0 || entry->lookups == lookups_of(ino));
}

static void expect_all(const struct node_table *table)
{
	static bool known[ADDED + AGAIN];

	replay((size_t)left->finished, known);
	for (uint64_t i = 0; i < ADDED + AGAIN; i++) {
		const struct node_entry *entry = node_table_find(table, FIRST + i);
		const bool changes =
			left->begun > left->finished && steps[left->begun - 1].ino == FIRST + i;

		if (entry)
			expect_whole(entry, FIRST + i);
		if (!changes && (entry != NULL) != known[i])
			fail_msg("step %zu: %s %zu", (size_t)left->begun,
				entry ? "too many:" : "lost:", (size_t)i);
	}
}

/* The next worker adds as many as it likes, and finds all of them. */
static void expect_to_go_on(struct node_table *table)
{
	for (uint64_t i = 0; i < 2 * ADDED; i++) {
		const uint64_t ino = FIRST + 2 * ADDED + i;

		assert_non_null(node_table_add(table, ino, generation_of(ino)));
	}
	for (uint64_t i = 0; i < 2 * ADDED; i++) {
		const uint64_t ino = FIRST + 2 * ADDED + i;

		assert_int_equal(node_table_find(table, ino)->generation, generation_of(ino));
	}
	expect_all(table);
}

static void look_at_what_is_left(bool goes_on)
{
	struct node_table_shared copy;
	struct node_table table;

	copy_left(&copy);
	assert_int_equal(node_table_init(&table, &copy), 0);
	expect_all(&table);
	if (goes_on)
		expect_to_go_on(&table);
	node_table_clear(&table);
	drop_copy(&copy);
}

/* --- the worker, traced --- */

/* Descriptors are shared, memory is not: as the keeper and its workers have it. */
static pid_t start_worker(void)
{
	const pid_t pid = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
	int status;

	assert_return_code(pid, errno);
	if (pid == 0)
		work();
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSTOPPED(status));
	return pid;
}

/* Returns false at the end of the worker. */
static bool run_one_instruction(pid_t pid)
{
	int status;

	assert_return_code(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL), errno);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSTOPPED(status))
		return true;
	assert_int_equal(status, 0);
	return false;
}

/* Numbers and tables of what is left; changed by each store. */
struct sum {
	struct left left;
	off_t sizes[2];
	uint64_t entries;
};

static uint64_t sum_of(int fd)
{
	static struct node_entry entries[4096];
	uint64_t sum = 0;
	ssize_t n;

	n = fd > 0 ? pread(fd, entries, sizeof(entries), 0) : 0;
	for (size_t i = 0; i < (size_t)n / sizeof(entries[0]); i++)
		sum = sum * 31 + entries[i].ino * 7 + entries[i].generation * 5 +
		      entries[i].lookups;
	return sum;
}

static off_t size_of(int fd)
{
	struct stat st;

	return fd > 0 && fstat(fd, &st) == 0 ? st.st_size : 0;
}

static bool sizes_differ(const struct sum *a, const struct sum *b)
{
	return a->sizes[0] != b->sizes[0] || a->sizes[1] != b->sizes[1];
}

static struct sum sum_up(void)
{
	struct sum sum;

	memcpy(&sum.left, left, sizeof(*left));
	for (int i = 0; i < 2; i++)
		sum.sizes[i] = size_of(left->shared.fds[i]);
	sum.entries = sum_of(left->shared.fds[0]) * 3 + sum_of(left->shared.fds[1]);
	return sum;
}

static void test_a_worker_dies_at_each_store(void **state)
{
	struct sum before = sum_up();
	const pid_t pid = start_worker();
	size_t deaths = 0, instructions = 0;

	(void)state;
	while (run_one_instruction(pid)) {
		const struct sum now = sum_up();

		instructions++;
		if (memcmp(&before, &now, sizeof(now)) == 0)
			continue;
		look_at_what_is_left(deaths % 8 == 0 || sizes_differ(&before, &now) ||
				     before.left.shared.now != now.left.shared.now);
		before = now;
		deaths++;
	}
	print_message("# %zu deaths in %zu instructions\n", deaths, instructions);
	assert_int_equal(left->finished, step_count);
	assert_int_equal(left->shared.live, 0);
	assert_true(deaths > 4 * step_count);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_worker_dies_at_each_store),
	};

	plan(true, 0, ADDED);
	plan(false, 0, ADDED - KEPT);
	plan(true, ADDED, ADDED + AGAIN);
	plan(false, ADDED - KEPT, ADDED + AGAIN);
	left = mmap(NULL, sizeof(*left), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return cmocka_run_group_tests_name("node_table_death", tests, NULL, NULL);
}
