/* SPDX-License-Identifier: MIT */
/* Several users at the same time, and one whose groups change. */
#include "modes.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* User n has uid FIRST_USER + n, and so on; GUESTS is a group of all. */
enum { USERS = 6, THREADS = 2, ROUNDS = 100, VISITS = 20, KEPT = 4, SIZE = 256 * 1024 };
enum { FIRST_USER = 3000, FIRST_GROUP = 3100, FIRST_CLUB = 3200, GUESTS = 3300 };

struct user {
	int number, neighbour;
	const char *mount;
	int wrong; /* line of the first thing that was */
	int error;
};

#define CHECK(user, condition)                        \
	do {                                          \
		if (!(condition) && !(user)->wrong) { \
			(user)->wrong = __LINE__;     \
			(user)->error = errno;        \
		}                                     \
	} while (0)

static const char *path_of(const struct user *user, const char *kind, int number, int round)
{
	static _Thread_local char path[128];

	snprintf(path, sizeof(path), "%s/%s-%d-%d", user->mount, kind, number, round);
	return path;
}

/* Of this thread only, which glibc's functions do not offer. */
static bool become(const struct user *user)
{
	const uid_t uid = (uid_t)(FIRST_USER + user->number);
	const gid_t gid = (gid_t)(FIRST_GROUP + user->number);
	const gid_t groups[] = {GUESTS, (gid_t)(FIRST_CLUB + user->number)};

	return syscall(SYS_setgroups, ARRAY_SIZE(groups), groups) == 0 &&
	       syscall(SYS_setresgid, gid, gid, gid) == 0 &&
	       syscall(SYS_setresuid, uid, uid, uid) == 0;
}

static bool is_own(const struct user *user, const struct stat *st)
{
	return st->st_uid == (uid_t)(FIRST_USER + user->number) &&
	       st->st_gid == (gid_t)(FIRST_GROUP + user->number);
}

static void create_and_write(struct user *user, int round)
{
	static const char bytes[SIZE];
	const int fd = open(path_of(user, "own", user->number, round),
		O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	struct stat st;

	CHECK(user, fd >= 0 && fstat(fd, &st) == 0 && is_own(user, &st));
	for (int i = 0; i < 2; i++)
		CHECK(user, pwrite(fd, bytes, SIZE, 0) == SIZE);
	CHECK(user, fchmod(fd, 06711) == 0);
	CHECK(user, pwrite(fd, bytes, SIZE, 0) == SIZE);
	CHECK(user, fstat(fd, &st) == 0 && (st.st_mode & 07777) == 0711);
	CHECK(user, fchmod(fd, 0600) == 0);
	CHECK(user, fchown(fd, (uid_t)-1, (gid_t)(FIRST_CLUB + user->neighbour)) == -1 &&
			    errno == EPERM);
	CHECK(user, fchown(fd, (uid_t)-1, (gid_t)(FIRST_CLUB + user->number)) == 0);
	CHECK(user, fchown(fd, (uid_t)-1, (gid_t)(FIRST_GROUP + user->number)) == 0);
	close(fd);
}

static void make_others(struct user *user, int round)
{
	const char *path = path_of(user, "node", user->number, round);
	struct stat st;
	int fd;

	CHECK(user, mknod(path, S_IFREG | 0640, 0) == 0);
	CHECK(user, stat(path, &st) == 0 && is_own(user, &st));
	CHECK(user, unlink(path) == 0);
	if (!LIBFUSE_HAS_TMPFILE)
		return;
	fd = open(user->mount, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	CHECK(user, fd >= 0 && fstat(fd, &st) == 0 && is_own(user, &st));
	close(fd);
}

static bool can_open(const char *path, int flags)
{
	const int fd = open(path, flags | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static void visit_neighbour(struct user *user, int round)
{
	const char *path = path_of(user, "own", user->neighbour, round);

	CHECK(user, !can_open(path, O_RDONLY) && (errno == EACCES || errno == ENOENT));
	CHECK(user, !can_open(path, O_RDWR) && (errno == EACCES || errno == ENOENT));
	CHECK(user, chmod(path, 0666) == -1 && (errno == EPERM || errno == ENOENT));
	CHECK(user, unlink(path) == -1 && (errno == EPERM || errno == ENOENT));
}

/* Only a supplementary group decides, again and again. */
static void visit_clubs(struct user *user)
{
	for (int i = 0; i < VISITS; i++) {
		CHECK(user, can_open(path_of(user, "club", user->number, 0), O_RDWR));
		CHECK(user, !can_open(path_of(user, "club", user->neighbour, 0), O_RDWR) &&
				    errno == EACCES);
	}
}

static void list_all(struct user *user)
{
	CHECK(user, count_and_close(opendir(user->mount)) > USERS);
}

static void *work(void *arg)
{
	struct user *user = arg;

	CHECK(user, become(user));
	for (int round = 0; round < ROUNDS && !user->wrong; round++) {
		create_and_write(user, round);
		make_others(user, round);
		visit_neighbour(user, round);
		visit_clubs(user);
		if (round % 8 == 0)
			list_all(user);
		if (round >= KEPT)
			CHECK(user, unlink(path_of(user, "own", user->number, round - KEPT)) == 0);
	}
	return NULL;
}

/* A process of several users: each of its threads has its own credentials. */
static _Noreturn void work_in_threads(int first)
{
	struct user users[THREADS];
	pthread_t threads[THREADS];
	int status = 0;

	for (int i = 0; i < THREADS; i++) {
		users[i] = (struct user){.number = first + i,
			.neighbour = (first + i + 1) % USERS,
			.mount = harness()->daemon.mount};
		if (pthread_create(&threads[i], NULL, work, &users[i]) != 0)
			_exit(1);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		if (users[i].wrong == 0)
			continue;
		fprintf(stderr, "user %d: line %d: %s\n", users[i].number, users[i].wrong,
			strerror(users[i].error));
		status = 1;
	}
	_exit(status);
}

/*
 * Root is among them: it opens objects that are closed to all users, and owns the objects it makes.
 */
static _Noreturn void work_as_root(void)
{
	struct user user = {.number = USERS, .mount = harness()->daemon.mount};
	struct stat st;
	int fd;

	for (int round = 0; round < ROUNDS * VISITS && !user.wrong; round++) {
		const char *own = path_of(&user, "own", round % USERS, round / VISITS);

		CHECK(&user, can_open(own, O_RDWR) || errno == ENOENT);
		fd = open(
			path_of(&user, "root", round, 0), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0);
		CHECK(&user, fd >= 0 && fstat(fd, &st) == 0 && st.st_uid == 0 && st.st_gid == 0);
		CHECK(&user, unlink(path_of(&user, "root", round, 0)) == 0);
		close(fd);
	}
	if (user.wrong)
		fprintf(stderr, "root: line %d: %s\n", user.wrong, strerror(user.error));
	_exit(user.wrong ? 1 : 0);
}

static void make_clubs(void)
{
	for (int i = 0; i < USERS; i++) {
		char path[64];
		int fd;

		snprintf(path, sizeof(path), "%s/club-%d-0", SHM_DIR, i);
		fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		assert_return_code(fd, errno);
		assert_return_code(fchown(fd, 0, (gid_t)(FIRST_CLUB + i)), errno);
		assert_return_code(fchmod(fd, 0660), errno);
		close(fd);
	}
}

/* The objects that the users left, as seen from outside. */
static void check_owners(void)
{
	DIR *d = opendir(SHM_DIR);
	const struct dirent *e;
	int n = 0;

	assert_non_null(d);
	while ((e = readdir(d))) {
		struct user user;
		struct stat st;

		if (sscanf(e->d_name, "own-%d", &user.number) != 1)
			continue;
		assert_return_code(fstatat(dirfd(d), e->d_name, &st, 0), errno);
		assert_true(is_own(&user, &st));
		assert_int_equal(st.st_mode & 07777, 0600);
		n++;
	}
	closedir(d);
	assert_int_equal(n, USERS * KEPT);
}

void users_at_the_same_time(void **state)
{
	enum { PROCESSES = USERS / THREADS + 1 };
	pid_t pids[PROCESSES];

	(void)state;
	make_clubs();
	for (int i = 0; i < PROCESSES; i++) {
		pids[i] = fork();
		assert_return_code(pids[i], errno);
		if (pids[i] == 0 && i < PROCESSES - 1)
			work_in_threads(i * THREADS);
		if (pids[i] == 0)
			work_as_root();
	}
	for (int i = 0; i < PROCESSES; i++)
		assert_int_equal(wait_child(pids[i]), 0);
	check_owners();
	sweep(SHM_DIR);
}

static void use_group(struct side *s, const char *name)
{
	T(s, access(name, R_OK | W_OK));
	T(s, faccessat(AT_FDCWD, name, R_OK | W_OK, AT_EACCESS));
	note_open(s, name, O_RDWR, 0);
	T(s, truncate(name, 10));
	T(s, utimensat(AT_FDCWD, name, NULL, 0));
}

/* Its saved user is root, which lets it change. */
static void change(struct side *s, size_t count, gid_t supplementary, gid_t gid)
{
	T(s, seteuid(0));
	T(s, setgroups(count, &supplementary));
	T(s, setegid(gid));
	T(s, seteuid(OTHER));
}

static void work_with_groups(struct side *s)
{
	int fd;

	make_outside(s, "shared", 0, GROUP, 0660, 100);
	T(s, setresuid(OTHER, OTHER, 0));
	change(s, 0, 0, OTHER);
	use_group(s, "shared");
	change(s, 1, GROUP, OTHER);
	use_group(s, "shared");
	fd = T_FD(s, open("shared", O_RDWR | O_CLOEXEC));
	change(s, 1, FOREIGN, OTHER);
	use_group(s, "shared");
	T(s, write(fd, "still", 5));
	change(s, 0, 0, GROUP);
	use_group(s, "shared");
	change(s, 0, 0, OTHER);
	use_group(s, "shared");
	T(s, ftruncate(fd, 3));
	note_fstat(s, fd);
}

void groups_that_change(void **state)
{
	(void)state;
	compare_sides(work_with_groups, harness()->daemon.mount, ROOT);
}
