/* SPDX-License-Identifier: MIT */
/*
 * The operation fuzzer: root and two users do one random thing after another in a small tree, each
 * on tmpfs and on the mount. After every step result, errno, all that the step saw and the whole
 * trees are compared; from time to time all bytes. tmpfs is the model.
 *
 * SHMFS_TEST_OPS_SECONDS: how long. SHMFS_TEST_OPS_SEED: the first seed. SHMFS_TEST_OPS_REPLAY=1:
 * only that seed, and every step is printed.
 */
#include "walk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

enum { REFERENCE, MOUNT, SIDES };
enum { USERS = 3, STEPS = 400, BYTES_EVERY = 50, SECONDS = 6 };

static const struct who *const users[USERS] = {&ROOT, &ALICE, &BOB};
static const char *const user_names[USERS] = {"root", "alice", "bob"};

/* Shared by the processes that take steps and the one that compares. */
struct shared {
	struct step step;
	struct answer answers[SIDES];
};

static struct {
	uint32_t seed, random;
	bool is_shown;
	const char *tops[SIDES];
	struct shared *shared;
	int sockets[USERS];
	pid_t pids[USERS];
	unsigned long compared;
} fuzz;

static const struct verb *verb_of(const struct step *step)
{
	return step->verb < io_verb_count ? &io_verbs[step->verb]
					  : &name_verbs[step->verb - io_verb_count];
}

/* --- the processes that take steps --- */

static void take_step(struct step *step, struct hand hands[SIDES])
{
	struct stat st;

	step->names_special = fstatat(hands[REFERENCE].dir, step->path, &st, 0) == 0 &&
			      !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
	step->is_skipped = false;
	for (int side = 0; side < SIDES; side++) {
		struct answer *answer = &fuzz.shared->answers[side];

		*answer = (struct answer){.seen = ""};
		errno = 0;
		/* Refused to a user that may not search the top any more. */
		answer->result = fchdir(hands[side].dir);
		if (answer->result == 0)
			answer->result = verb_of(step)->call(step, &hands[side], answer);
		answer->error = answer->result < 0 ? errno : 0;
	}
}

static _Noreturn void be_user(size_t i, int socket)
{
	struct hand hands[SIDES];
	char turn;

	for (int side = 0; side < SIDES; side++) {
		hands[side] = (struct hand){.dir = open(fuzz.tops[side], O_PATH | O_CLOEXEC)};
		memset(hands[side].fds, 0xff, sizeof(hands[side].fds));
	}
	umask(0);
	if (who_become(*users[i]) < 0)
		_exit(1);
	while (read(socket, &turn, 1) == 1) {
		take_step(&fuzz.shared->step, hands);
		if (write(socket, &turn, 1) != 1)
			_exit(1);
	}
	_exit(0);
}

static void start_users(void)
{
	for (size_t i = 0; i < USERS; i++) {
		int pair[2];

		assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), errno);
		fuzz.pids[i] = fork();
		assert_return_code(fuzz.pids[i], errno);
		if (fuzz.pids[i] == 0) {
			for (size_t k = 0; k < i; k++)
				close(fuzz.sockets[k]);
			close(pair[0]);
			be_user(i, pair[1]);
		}
		close(pair[1]);
		fuzz.sockets[i] = pair[0];
	}
}

static void end_users(void)
{
	for (size_t i = 0; i < USERS; i++) {
		close(fuzz.sockets[i]);
		assert_int_equal(wait_child(fuzz.pids[i]), 0);
	}
}

/* --- the choice --- */

/* Mostly near the top, now and then odd. All above it is on both sides, and root's. */
static void choose_path(char *ret, bool is_root)
{
	static const char *const odd[] = {
		".", "a/", "b//a", "./c", "", "a/.", "a/..", "b/../a", ".."};
	const uint32_t random = next_random(&fuzz.random);
	const unsigned int depth = random % 8 < 4 ? 1 : random % 8 < 7 ? 2 : 3;
	char *at = ret;

	if (random % 32 == 31) {
		strcpy(ret, odd[(random >> 8) % (ARRAY_SIZE(odd) - is_root)]);
		return;
	}
	for (unsigned int i = 0; i < depth; i++) {
		*at++ = (char)('a' + (random >> (8 + 4 * i)) % 3);
		*at++ = '/';
	}
	at[-1] = '\0';
}

static void choose_step(struct step *step)
{
	const uint32_t verb = next_random(&fuzz.random);

	*step = (struct step){
		.user = next_random(&fuzz.random) % 8,
		.verb = verb % (io_verb_count + name_verb_count),
		.slot = (int)(next_random(&fuzz.random) % SLOTS),
		.other_slot = (int)(next_random(&fuzz.random) % SLOTS),
		.a = next_random(&fuzz.random) >> 4,
		.b = next_random(&fuzz.random) >> 4,
		.c = next_random(&fuzz.random) >> 4,
	};
	step->user = step->user < 4 ? 1 : step->user < 6 ? 2 : 0;
	choose_path(step->path, step->user == 0);
	choose_path(step->other, step->user == 0);
}

/* --- the comparison --- */

static size_t line_length(const char *p)
{
	return strcspn(p, "\n");
}

/* Takes both texts. */
static bool same_texts(const char *what, char *reference, char *mount)
{
	const bool same = strcmp(reference, mount) == 0;
	size_t at = 0;

	if (!same) {
		while (reference[at] && reference[at] == mount[at])
			at++;
		while (at > 0 && reference[at - 1] != '\n')
			at--;
		print_error("%s: tmpfs: %.*s\n", what, (int)line_length(reference + at),
			reference + at);
		print_error("%s: mount: %.*s\n", what, (int)line_length(mount + at), mount + at);
	}
	free(reference);
	free(mount);
	return same;
}

static bool same_answers(const struct step *step, const struct answer answers[SIDES])
{
	const struct answer *a = &answers[REFERENCE], *b = &answers[MOUNT];

	if (step->is_skipped ||
		(a->result == b->result && a->error == b->error && strcmp(a->seen, b->seen) == 0))
		return true;
	print_error("tmpfs: %ld %s, %s\n", a->result, a->error ? strerrorname_np(a->error) : "",
		a->seen);
	print_error("mount: %ld %s, %s\n", b->result, b->error ? strerrorname_np(b->error) : "",
		b->seen);
	return false;
}

static void show_step(unsigned int count)
{
	const struct step *s = &fuzz.shared->step;
	const struct answer *answer = &fuzz.shared->answers[REFERENCE];

	print_error("seed %u step %u: %s: %s %s (%s) slot %d (%d) a %u b %u c %u: %ld %s\n",
		fuzz.seed, count, user_names[s->user], verb_of(s)->name, s->path, s->other, s->slot,
		s->other_slot, s->a, s->b, s->c, answer->result,
		answer->error ? strerrorname_np(answer->error) : answer->seen);
}

static bool step_on(unsigned int count)
{
	struct step *step = &fuzz.shared->step;
	char turn = 0;
	bool same;

	choose_step(step);
	assert_int_equal(write(fuzz.sockets[step->user], &turn, 1), 1);
	assert_int_equal(read(fuzz.sockets[step->user], &turn, 1), 1);
	same = same_answers(step, fuzz.shared->answers);
	same &= same_texts(
		"tree", describe_tree(fuzz.tops[REFERENCE]), describe_tree(fuzz.tops[MOUNT]));
	if (same && (fuzz.is_shown || count % BYTES_EVERY == BYTES_EVERY - 1))
		same = same_texts("bytes", describe_content(fuzz.tops[REFERENCE]),
			describe_content(fuzz.tops[MOUNT]));
	if (!same || fuzz.is_shown)
		show_step(count);
	return same;
}

/* Nothing is held any more by anybody: RELEASE comes a little later than close(2) returns. */
static bool same_room(const void *unused)
{
	struct statvfs fs[SIDES];

	(void)unused;
	for (int side = 0; side < SIDES; side++)
		assert_return_code(statvfs(fuzz.tops[side], &fs[side]), errno);
	return fs[MOUNT].f_bfree == fs[REFERENCE].f_bfree &&
	       fs[MOUNT].f_ffree == fs[REFERENCE].f_ffree;
}

static void empty_both(void)
{
	for (int side = 0; side < SIDES; side++) {
		empty_tree(fuzz.tops[side]);
		assert_return_code(chown(fuzz.tops[side], 0, 0), errno);
		assert_return_code(chmod(fuzz.tops[side], 01777), errno);
	}
}

static bool fuzz_from(uint32_t seed)
{
	bool same = true;

	fuzz.seed = seed;
	fuzz.random = seed * 2654435761U | 1;
	start_users();
	for (unsigned int count = 0; same && count < STEPS; count++) {
		same = step_on(count);
		fuzz.compared += same;
	}
	end_users();
	if (same && !wait_until(same_room, NULL)) {
		print_error("seed %u: the mount holds what tmpfs has let go\n", seed);
		same = false;
	}
	if (!same)
		print_error("again: SHMFS_TEST_OPS_REPLAY=1 SHMFS_TEST_OPS_SEED=%u\n", seed);
	empty_both();
	return same;
}

static void random_operations(void **state)
{
	const time_t end = time(NULL) + (time_t)number_of("SHMFS_TEST_OPS_SECONDS", SECONDS);
	const uint32_t first = (uint32_t)number_of("SHMFS_TEST_OPS_SEED", 1);
	uint32_t seed = first;
	bool same = true;

	(void)state;
	fuzz.is_shown = number_of("SHMFS_TEST_OPS_REPLAY", 0) == 1;
	fuzz.tops[REFERENCE] = harness()->reference;
	fuzz.tops[MOUNT] = harness()->daemon.mount;
	fuzz.shared = mmap(NULL, sizeof(*fuzz.shared), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(fuzz.shared != MAP_FAILED);
	do
		same = fuzz_from(seed++);
	while (same && !fuzz.is_shown && time(NULL) < end);
	print_message(
		"# operations compared: %lu, seeds %u to %u\n", fuzz.compared, first, seed - 1);
	munmap(fuzz.shared, sizeof(*fuzz.shared));
	assert_true(same);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_operations),
	};

	return RUN_MOUNTED(tests);
}
