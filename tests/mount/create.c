/* SPDX-License-Identifier: MIT */
/* Creating objects: modes, owners, names; refused names, and entries that are not shown. */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static const mode_t modes[] = {
	0, 0400, 0200, 0600, 0644, 0666, 0777, 0100, 01644, 02755, 02644, 04755, 06777, 07777};

static void modes_and_umasks(struct side *s)
{
	static const mode_t masks[] = {0, 022, 027, 077, 0777, 0111};

	for (size_t m = 0; m < ARRAY_SIZE(masks); m++) {
		umask(masks[m]);
		for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
			T_FD(s, open("o", O_WRONLY | O_CREAT | O_EXCL, modes[i]));
			note_lstat(s, "o");
			T(s, unlink("o"));
			T(s, mknod("o", modes[i], 0));
			note_lstat(s, "o");
			T(s, unlink("o"));
		}
	}
}

static void create_all_modes(struct side *s)
{
	char name[32];

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		snprintf(name, sizeof(name), "%u-%o", geteuid(), modes[i]);
		T_FD(s, open(name, O_RDWR | O_CREAT | O_EXCL, modes[i]));
		note_lstat(s, name);
		snprintf(name, sizeof(name), "%u-%o-node", geteuid(), modes[i]);
		T(s, mknod(name, S_IFREG | modes[i], 0));
		note_lstat(s, name);
	}
}

/* The entries left on both sides, owners included, are compared as well. */
static void owners_of_new_objects(struct side *s)
{
	umask(0);
	AS(s, ALICE)
	{
		create_all_modes(s);
	}
	AS(s, MEMBER)
	{
		create_all_modes(s);
	}
}

static void owner_with_supplementary_groups(struct side *s)
{
	umask(002);
	AS(s, SUPPLEMENT)
	{
		create_all_modes(s);
	}
	create_all_modes(s);
}

/* The effective ids count. */
static void owner_is_the_effective_user(struct side *s)
{
	AS(s, ROOT)
	{
		T(s, setresgid(0, ALICE.gid, 0));
		T(s, setresuid(0, ALICE.uid, 0));
		T_FD(s, open("effective", O_RDWR | O_CREAT, 0640));
		note_open(s, "effective", O_RDWR, 0);
	}
	AS(s, ROOT)
	{
		T(s, setfsgid(BOB.gid));
		T(s, setfsuid(BOB.uid));
		T_FD(s, open("fs-ids", O_RDWR | O_CREAT, 0640));
		note_open(s, "effective", O_RDONLY, 0);
	}
}

/* Only at its creation an object may be opened for an access that its own mode forbids. */
static void the_creator_gets_what_it_asked_for(struct side *s)
{
	AS(s, ALICE)
	{
		const int fd = T_FD(s, open("o", O_RDWR | O_CREAT | O_EXCL, 0));
		char c = 0;

		T(s, write(fd, "x", 1));
		T(s, pread(fd, &c, 1, 0));
		T(s, ftruncate(fd, 100));
		note_open(s, "o", O_RDONLY, 0);
		note_open(s, "o", O_RDWR | O_CREAT, 0600);
		T(s, fchmod(fd, 0400));
		note_open(s, "o", O_RDONLY, 0);
		note_open(s, "o", O_WRONLY, 0);
	}
}

static void existing_names(struct side *s)
{
	static const int flags[] = {O_CREAT, O_CREAT | O_EXCL, O_CREAT | O_TRUNC,
		O_CREAT | O_EXCL | O_TRUNC, O_CREAT | O_NOFOLLOW, O_CREAT | O_DIRECTORY,
		O_CREAT | O_APPEND, O_TRUNC, O_EXCL};

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		make_outside(s, "o", 0, 0, 0644, 100);
		note_open(s, "o", O_RDWR | flags[i], 0777);
		note_lstat(s, "o");
		note_open(s, "o", O_RDONLY | flags[i], 0777);
		note_lstat(s, "o");
		note_open(s, "new", O_RDWR | flags[i], 0640);
		note_lstat(s, "new");
		unlink("new");
		T(s, mknod("o", 0644, 0));
		T(s, unlink("o"));
	}
}

static void creating_over_objects_of_others(struct side *s)
{
	make_outside(s, "secret", ALICE.uid, ALICE.gid, 0600, 10);
	make_outside(s, "public", ALICE.uid, ALICE.gid, 0666, 10);
	make_outside(s, "shared", ALICE.uid, ALICE.gid, 0660, 10);
	AS(s, BOB)
	{
		note_open(s, "secret", O_RDWR | O_CREAT, 0600);
		note_open(s, "secret", O_RDWR | O_CREAT | O_EXCL, 0600);
		note_open(s, "secret", O_RDWR | O_CREAT | O_TRUNC, 0600);
		note_open(s, "public", O_RDWR | O_CREAT, 0600);
		note_open(s, "public", O_RDWR | O_CREAT | O_EXCL, 0600);
		note_open(s, "shared", O_RDWR | O_CREAT, 0600);
	}
	AS(s, MEMBER)
	{
		note_open(s, "shared", O_RDWR | O_CREAT, 0600);
		note_open(s, "secret", O_RDWR | O_CREAT, 0600);
	}
	note_open(s, "secret", O_RDWR | O_CREAT, 0600);
	note_open(s, "public", O_RDWR | O_CREAT | O_TRUNC, 0600);
}

static void lengths_of_names(struct side *s)
{
	char name[300];

	for (size_t len = 253; len < 259; len++) {
		memset(name, 'n', sizeof(name));
		name[len] = '\0';
		note(s, "length %zu", len);
		note_open(s, name, O_RDONLY, 0);
		note_open(s, name, O_RDWR | O_CREAT, 0600);
		T(s, mknod(name, 0600, 0));
		T(s, access(name, F_OK));
		T(s, truncate(name, 10));
		T(s, link(name, "short"));
		T(s, unlink("short"));
		T(s, rename(name, "short"));
		T(s, rename("short", name));
		T(s, unlink(name));
	}
}

static void ordinary_but_odd_names(struct side *s)
{
	static const char *const names[] = {"%", "%2", "%2f", "%%", "%2%46", "2F", "%2 F", " ", "-",
		"...", ".hidden", "a\nb", "\xff\xfe", "\xc3\xa4", "sem.x", "#1", "*", "\\"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		note_open(s, names[i], O_RDWR | O_CREAT | O_EXCL, 0600);
		T(s, truncate(names[i], (off_t)i));
		note_lstat(s, names[i]);
	}
	T(s, rename("%2f", "%2"));
	note_open(s, "", O_RDWR | O_CREAT, 0600);
	note_open(s, ".", O_RDWR | O_CREAT, 0600);
	note_open(s, "missing/o", O_RDWR | O_CREAT, 0600);
	note_open(s, "%/o", O_RDWR | O_CREAT, 0600);
	note_open(s, "%/", O_RDONLY, 0);
	note_open(s, "new/", O_RDWR | O_CREAT, 0600);
}

/* It is a name like any other, whichever door it was made through. */
static void percent_2f_in_names(struct side *s)
{
	make_outside(s, "a%2Fb", 0, 0, 0644, 100);
	make_outside(s, "%2F", 0, 0, 0644, 100);
	note_lstat(s, "a%2Fb");
	note_open(s, "a%2Fb", O_RDWR, 0);
	note_open(s, "a%2Fb", O_RDWR | O_CREAT, 0600);
	note_open(s, "a%2Fb", O_RDWR | O_CREAT | O_EXCL, 0600);
	note_open(s, "c%2Fd", O_RDWR | O_CREAT | O_EXCL, 0600);
	T(s, mkdir("e%2F", 0700));
	note_open(s, "e%2F/%2f", O_RDWR | O_CREAT | O_EXCL, 0600);
	T(s, truncate("a%2Fb", 50));
	T(s, chmod("%2F", 0600));
	T(s, link("%2F", "second"));
	T(s, rename("%2F", "third"));
	T(s, unlink("a%2Fb"));
}

static void device_nodes(struct side *s)
{
	T(s, mknod("null", S_IFCHR | 0666, makedev(1, 3)));
	T(s, mknod("ram", S_IFBLK | 0600, makedev(1, 0)));
	T(s, mknod("whiteout", S_IFCHR | 0600, 0));
	note_lstat(s, "null");
	AS(s, ALICE)
	{
		T(s, mknod("own", S_IFCHR | 0666, makedev(1, 3)));
		T(s, mknod("fifo", S_IFIFO | 0666, 0));
	}
	T(s, unlink("null"));
}

/* A mount is nodev unless it is told otherwise. */
static void devices_are_not_opened(void **state)
{
	(void)state;
	assert_return_code(mknod(in_shm("null"), S_IFCHR | 0666, makedev(1, 3)), errno);
	EXPECT_ERROR(open(in_mount("null"), O_RDWR | O_CLOEXEC), EACCES);
	sweep(SHM_DIR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		COMPARED(modes_and_umasks),
		COMPARED(owners_of_new_objects),
		COMPARED(owner_with_supplementary_groups),
		COMPARED(owner_is_the_effective_user),
		COMPARED(the_creator_gets_what_it_asked_for),
		COMPARED(existing_names),
		COMPARED(creating_over_objects_of_others),
		COMPARED(lengths_of_names),
		COMPARED(ordinary_but_odd_names),
		COMPARED(percent_2f_in_names),
		COMPARED(device_nodes),
		cmocka_unit_test(devices_are_not_opened),
	};

	return RUN_MOUNTED(tests);
}
