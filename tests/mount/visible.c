/* SPDX-License-Identifier: MIT */
/* What of /dev/shm is seen where, with and without markers, while markers come and go outside. */
#include "harness.h"
#include "view.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void directories_are_markers(void **state)
{
	struct stat st;

	(void)state;
	assert_return_code(mkdir(in_mount("web"), 0751), errno);
	assert_return_code(mkdir(in_mount("web/inner"), 0700), errno);
	assert_return_code(lstat(in_shm("web%2F"), &st), errno);
	assert_int_equal(st.st_mode, S_IFREG | 0751);
	assert_int_equal(st.st_size, 0);
	expect_directory("web", "web%2F");
	expect_directory("web/inner", "web%2Finner%2F");
	assert_return_code(chmod(in_mount("web"), 01770), errno);
	assert_return_code(chown(in_mount("web"), 5, 6), errno);
	assert_return_code(lstat(in_shm("web%2F"), &st), errno);
	assert_int_equal(st.st_mode, S_IFREG | 01770);
	assert_int_equal(st.st_uid, 5);
	assert_int_equal(st.st_gid, 6);
	assert_return_code(rmdir(in_mount("web/inner")), errno);
	assert_return_code(rmdir(in_mount("web")), errno);
	assert_true(is_empty(SHM_DIR));
}

/* The same object by both names, whoever made it. */
static void objects_of_a_namespace_have_two_doors(void **state)
{
	char bytes[16] = "";
	char *map;
	int fd, host;

	(void)state;
	assert_return_code(mkdir(in_mount("web"), 0755), errno);
	fd = open(in_mount("web/counter"), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_return_code(fd, errno);
	assert_int_equal(write(fd, "from inside", 11), 11);
	host = shm_open("/web%2Fcounter", O_RDWR, 0);
	assert_return_code(host, errno);
	map = mmap(NULL, 11, PROT_READ | PROT_WRITE, MAP_SHARED, host, 0);
	assert_true(map != MAP_FAILED);
	assert_memory_equal(map, "from inside", 11);
	memcpy(map, "by the host", 11);
	assert_int_equal(pread(fd, bytes, sizeof(bytes), 0), 11);
	assert_string_equal(bytes, "by the host");
	munmap(map, 11);
	close(host);
	close(fd);
	expect_object("web/counter", "web%2Fcounter");
	make_object("/web%2Fhost");
	expect_object("web/host", "web%2Fhost");
	expect_list("web", "counter host ");
	remove_object("/web%2Fcounter");
	expect_nothing("web/counter");
	assert_return_code(unlink(in_mount("web/host")), errno);
	assert_int_equal(shm_open("/web%2Fhost", O_RDWR, 0), -1);
	assert_return_code(rmdir(in_mount("web")), errno);
	assert_true(is_empty(SHM_DIR));
}

static void markers_come_and_go(void **state)
{
	(void)state;
	make_object("/a%2Fb");
	make_object("/a%2Fb%2Fc");
	expect_list(".", "a%2Fb a%2Fb%2Fc ");
	expect_object("a%2Fb", "a%2Fb");
	expect_nothing("a");
	expect_nothing("a/b");
	make_object("/a%2F");
	expect_list(".", "a/ ");
	expect_list("a", "b b%2Fc ");
	expect_object("a/b", "a%2Fb");
	expect_object("a/b%2Fc", "a%2Fb%2Fc");
	expect_nothing("a%2Fb");
	make_object("/a%2Fb%2F");
	expect_list("a", "b/ ");
	expect_list("a/b", "c ");
	expect_directory("a/b", "a%2Fb%2F");
	expect_object("a/b/c", "a%2Fb%2Fc");
	remove_object("/a%2F");
	expect_list(".", "a%2Fb/ ");
	expect_list("a%2Fb", "c ");
	expect_nothing("a");
	expect_object("a%2Fb/c", "a%2Fb%2Fc");
	remove_object("/a%2Fb%2F");
	expect_list(".", "a%2Fb a%2Fb%2Fc ");
	sweep(SHM_DIR);
	expect_list(".", "");
}

/* A program works in a directory whose marker the host takes away and gives back. */
static void a_directory_goes_while_it_is_used(void **state)
{
	struct stat st;
	int dir, fd;

	(void)state;
	assert_return_code(mkdir(in_mount("a"), 0755), errno);
	make_object("/a%2Fb");
	dir = open(in_mount("a"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd = openat(dir, "b", O_RDWR | O_CLOEXEC);
	assert_return_code(fd, errno);
	remove_object("/a%2F");
	assert_int_equal(faccessat(dir, "b", F_OK, 0), -1);
	assert_int_equal(openat(dir, "new", O_RDWR | O_CREAT | O_CLOEXEC, 0600), -1);
	assert_int_equal(mkdirat(dir, "new", 0755), -1);
	assert_int_equal(write(fd, "still", 5), 5);
	assert_return_code(fstat(fd, &st), errno);
	assert_int_equal(st.st_nlink, 1);
	expect_list(".", "a%2Fb ");
	make_object("/a%2F");
	expect_list("a", "b ");
	assert_return_code(unlink(in_mount("a/b")), errno);
	close(dir);
	close(fd);
	sweep(SHM_DIR);
}

/* Renamed by the host, a marker is another directory, and the objects stay behind. */
static void a_marker_is_renamed_outside(void **state)
{
	(void)state;
	assert_return_code(mkdir(in_mount("a"), 0755), errno);
	make_object("/a%2Fx");
	make_object("/b%2Fy");
	expect_list(".", "a/ b%2Fy ");
	assert_return_code(rename(in_shm("a%2F"), in_shm("b%2F")), errno);
	expect_list(".", "a%2Fx b/ ");
	expect_list("b", "y ");
	expect_directory("b", "b%2F");
	assert_return_code(rename(in_shm("b%2F"), in_shm("plain")), errno);
	expect_list(".", "a%2Fx b%2Fy plain ");
	expect_object("plain", "plain");
	assert_return_code(rename(in_shm("plain"), in_shm("a%2F")), errno);
	expect_list(".", "a/ b%2Fy ");
	assert_return_code(chmod(in_shm("a%2F"), 0711), errno);
	expect_directory("a", "a%2F");
	sweep(SHM_DIR);
}

static void inner_markers_without_outer_ones(void **state)
{
	(void)state;
	make_object("/a%2Fb%2F");
	make_object("/a%2Fb%2Fc%2Fd%2F");
	make_object("/a%2Fb%2Fc%2Fd%2Fe");
	make_object("/a%2Fb%2Fc%2Ff");
	make_object("/a%2Fg");
	expect_list(".", "a%2Fb/ a%2Fg ");
	expect_list("a%2Fb", "c%2Fd/ c%2Ff ");
	expect_list("a%2Fb/c%2Fd", "e ");
	expect_object("a%2Fb/c%2Fd/e", "a%2Fb%2Fc%2Fd%2Fe");
	expect_nothing("a/b");
	expect_nothing("a%2Fb%2Fc%2Fd");
	expect_nothing("a%2Fb%2Fc%2Fd/e");
	assert_return_code(mkdir(in_mount("a"), 0755), errno);
	expect_list(".", "a/ ");
	expect_list("a", "b/ g ");
	expect_object("a/b/c%2Fd/e", "a%2Fb%2Fc%2Fd%2Fe");
	EXPECT_ERROR(rmdir(in_mount("a")), ENOTEMPTY);
	EXPECT_ERROR(rmdir(in_mount("a/b")), ENOTEMPTY);
	assert_return_code(rename(in_mount("a/b/c%2Ff"), in_mount("a/f")), errno);
	assert_return_code(rename(in_mount("a/b/c%2Fd"), in_mount("a/d")), errno);
	expect_object("a/d/e", "a%2Fd%2Fe");
	assert_return_code(rmdir(in_mount("a/b")), errno);
	expect_list("a", "d/ f g ");
	sweep(SHM_DIR);
}

/* The directory wins; the object stays hidden as long as there is one. */
static void a_name_that_is_claimed_twice(void **state)
{
	struct stat before, after;

	(void)state;
	make_object("/web");
	assert_return_code(lstat(in_shm("web"), &before), errno);
	EXPECT_ERROR(mkdir(in_mount("web"), 0755), EEXIST);
	make_object("/web%2F");
	make_object("/web%2Fx");
	make_object("/y");
	expect_list(".", "web/ y ");
	expect_directory("web", "web%2F");
	expect_object("web/x", "web%2Fx");
	EXPECT_ERROR(unlink(in_mount("web")), EISDIR);
	EXPECT_ERROR(rename(in_mount("y"), in_mount("web")), EISDIR);
	EXPECT_ERROR(link(in_mount("y"), in_mount("web")), EEXIST);
	EXPECT_ERROR(mkdir(in_mount("web"), 0755), EEXIST);
	EXPECT_ERROR(mknod(in_mount("web"), S_IFREG | 0600, 0), EEXIST);
	EXPECT_ERROR(symlink("y", in_mount("web")), EEXIST);
	assert_return_code(unlink(in_mount("web/x")), errno);
	assert_return_code(rmdir(in_mount("web")), errno);
	expect_list(".", "web y ");
	expect_object("web", "web");
	assert_return_code(lstat(in_mount("web"), &after), errno);
	assert_int_equal(after.st_ino, before.st_ino);
	sweep(SHM_DIR);
}

/* Moving a directory away uncovers what it hid, and moving one here does not destroy it. */
static void moving_directories_over_hidden_objects(void **state)
{
	(void)state;
	make_object("/web");
	make_object("/web%2F");
	make_object("/web%2Fx");
	assert_return_code(rename(in_mount("web"), in_mount("other")), errno);
	expect_list(".", "other/ web ");
	expect_object("other/x", "other%2Fx");
	expect_object("web", "web");
	EXPECT_ERROR(rename(in_mount("other"), in_mount("web")), ENOTDIR);
	make_object("/web%2F");
	assert_return_code(rename(in_mount("other"), in_mount("web")), errno);
	expect_list(".", "web/ ");
	expect_object("web/x", "web%2Fx");
	remove_object("/web%2F");
	expect_list(".", "web web%2Fx ");
	sweep(SHM_DIR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(directories_are_markers),
		cmocka_unit_test(objects_of_a_namespace_have_two_doors),
		cmocka_unit_test(markers_come_and_go),
		cmocka_unit_test(a_directory_goes_while_it_is_used),
		cmocka_unit_test(a_marker_is_renamed_outside),
		cmocka_unit_test(inner_markers_without_outer_ones),
		cmocka_unit_test(a_name_that_is_claimed_twice),
		cmocka_unit_test(moving_directories_over_hidden_objects),
	};

	return RUN_MOUNTED(tests);
}
