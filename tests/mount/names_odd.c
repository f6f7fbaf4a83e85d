/* SPDX-License-Identifier: MIT */
/*
 * Names, depths and kinds that tmpfs has and a view could get wrong: every byte is an ordinary part
 * of a name, and a file system mounted below /dev/shm is no part of it.
 */
#include "as.h"
#include "harness.h"
#include "view.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* Also the codes that once stood for a slash, and for names that shm_open(3) refuses. */
static const char *const odd[] = {"%2F", "%2f", "a%2Fb", "%2Fa", "a%2F", "%", "%2", "%00", "a%2F..",
	"..%2F", "...", " ", "a b", "-", "a\nb", "\xff\xfe", "\xc3\xa9", "\x01", "*", "a\\b",
	"sem.a", ".hidden", "a%2Fb%2F"};

static void use_name(struct side *s, const char *name)
{
	char path[512];
	int fd = T_FD(s, open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640));

	T(s, write(fd, name, strlen(name)));
	T(s, close(fd));
	note_open(s, name, O_RDWR, 0);
	T(s, link(name, "linked"));
	T(s, unlink(name));
	T(s, mkdir(name, 0755));
	snprintf(path, sizeof(path), "%s/%s", name, name);
	T(s, rename("linked", path));
	note_lstat(s, path);
	note_lstat(s, name);
	T(s, symlink(path, "link"));
	note_open(s, "link", O_RDONLY, 0);
	T(s, unlink("link"));
	T(s, rename(name, "moved"));
	T(s, rename("moved", name));
}

static void odd_names(struct side *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(odd); i++)
		use_name(s, odd[i]);
}

static void the_longest_components(struct side *s)
{
	char name[NAME_MAX + 2], path[PATH_MAX];

	memset(name, 'n', sizeof(name));
	for (size_t len = NAME_MAX - 3; len <= NAME_MAX + 1; len++) {
		memset(name, 'n', NAME_MAX);
		name[NAME_MAX] = 'n';
		name[len] = '\0';
		if (len > NAME_MAX)
			name[NAME_MAX + 1] = '\0';
		note_open(s, name, O_RDWR | O_CREAT | O_EXCL, 0640);
		note_open(s, name, O_RDONLY, 0);
		T(s, unlink(name));
		T(s, mkdir(name, 0755));
		snprintf(path, sizeof(path), "%s/%s", name, name);
		note_open(s, path, O_RDWR | O_CREAT | O_EXCL, 0640);
		T(s, symlink(name, "link"));
		note_open(s, "link", O_RDONLY, 0);
		T(s, unlink("link"));
		note_lstat(s, path);
		T(s, rename(path, "short"));
		T(s, rename("short", path));
	}
}

/* Deeper than a path can say, in steps. */
static void deep_paths(struct side *s)
{
	enum { LENGTH = 200, DEPTH = 40 };
	char name[LENGTH + 1], cwd[PATH_MAX];
	int fd;

	memset(name, 'd', LENGTH);
	name[LENGTH] = '\0';
	for (int i = 0; i < DEPTH; i++) {
		T(s, mkdir(name, 0755));
		T(s, chdir(name));
	}
	fd = T_FD(s, open("object", O_RDWR | O_CREAT | O_CLOEXEC, 0640));
	T(s, write(fd, "deep", 4));
	note_open(s, "object", O_RDONLY, 0);
	note(s, "%s", getcwd(cwd, sizeof(cwd)) ? "has a path" : strerrorname_np(errno));
	for (int i = 0; i < DEPTH; i++)
		T(s, chdir(".."));
	note_lstat(s, name);
	T(s, rename(name, "moved"));
	note_fstat(s, fd);
	T(s, pwrite(fd, "DEEP", 4, 0));
	T(s, close(fd));
	for (int i = 0; i < DEPTH; i++)
		T(s, chdir(i == 0 ? "moved" : name));
	T(s, unlink("object"));
	for (int i = 0; i < DEPTH; i++) {
		T(s, chdir(".."));
		T(s, rmdir(i == DEPTH - 1 ? "moved" : name));
	}
}

/* The longest path in one call, counted from the directory of the mount. */
static void the_longest_path(struct side *s)
{
	char path[PATH_MAX + 8] = "", object[PATH_MAX + 8];
	size_t len = 0;

	while (len + 200 < PATH_MAX) {
		memset(path + len, 'd', 99);
		len += 99;
		path[len] = '\0';
		T(s, mkdir(path, 0755));
		path[len++] = '/';
	}
	for (size_t left = PATH_MAX - len - 3; left <= PATH_MAX - len; left++) {
		memcpy(object, path, len);
		memset(object + len, 'o', left);
		object[len + left] = '\0';
		note_open(s, object, O_RDWR | O_CREAT, 0640);
		note_open(s, object, O_RDONLY, 0);
		T(s, unlink(object));
	}
}

static void try_nodes(struct side *s)
{
	T(s, mknod("null", S_IFCHR | 0666, makedev(1, 3)));
	T(s, mknod("block", S_IFBLK | 0660, makedev(7, 200)));
	T(s, mknod("whiteout", S_IFCHR, 0));
	T(s, mknod("fifo", S_IFIFO | 0666, 0));
	T(s, mknod("socket", S_IFSOCK | 0666, 0));
	T(s, mknod("plain", S_IFREG | 0666, 0));
	T(s, mknod("dir", S_IFDIR | 0777, 0));
	T(s, mknod("odd", 0666, 0));
}

static void note_nodes(struct side *s)
{
	static const char *const nodes[] = {
		"null", "block", "whiteout", "fifo", "socket", "plain", "dir", "odd"};
	struct stat st;

	for (size_t i = 0; i < ARRAY_SIZE(nodes); i++) {
		note_lstat(s, nodes[i]);
		if (lstat(nodes[i], &st) == 0)
			note(s, "%s is %u:%u", nodes[i], major(st.st_rdev), minor(st.st_rdev));
	}
}

/* On the mount they cannot be opened, which is nodev; that is compared by hand below. */
static void device_nodes(struct side *s)
{
	AS(s, ALICE)
	try_nodes(s);
	note_nodes(s);
	T(s, unlink("fifo"));
	T(s, unlink("socket"));
	T(s, unlink("plain"));
	T(s, unlink("odd"));
	try_nodes(s);
	note_nodes(s);
	T(s, rename("null", "moved"));
	T(s, link("moved", "null"));
	T(s, chmod("null", 0600));
	T(s, chown("block", ALICE.uid, ALICE.gid));
	note_nodes(s);
}

static void devices_are_not_opened(void **state)
{
	(void)state;
	assert_return_code(mknod(in_mount("null"), S_IFCHR | 0666, makedev(1, 3)), errno);
	EXPECT_ERROR(try_open(in_mount("null"), O_RDONLY, 0), EACCES);
	EXPECT_AS(ALICE, EACCES, try_open(in_mount("null"), O_RDWR, 0));
	assert_return_code(unlink(in_shm("null")), errno);
}

/* As an empty directory that no user can remove, and that no object comes out of. */
static void expect_not_entered(const char *mount_dir)
{
	const char *below = at_door(DOOR_MOUNT, "below");
	char path[128], other[128];
	struct dirent *e;
	struct stat st;
	DIR *d;

	if (mount_dir)
		snprintf(path, sizeof(path), "%s/below", mount_dir);
	else
		snprintf(path, sizeof(path), "%s", below);
	snprintf(other, sizeof(other), "%.*s-other", (int)sizeof(other) - 8, path);
	assert_return_code(lstat(path, &st), errno);
	assert_true(S_ISDIR(st.st_mode));
	d = opendir(path);
	assert_non_null(d);
	while ((e = readdir(d)))
		if (e->d_name[0] != '.')
			fail_msg("%s is seen", e->d_name);
	closedir(d);
	EXPECT_ERROR(rmdir(path), EBUSY);
	EXPECT_ERROR(rename(path, other), EBUSY);
	assert_return_code(stat(in_shm("below/inside"), &st), errno);
	snprintf(other, sizeof(other), "%.*s/inside", (int)sizeof(other) - 8, path);
	EXPECT_ERROR(stat(other, &st), ENOENT);
	EXPECT_ERROR(try_open(other, O_RDONLY, 0), ENOENT);
}

static void mount_below(void)
{
	put_directory("below", ALICE, 0755);
	assert_return_code(mount("tmpfs", in_shm("below"), "tmpfs", 0, "mode=0755"), errno);
	write_file(in_shm("below/inside"), "inside", 6);
}

static void unmount_below(void)
{
	assert_return_code(umount2(in_shm("below"), 0), errno);
	assert_return_code(rmdir(in_mount("below")), errno);
}

static void what_is_mounted_later_is_not_entered(void **state)
{
	(void)state;
	mount_below();
	expect_not_entered(NULL);
	unmount_below();
}

static void what_was_mounted_before_is_not_entered(void **state)
{
	struct daemon daemon;
	char dir[64];

	(void)state;
	mount_below();
	make_dir(dir, harness()->base, "later");
	daemon_start(&daemon, dir, NULL);
	expect_not_entered(dir);
	unmount_below();
	daemon_stop(&daemon);
}

/* A file over an object is the other kind of mount. */
static void what_is_mounted_over_an_object(void **state)
{
	char file[128];

	(void)state;
	snprintf(file, sizeof(file), "%s/file", harness()->base);
	write_file(file, "outside", 7);
	put_object("object", ALICE, 0644, "object");
	assert_return_code(mount(file, in_shm("object"), NULL, MS_BIND, NULL), errno);
	assert_int_equal(try_content(in_shm("object"), "outside"), 0);
	assert_int_equal(try_content(in_mount("object"), "object"), 0);
	EXPECT_ERROR(unlink(in_mount("object")), EBUSY);
	assert_return_code(umount2(in_shm("object"), 0), errno);
	assert_return_code(unlink(in_mount("object")), errno);
	assert_return_code(unlink(file), errno);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		COMPARED(odd_names),
		COMPARED(the_longest_components),
		COMPARED(deep_paths),
		COMPARED(the_longest_path),
		COMPARED(device_nodes),
		cmocka_unit_test(devices_are_not_opened),
		cmocka_unit_test(what_is_mounted_later_is_not_entered),
		cmocka_unit_test(what_was_mounted_before_is_not_entered),
		cmocka_unit_test(what_is_mounted_over_an_object),
	};

	return RUN_MOUNTED(tests);
}
