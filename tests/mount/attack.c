/* SPDX-License-Identifier: MIT */
/*
 * The attacks of a user on the namespaces of other users, through the mount and beside it: she owns
 * objects of her own only, and may make any name in /dev/shm.
 */
#include "as.h"
#include "harness.h"
#include "view.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

static int empty_shm(void **state)
{
	(void)state;
	sweep(SHM_DIR);
	return 0;
}

static int bind_socket(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%.100s", path);
	return bind(fd, (const struct sockaddr *)&address, sizeof(address));
}

/* Everything by which a name comes into a directory. `own` is an object of BOB's. */
static void expect_no_way_in(enum door door, const char *dir, int error)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/planted", at_door(door, dir));
	EXPECT_AS(BOB, error, symlink("/etc/passwd", path));
	EXPECT_AS(BOB, error, mkfifo(path, 0666));
	EXPECT_AS(BOB, error, mkdir(path, 0777));
	EXPECT_AS(BOB, error, mknod(path, S_IFREG | 0666, 0));
	EXPECT_AS(BOB, error, try_open(path, O_RDWR | O_CREAT, 0666));
	EXPECT_AS(BOB, error, try_open(path, O_RDWR | O_CREAT | O_EXCL, 0666));
	EXPECT_AS(BOB, error, try_open(at_door(door, dir), O_RDWR | O_TMPFILE, 0666));
	EXPECT_AS(BOB, error, bind_socket(path));
	EXPECT_AS(BOB, error, link(at_door(door, "own"), path));
	EXPECT_AS(BOB, error, rename(at_door(door, "own"), path));
	EXPECT_AS(BOB, error, rename(at_door(door, "own-dir"), path));
}

static void nothing_is_planted_in_a_private_namespace(void **state)
{
	(void)state;
	put_directory("private", ALICE, 0700);
	put_directory("readable", ALICE, 0755);
	put_directory("own-dir", BOB, 0777);
	put_object("own", BOB, 0666, "bait");
	for (enum door door = 0; door < DOORS; door++) {
		expect_no_way_in(door, "private", EACCES);
		expect_no_way_in(door, "readable", EACCES);
	}
	expect_list("private", "");
	expect_list("readable", "");
	expect_list("", "own own-dir/ private/ readable/ ");
}

/* Its entries are neither seen, nor used, nor taken away. */
static void nothing_comes_out_of_a_private_namespace(void **state)
{
	struct stat st;

	(void)state;
	put_directory("private", ALICE, 0700);
	put_object("private/secret", ALICE, 0666, "secret");
	put_object("own", BOB, 0666, "bait");
	for (enum door door = 0; door < DOORS; door++) {
		const char *secret = at_door(door, "private/secret");

		EXPECT_AS(BOB, EACCES, try_open(at_door(door, "private"), O_RDONLY, 0));
		EXPECT_AS(BOB, EACCES, chdir(at_door(door, "private")));
		EXPECT_AS(BOB, EACCES, stat(secret, &st));
		EXPECT_AS(BOB, EACCES, try_open(secret, O_RDONLY, 0));
		EXPECT_AS(BOB, EACCES, try_open(secret, O_PATH, 0));
		EXPECT_AS(BOB, EACCES, access(secret, F_OK));
		EXPECT_AS(BOB, EACCES, truncate(secret, 0));
		EXPECT_AS(BOB, EACCES, unlink(secret));
		EXPECT_AS(BOB, EACCES, rename(secret, at_door(door, "taken")));
		EXPECT_AS(BOB, EACCES, link(secret, at_door(door, "taken")));
		EXPECT_AS(BOB, EACCES,
			renameat2(
				AT_FDCWD, secret, AT_FDCWD, at_door(door, "own"), RENAME_EXCHANGE));
	}
	EXPECT_AS(ALICE, 0, try_content(in_mount("private/secret"), "secret"));
}

/* The names that once stood for a namespace, its objects and its existence. */
static const char *const encoded[] = {"private%2F", "private%2Fplanted", "private%2f",
	"private%2Fsub%2F", "object%2F", "%2F", "%2Fobject", "private%2F.."};

static void no_name_stands_for_a_path(void **state)
{
	(void)state;
	put_directory("private", ALICE, 0700);
	put_object("private/secret", ALICE, 0600, "secret");
	put_object("object", ALICE, 0644, "object");
	for (enum door door = 0; door < DOORS; door++) {
		for (size_t i = 0; i < ARRAY_SIZE(encoded); i++)
			EXPECT_AS(BOB, 0,
				try_open(at_door(door, encoded[i]), O_RDWR | O_CREAT | O_EXCL,
					0666));
		expect_list("private", "secret ");
		expect_list("", "%2F %2Fobject object object%2F private/ private%2F "
				"private%2F.. private%2Fplanted private%2Fsub%2F private%2f ");
		EXPECT_AS(ALICE, 0, try_content(in_mount("private/secret"), "secret"));
		EXPECT_AS(ALICE, 0, try_content(in_mount("object"), "object"));
		for (size_t i = 0; i < ARRAY_SIZE(encoded); i++)
			EXPECT_AS(BOB, 0, unlink(at_door(!door, encoded[i])));
	}
}

/* An object that was there before the directory is no part of it. */
static void no_prefix_can_be_squatted(void **state)
{
	struct stat st;

	(void)state;
	put_object("web1%2Fcounter", BOB, 0666, "bait");
	put_object("web1%2F", BOB, 0666, "");
	EXPECT_AS(ALICE, 0, mkdir(in_mount("web1"), 0700));
	expect_list("web1", "");
	assert_return_code(stat(in_mount("web1"), &st), errno);
	assert_int_equal(st.st_uid, ALICE.uid);
	EXPECT_AS(ALICE, 0, try_open(in_mount("web1/counter"), O_RDWR | O_CREAT | O_EXCL, 0600));
	EXPECT_AS(BOB, EACCES, try_open(in_shm("web1/counter"), O_RDWR, 0));
	EXPECT_AS(BOB, EACCES, try_open(in_mount("web1/counter"), O_RDWR, 0));
	EXPECT_AS(ALICE, 0, unlink(in_mount("web1/counter")));
	EXPECT_AS(ALICE, 0, rmdir(in_mount("web1")));
}

/* A namespace that all may use, in the sticky directory of all objects. */
static void a_shared_directory_stays(void **state)
{
	(void)state;
	put_directory("shared", ALICE, 01777);
	put_object("shared/theirs", ALICE, 0666, "theirs");
	put_directory("own-dir", BOB, 0777);
	put_object("own", BOB, 0666, "bait");
	for (enum door door = 0; door < DOORS; door++) {
		const char *shared = at_door(door, "shared"), *own = at_door(door, "own");
		const char *theirs = at_door(door, "shared/theirs");

		EXPECT_AS(BOB, EPERM, link(shared, at_door(door, "link")));
		EXPECT_AS(BOB, EEXIST, link(own, shared));
		EXPECT_AS(BOB, EPERM, rename(shared, at_door(door, "moved")));
		EXPECT_AS(BOB, EPERM, rename(at_door(door, "own-dir"), shared));
		EXPECT_AS(BOB, EPERM, renameat2(AT_FDCWD, own, AT_FDCWD, shared, RENAME_EXCHANGE));
		EXPECT_AS(BOB, EPERM, rmdir(shared));
		EXPECT_AS(BOB, EPERM, chmod(shared, 0700));
		EXPECT_AS(BOB, EPERM, unlink(theirs));
		EXPECT_AS(BOB, EPERM, rename(own, theirs));
		EXPECT_AS(BOB, EPERM, rename(theirs, at_door(door, "taken")));
		EXPECT_AS(BOB, 0, link(own, at_door(door, "shared%2F")));
		EXPECT_AS(BOB, 0, link(own, at_door(door, "shared/own")));
		expect_list("shared", "own theirs ");
		EXPECT_AS(BOB, 0, unlink(at_door(!door, "shared%2F")));
		EXPECT_AS(BOB, 0, unlink(at_door(!door, "shared/own")));
		expect_list("shared", "theirs ");
	}
}

/*
 * A descriptor from better days is worth no more than on tmpfs: tmpfs refuses BOB's calls from it
 * even while the kernel still takes the directory for open to all.
 */
static void an_old_descriptor_gives_no_right(void **state)
{
	int fd;

	(void)state;
	put_directory("d", ALICE, 0777);
	fd = open(in_mount("d"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_return_code(fd, errno);
	assert_return_code(chmod(in_shm("d"), 0700), errno);
	EXPECT_AS(BOB, EACCES, mkdirat(fd, "x", 0700));
	EXPECT_AS(BOB, EACCES, symlinkat("/etc/passwd", fd, "x"));
	EXPECT_AS(BOB, EACCES, openat(fd, "x", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
	close(fd);
	expect_list("d", "");
}

/*
 * Swaps an object of BOB's and a link of hers to a file that only root may read, until it is
 * killed.
 */
static pid_t start_swapping(const char *a, const char *b)
{
	const pid_t pid = fork();

	if (pid != 0)
		return pid;
	if (who_become(BOB) < 0)
		_exit(1);
	for (;;)
		renameat2(AT_FDCWD, in_shm(a), AT_FDCWD, in_shm(b), RENAME_EXCHANGE);
}

static void end_swapping(pid_t pid)
{
	assert_return_code(kill(pid, SIGKILL), errno);
	assert_int_equal(wait_child(pid), SIGKILL);
}

/* The daemon acts as root here, and follows no link, at whatever moment it comes. */
static void no_link_leads_out(void **state)
{
	static const int flags[] = {
		O_RDWR, O_WRONLY | O_TRUNC, O_WRONLY | O_APPEND, O_RDWR | O_CREAT};
	char secret[128];
	pid_t pid;
	int opened = 0, refused = 0;

	(void)state;
	snprintf(secret, sizeof(secret), "%s/secret", harness()->base);
	write_file(secret, "secret", 6);
	assert_return_code(chmod(secret, 0600), errno);
	put_object("own", BOB, 0666, "");
	assert_return_code(symlink(secret, in_shm("link")), errno);
	assert_return_code(lchown(in_shm("link"), BOB.uid, BOB.gid), errno);
	pid = start_swapping("own", "link");
	for (int i = 0; i < 4000; i++) {
		const int fd = open(in_mount("own"), flags[i % 4] | O_NOFOLLOW | O_CLOEXEC, 0600);

		if (fd >= 0)
			assert_int_equal(write(fd, "bait", 4), 4);
		else /* with O_CREAT the kernel has another word for it in a sticky directory */
			assert_int_equal(errno, flags[i % 4] & O_CREAT ? EACCES : ELOOP);
		*(fd >= 0 ? &opened : &refused) += 1;
		if (fd >= 0)
			close(fd);
	}
	end_swapping(pid);
	print_message("%d opened, %d were links\n", opened, refused);
	assert_int_equal(try_content(secret, "secret"), 0);
	assert_return_code(unlink(secret), errno);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(nothing_is_planted_in_a_private_namespace, empty_shm),
		cmocka_unit_test_setup(nothing_comes_out_of_a_private_namespace, empty_shm),
		cmocka_unit_test_setup(no_name_stands_for_a_path, empty_shm),
		cmocka_unit_test_setup(no_prefix_can_be_squatted, empty_shm),
		cmocka_unit_test_setup(a_shared_directory_stays, empty_shm),
		cmocka_unit_test_setup(an_old_descriptor_gives_no_right, empty_shm),
		cmocka_unit_test_setup_teardown(no_link_leads_out, empty_shm, empty_shm),
	};

	return RUN_MOUNTED(tests);
}
