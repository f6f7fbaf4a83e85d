/* SPDX-License-Identifier: MIT */
/* What is no ordinary name or no ordinary file in /dev/shm, and how it is seen. */
#include "harness.h"
#include "snapshot.h"
#include "view.h"
#include "who.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* Names that end like a marker but are none, or would leave no component. */
static void odd_names_stay_visible(void **state)
{
	static const char *const odd[] = {"%2F", "%2F%2F", "%2Fx", ".%2F", ".%2Fx", "..%2F",
		"..%2Fx", "a%2F%2F", "a%2F.", "a%2F.%2F", "a%2F..", "a%2F..%2F"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(odd); i++)
		assert_return_code(mknod(in_shm(odd[i]), S_IFREG | 0600, 0), errno);
	expect_list(".",
		"%2F %2F%2F %2Fx .%2F .%2Fx ..%2F ..%2Fx a%2F%2F a%2F. a%2F.%2F a%2F.. a%2F..%2F ");
	for (size_t i = 0; i < ARRAY_SIZE(odd); i++)
		expect_object(odd[i], odd[i]);
	assert_return_code(mkdir(in_mount("a"), 0755), errno);
	expect_list(".", "%2F %2F%2F %2Fx .%2F .%2Fx ..%2F ..%2Fx a/ a%2F. a%2F.. ");
	expect_list("a", "%2F .%2F ..%2F ");
	expect_object("a/%2F", "a%2F%2F");
	expect_object("a/..%2F", "a%2F..%2F");
	expect_object("a%2F.", "a%2F.");
	expect_nothing("a/.%2F.");
	for (size_t i = 0; i < ARRAY_SIZE(odd); i++)
		if (strncmp(odd[i], "a%2F", 4) != 0 || strlen(odd[i]) < strlen("a%2F%2F"))
			assert_return_code(unlink(in_mount(odd[i])), errno);
	EXPECT_ERROR(rmdir(in_mount("a")), ENOTEMPTY);
	assert_return_code(unlink(in_mount("a/%2F")), errno);
	assert_return_code(unlink(in_mount("a/..%2F")), errno);
	assert_return_code(unlink(in_mount("a/.%2F")), errno);
	assert_return_code(rmdir(in_mount("a")), errno);
	assert_true(is_empty(SHM_DIR));
}

/* Of 255 bytes: nothing can be made in a directory with the longest of all markers. */
static void the_longest_names_of_the_host(void **state)
{
	char name[256], component[256], path[600];
	struct stat st;

	(void)state;
	memset(name, 'n', 255);
	memcpy(name + 252, "%2F", 4);
	assert_return_code(mknod(in_shm(name), S_IFREG | 0755, 0), errno);
	snprintf(component, sizeof(component), "%.252s", name);
	expect_directory(component, name);
	snprintf(path, sizeof(path), "%s/x", component);
	EXPECT_ERROR(mknod(in_mount(path), S_IFREG | 0600, 0), ENAMETOOLONG);
	EXPECT_ERROR(mkdir(in_mount(path), 0600), ENAMETOOLONG);
	assert_int_equal(lstat(in_mount(path), &st), -1);
	expect_list(component, "");
	assert_return_code(rmdir(in_mount(component)), errno);
	memcpy(name + 200, "%2F", 3);
	memcpy(name + 252, "nnn", 3);
	assert_return_code(mknod(in_shm(name), S_IFREG | 0600, 0), errno);
	expect_object(name, name);
	snprintf(component, sizeof(component), "%.200s", name);
	assert_return_code(mkdir(in_mount(component), 0755), errno);
	snprintf(path, sizeof(path), "%s/%s", component, name + 203);
	expect_object(path, name);
	sweep(SHM_DIR);
}

/* Only regular files are markers; what they hold does not count. */
static void what_is_a_marker(void **state)
{
	struct stat st;

	(void)state;
	assert_return_code(mkfifo(in_shm("fifo%2F"), 0600), errno);
	assert_return_code(symlink("x", in_shm("symlink%2F")), errno);
	make_object("/fifo%2Fx");
	make_object("/symlink%2Fx");
	expect_list(".", "fifo%2F fifo%2Fx symlink%2F symlink%2Fx ");
	sweep(SHM_DIR);
	make_object("/full%2F");
	assert_return_code(truncate(in_shm("full%2F"), 12345), errno);
	make_object("/full%2Fx");
	expect_list(".", "full/ ");
	expect_list("full", "x ");
	assert_return_code(lstat(in_mount("full"), &st), errno);
	assert_int_equal(st.st_size, 60);
	sweep(SHM_DIR);
}

/* It could be a program. */
static void a_full_marker_gives_no_rights(void **state)
{
	struct stat st;

	(void)state;
	assert_return_code(mkdir(in_mount("d"), 0755), errno);
	assert_return_code(chmod(in_mount("d"), 06755), errno);
	assert_return_code(chown(in_mount("d"), BOB.uid, BOB.gid), errno);
	assert_return_code(lstat(in_mount("d"), &st), errno);
	assert_int_equal(st.st_mode, S_IFDIR | 06755);
	assert_return_code(truncate(in_shm("d%2F"), 1), errno);
	assert_return_code(chmod(in_shm("d%2F"), 06755), errno);
	assert_return_code(chown(in_mount("d"), 0, 0), errno);
	assert_return_code(lstat(in_shm("d%2F"), &st), errno);
	assert_int_equal(st.st_mode, S_IFREG | 0755);
	assert_return_code(chmod(in_mount("d"), 07777), errno);
	assert_return_code(lstat(in_shm("d%2F"), &st), errno);
	assert_int_equal(st.st_mode, S_IFREG | 01777);
	sweep(SHM_DIR);
}

/* Else whoever is in the one directory would be led into the other. */
static void a_marker_has_one_name(void **state)
{
	int dir;

	(void)state;
	assert_return_code(mkdir(in_mount("d"), 01777), errno);
	make_object("/d%2Fx");
	make_object("/e%2Fx");
	dir = open(in_mount("d"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_return_code(dir, errno);
	assert_return_code(link(in_shm("d%2F"), in_shm("e%2F")), errno);
	EXPECT_ERROR(access(in_mount("e"), F_OK), EMLINK);
	EXPECT_ERROR(access(in_mount("e/x"), F_OK), EMLINK);
	EXPECT_ERROR(access(in_mount("d/x"), F_OK), EMLINK);
	EXPECT_ERROR(faccessat(dir, "x", F_OK, 0), EMLINK);
	EXPECT_ERROR(mknodat(dir, "y", S_IFREG | 0600, 0), EMLINK);
	assert_return_code(unlink(in_shm("e%2F")), errno);
	assert_return_code(link(in_shm("d%2F"), in_shm("object")), errno);
	EXPECT_ERROR(faccessat(dir, "x", F_OK, 0), EMLINK);
	assert_return_code(unlink(in_shm("object")), errno);
	assert_return_code(faccessat(dir, "x", F_OK, 0), errno);
	expect_object("d/x", "d%2Fx");
	expect_object("e%2Fx", "e%2Fx");
	close(dir);
	sweep(SHM_DIR);
}

static void what_is_not_shown(void **state)
{
	struct stat st;

	(void)state;
	assert_return_code(mkdir(in_mount("a"), 0755), errno);
	assert_return_code(mkdir(in_shm("directory"), 0755), errno);
	assert_return_code(mkdir(in_shm("a%2Fdirectory"), 0755), errno);
	assert_return_code(mkdir(in_shm("directory%2F"), 0755), errno);
	assert_return_code(mknod(in_shm("character"), S_IFCHR | 0600, makedev(1, 3)), errno);
	assert_return_code(mknod(in_shm("a%2Fblock"), S_IFBLK | 0600, makedev(1, 0)), errno);
	expect_list(".", "a/ ");
	expect_list("a", "");
	expect_nothing("directory");
	expect_nothing("character");
	expect_nothing("a/block");
	expect_nothing("a/directory");
	assert_return_code(lstat(in_mount("."), &st), errno);
	assert_int_equal(st.st_nlink, 3);
	EXPECT_ERROR(mknod(in_mount("a/block"), S_IFREG | 0600, 0), EEXIST);
	EXPECT_ERROR(mknod(in_mount("directory"), S_IFREG | 0600, 0), EEXIST);
	assert_return_code(lstat(in_shm("a%2Fblock"), &st), errno);
	assert_return_code(rmdir(in_shm("a%2Fdirectory")), errno);
	assert_return_code(unlink(in_shm("a%2Fblock")), errno);
	sweep(SHM_DIR);
}

/* An encoded slash in a component would make it a path, in any directory. */
static void expect_no_encoded_slash(const char *path)
{
	EXPECT_ERROR(open(in_mount(path), O_RDWR | O_CREAT | O_CLOEXEC, 0600), EINVAL);
	EXPECT_ERROR(mknod(in_mount(path), S_IFREG | 0600, 0), EINVAL);
	EXPECT_ERROR(mkdir(in_mount(path), 0700), EINVAL);
	EXPECT_ERROR(symlink("x", in_mount(path)), EINVAL);
	EXPECT_ERROR(mkfifo(in_mount(path), 0600), EINVAL);
	EXPECT_ERROR(mknod(in_mount(path), S_IFSOCK | 0600, 0), EINVAL);
	EXPECT_ERROR(link(in_mount("file"), in_mount(path)), EINVAL);
	EXPECT_ERROR(rename(in_mount("file"), in_mount(path)), EINVAL);
	EXPECT_ERROR(rename(in_mount("d"), in_mount(path)), EINVAL);
	expect_nothing(path);
}

static void encoded_slashes_cannot_be_made(void **state)
{
	static const char *const paths[] = {
		"a%2Fb", "%2F", "x%2F", "e/a%2Fb", "e/%2F", "e/x%2F", "e/%2Fx", "d%2Fx", "..%2Fe"};
	char *before, *after;

	(void)state;
	assert_return_code(mkdir(in_mount("d"), 0755), errno);
	assert_return_code(mkdir(in_mount("e"), 0755), errno);
	make_object("/file");
	before = list_shm();
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		expect_no_encoded_slash(paths[i]);
	after = list_shm();
	assert_string_equal(before, after);
	free(before);
	free(after);
	make_object("/e%2Fx%2Fy");
	EXPECT_ERROR(mknod(in_mount("e/x%2Fy"), S_IFREG | 0600, 0), EEXIST);
	assert_return_code(rename(in_mount("e/x%2Fy"), in_mount("e/y")), errno);
	expect_object("e/y", "e%2Fy");
	sweep(SHM_DIR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(odd_names_stay_visible),
		cmocka_unit_test(the_longest_names_of_the_host),
		cmocka_unit_test(what_is_a_marker),
		cmocka_unit_test(a_full_marker_gives_no_rights),
		cmocka_unit_test(a_marker_has_one_name),
		cmocka_unit_test(what_is_not_shown),
		cmocka_unit_test(encoded_slashes_cannot_be_made),
	};

	return RUN_MOUNTED(tests);
}
