/* SPDX-License-Identifier: MIT */
/*
 * Random walks: three users and root do one thing after another on a few names or in a small tree,
 * each on both sides; result, errno and attributes of all names are compared after every step. A
 * walk that differs ends there and tells its seed. SHMFS_TEST_WALK_SEED=SEED walks only that way,
 * and prints each step.
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

enum { MOST_NAMES = 9, STEPS = 1500, SEEDS = 6, FEW_SEEDS = 2 };

static const struct identity walkers[] = {
	{"alice", {2001, 2001, {FRIENDS}}},
	{"bob", {2002, 2002, {2001}}},
	{"carol", {2003, 2001, {0}}},
	{"root", {0, 0, {0}}},
};
#define WALKERS ARRAY_SIZE(walkers)

/*
 * The names of a walk. Each may be a directory or not; names below one that is none do not exist.
 */
struct place {
	enum setting setting;
	size_t n;
	const char *names[MOST_NAMES];
};

static const struct place flat = {WITHOUT_DIRECTORIES, 5, {"a", "b", "c", "d", "e"}};
static const struct place tree = {
	WITH_DIRECTORIES, 9, {"a", "b", "d", "d/a", "d/b", "d/d", "d/d/a", "d/d/b", "b/a"}};

/* Shared by the walkers and the process that compares. */
struct shared {
	struct step step;
	struct answer answers[SIDES];
};

struct walk {
	uint32_t seed, random;
	bool is_shown;
	const struct place *place;
	struct stage *stage;
	struct shared *shared;
	int sockets[WALKERS];
	pid_t pids[WALKERS];
};

/*
 * A descriptor that gives no access, and a directory, do not keep a removed object on a mount, as
 * they do on tmpfs: shmfs(1), LIMITS.
 */
static void let_go_of_what_is_gone(struct hand *hand)
{
	for (int slot = 0; slot < SLOTS; slot++) {
		const int fd = hand->fds[slot];
		struct stat st = {.st_mode = S_IFDIR}; /* when it is stale */

		if (fd < 0 || (fstat(fd, &st) == 0 && st.st_nlink > 0))
			continue;
		if (!S_ISDIR(st.st_mode) && !(fcntl(fd, F_GETFL) & O_PATH))
			continue;
		close(fd);
		hand->fds[slot] = -1;
	}
}

static void take_step(struct shared *shared, struct hand hands[SIDES])
{
	for (int side = 0; side < SIDES; side++) {
		struct answer *answer = &shared->answers[side];

		let_go_of_what_is_gone(&hands[side]);
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

static bool suits(const struct place *place, const struct verb *verb)
{
	return verb->setting == ANYWHERE || verb->setting == place->setting;
}

static void choose_step(struct walk *walk)
{
	struct step *step = &walk->shared->step;

	step->walker = next_random(&walk->random) % WALKERS;
	do
		step->verb = next_random(&walk->random) % verb_count;
	while (!suits(walk->place, &verbs[step->verb]));
	step->name = walk->place->names[next_random(&walk->random) % walk->place->n];
	step->other = walk->place->names[next_random(&walk->random) % walk->place->n];
	step->slot = (int)(next_random(&walk->random) % SLOTS);
	step->a = next_random(&walk->random) >> 8;
	step->b = next_random(&walk->random) >> 8;
}

static int stat_outside(const struct stage *stage, int side, const char *path, struct stat *ret)
{
	return fstatat(stage->outside[side], path, ret, AT_SYMLINK_NOFOLLOW);
}

/* Names of one object have the number of the first of them. */
static int first_name(const struct walk *walk, int side, size_t i, ino_t ino)
{
	struct stat other;

	for (size_t k = 0; k < i; k++)
		if (stat_outside(walk->stage, side, walk->place->names[k], &other) == 0 &&
			other.st_ino == ino)
			return (int)k;
	return (int)i;
}

static struct view look_at_name(const struct walk *walk, int side, size_t i, bool by_mount)
{
	const char *name = walk->place->names[i];
	struct view view = {.exists = false};
	struct stat st;
	int r;

	r = by_mount ? fstatat(walk->stage->inside[side][HERE], name, &st, AT_SYMLINK_NOFOLLOW)
		     : stat_outside(walk->stage, side, name, &st);
	if (r < 0)
		return view;
	view = (struct view){true, first_name(walk, side, i, st.st_ino), st.st_mode, st.st_uid,
		st.st_gid, st.st_nlink, st.st_size};
	return view;
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
	if (reference->result == mount->result && same_errors(reference->error, mount->error))
		return same_views("opened", &reference->seen, &mount->seen);
	print_error("tmpfs: %ld %s; mount: %ld %s\n", reference->result,
		reference->error ? strerrorname_np(reference->error) : "", mount->result,
		mount->error ? strerrorname_np(mount->error) : "");
	return false;
}

static bool same_names(const struct walk *walk, unsigned int count)
{
	bool same = true;

	for (size_t i = 0; i < walk->place->n; i++) {
		const bool by_mount = i == count % walk->place->n;
		const struct view reference = look_at_name(walk, REFERENCE, i, by_mount);
		const struct view mount = look_at_name(walk, MOUNT, i, by_mount);

		same &= same_views(walk->place->names[i], &reference, &mount);
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
	same &= same_names(walk, count);
	if (!same || walk->is_shown)
		show_step(walk, count);
	return same;
}

/* Returns the number of steps that were the same. */
static unsigned int walk_from(struct walk *walk, uint32_t seed)
{
	unsigned int count = 0;
	bool same = true;
	struct stat st;

	/* The kernel takes S_ISGID from new objects by the directory's mode as it saw it last. */
	assert_return_code(fstat(walk->stage->inside[MOUNT][HERE], &st), errno);
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

static void walk_in(const struct place *place, const char *what)
{
	const char *only = getenv("SHMFS_TEST_WALK_SEED");
	const uint32_t seeds = modes_are_few() ? FEW_SEEDS : SEEDS;
	struct stage stage;
	struct walk walk = {.stage = &stage, .place = place, .is_shown = only != NULL};

	stage_open(&stage, harness()->daemon.mount);
	walk.shared = mmap(NULL, sizeof(*walk.shared), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(walk.shared != MAP_FAILED);
	if (only)
		stage.compared += walk_from(&walk, (uint32_t)atoi(only));
	for (uint32_t seed = 1; !only && seed <= seeds; seed++)
		stage.compared += walk_from(&walk, seed);
	munmap(walk.shared, sizeof(*walk.shared));
	stage_close(&stage);
	stage_conclude(&stage, what);
}

void random_walks(void **state)
{
	(void)state;
	walk_in(&flat, "random walks");
}

void random_walks_in_trees(void **state)
{
	(void)state;
	walk_in(&tree, "random walks in trees");
}
