/* SPDX-License-Identifier: MIT */
/*
 * Random walks: three users and root do one thing after another on a few names, each on both sides;
 * result, errno and attributes of all names are compared after every step. A walk that differs ends
 * there and tells its seed. SHMFS_TEST_WALK_SEED=SEED walks only that way, and prints each step.
 */
#include "modes_walk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAMES = 5, STEPS = 1500, SEEDS = 8 };

static const struct identity walkers[] = {
	{"alice", {2001, 2001, {FRIENDS}}},
	{"bob", {2002, 2002, {2001}}},
	{"carol", {2003, 2001, {0}}},
	{"root", {0, 0, {0}}},
};
#define WALKERS ARRAY_SIZE(walkers)

static const char *const names[NAMES] = {"a", "b", "c", "d", "e"};
/* Between those who walk and those who watch. */
struct shared {
	struct step step;
	struct answer answers[SIDES];
};

struct walk {
	uint32_t seed, random;
	bool is_shown;
	struct stage *stage;
	struct shared *shared;
	int sockets[WALKERS];
	pid_t pids[WALKERS];
};

static void take_step(struct shared *shared, struct hand hands[SIDES])
{
	for (int side = 0; side < SIDES; side++) {
		struct answer *answer = &shared->answers[side];

		*answer = (struct answer){0};
		hands[side].seen = &answer->seen;
		errno = 0;
		answer->result = verbs[shared->step.verb].call(&shared->step, &hands[side]);
		answer->error = answer->result < 0 ? errno : 0;
	}
}

static _Noreturn void be_walker(const struct walk *walk, size_t i, int socket)
{
	struct hand hands[SIDES];
	char turn;

	for (int side = 0; side < SIDES; side++)
		hands[side] = (struct hand){
			.dir = walk->stage->inside[side][HERE],
			.path = walk->stage->paths[side],
			.fds = {-1, -1},
		};
	if (identity_become(&walkers[i]) < 0)
		_exit(1);
	while (read(socket, &turn, 1) == 1) {
		take_step(walk->shared, hands);
		if (write(socket, &turn, 1) != 1)
			_exit(1);
	}
	_exit(0);
}

static void start_walkers(struct walk *walk)
{
	for (size_t i = 0; i < WALKERS; i++) {
		int pair[2];

		assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), errno);
		walk->pids[i] = fork();
		assert_return_code(walk->pids[i], errno);
		if (walk->pids[i] == 0) {
			for (size_t k = 0; k < i; k++)
				close(walk->sockets[k]);
			close(pair[0]);
			be_walker(walk, i, pair[1]);
		}
		close(pair[1]);
		walk->sockets[i] = pair[0];
	}
}

static void end_walkers(struct walk *walk)
{
	for (size_t i = 0; i < WALKERS; i++) {
		close(walk->sockets[i]);
		assert_int_equal(wait_child(walk->pids[i]), 0);
	}
}

static void choose_step(struct walk *walk)
{
	struct step *step = &walk->shared->step;

	step->walker = next_random(&walk->random) % WALKERS;
	step->verb = next_random(&walk->random) % verb_count;
	step->name = PICK(names, next_random(&walk->random));
	step->other = PICK(names, next_random(&walk->random));
	step->slot = (int)(next_random(&walk->random) % SLOTS);
	step->a = next_random(&walk->random) >> 8;
	step->b = next_random(&walk->random) >> 8;
}

static void look_at_name(const struct stage *stage, int side, int dir, size_t i, struct view *ret)
{
	struct stat st;

	*ret = (struct view){.exists = false};
	if (fstatat(dir, names[i], &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	*ret = (struct view){
		true, (int)i, st.st_mode, st.st_uid, st.st_gid, st.st_nlink, st.st_size};
	/* Names of one object have the number of the first of them. */
	for (size_t k = 0; k < i; k++) {
		struct stat other;

		if (fstatat(stage->outside[side], names[k], &other, AT_SYMLINK_NOFOLLOW) == 0 &&
			other.st_ino == st.st_ino) {
			ret->same_as = (int)k;
			return;
		}
	}
}

/* A view without padding, so that it can be compared and printed. */
static void describe(char *ret, size_t size, const struct view *v)
{
	if (v->exists)
		snprintf(ret, size, "as %d mode %o owner %u:%u links %ju size %jd", v->same_as,
			v->mode, v->uid, v->gid, (uintmax_t)v->links, (intmax_t)v->size);
	else
		snprintf(ret, size, "none");
}

static bool same_views(const char *what, const struct view *reference, const struct view *mount)
{
	char a[128], b[128];

	describe(a, sizeof(a), reference);
	describe(b, sizeof(b), mount);
	if (strcmp(a, b) == 0)
		return true;
	print_error("%s: tmpfs: %s; mount: %s\n", what, a, b);
	return false;
}

static bool same_answers(const struct answer *reference, const struct answer *mount)
{
	if (reference->result == mount->result && reference->error == mount->error)
		return same_views("opened", &reference->seen, &mount->seen);
	print_error("tmpfs: %ld %s; mount: %ld %s\n", reference->result,
		reference->error ? strerrorname_np(reference->error) : "", mount->result,
		mount->error ? strerrorname_np(mount->error) : "");
	return false;
}

static bool same_names(const struct stage *stage, unsigned int count)
{
	bool same = true;

	for (size_t i = 0; i < NAMES; i++) {
		struct view reference, mount;
		const bool through_mount = i == count % NAMES;

		look_at_name(stage, REFERENCE, stage->outside[REFERENCE], i, &reference);
		look_at_name(stage, MOUNT,
			through_mount ? stage->inside[MOUNT][HERE] : stage->outside[MOUNT], i,
			&mount);
		same &= same_views(names[i], &reference, &mount);
	}
	return same;
}

static void show_step(const struct walk *walk, unsigned int count)
{
	const struct step *s = &walk->shared->step;

	print_error("seed %u step %u: %s: %s, name %s, other %s, slot %d, a %u, b %u: %ld %s\n",
		walk->seed, count, walkers[s->walker].name, verbs[s->verb].name, s->name, s->other,
		s->slot, s->a, s->b, walk->shared->answers[REFERENCE].result,
		strerrorname_np(walk->shared->answers[REFERENCE].error));
}

static bool walk_on(struct walk *walk, unsigned int count)
{
	const struct shared *shared = walk->shared;
	char turn = 0;
	int socket;
	bool same;

	choose_step(walk);
	socket = walk->sockets[shared->step.walker];
	assert_int_equal(write(socket, &turn, 1), 1);
	assert_int_equal(read(socket, &turn, 1), 1);
	same = same_answers(&shared->answers[REFERENCE], &shared->answers[MOUNT]);
	same &= same_names(walk->stage, count);
	if (!same || walk->is_shown)
		show_step(walk, count);
	return same;
}

/* Returns the number of steps that were the same. */
static unsigned int walk_from(struct walk *walk, uint32_t seed)
{
	unsigned int count = 0;
	bool same = true;

	walk->seed = walk->random = seed;
	start_walkers(walk);
	for (; same && count < STEPS; count++)
		same = walk_on(walk, count);
	end_walkers(walk);
	stage_set_dir(walk->stage, (struct spec){0, 0, 01777});
	sweep(harness()->reference);
	sweep(SHM_DIR);
	walk->stage->differences += !same;
	if (!same)
		print_error("to be replayed with SHMFS_TEST_WALK_SEED=%u\n", seed);
	return count;
}

void random_walks(void **state)
{
	const char *only = getenv("SHMFS_TEST_WALK_SEED");
	struct stage stage;
	struct walk walk = {.stage = &stage, .is_shown = only != NULL};

	(void)state;
	stage_open(&stage, harness()->daemon.mount);
	walk.shared = mmap(NULL, sizeof(*walk.shared), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(walk.shared != MAP_FAILED);
	if (only)
		stage.compared += walk_from(&walk, (uint32_t)atoi(only));
	for (uint32_t seed = 1; !only && seed <= SEEDS; seed++)
		stage.compared += walk_from(&walk, seed);
	munmap(walk.shared, sizeof(*walk.shared));
	stage_close(&stage);
	stage_conclude(&stage, "random walks");
}
