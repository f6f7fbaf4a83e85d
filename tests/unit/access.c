/* SPDX-License-Identifier: MIT */
/*
 * lib/access: the whole table of modes, callers and wishes, against rules that are written down
 * here a second time, from the letters that ls -l shows. access_kernel.c asks the kernel.
 */
#include "unit.h"

#include "callers.h"

#include <errno.h>
#include <string.h>

static const mode_t types[] = {S_IFREG, S_IFDIR};

/* rwxrwxrwx */
struct letters {
	char text[9];
};

static struct letters letters_of(mode_t mode)
{
	struct letters letters;

	for (unsigned i = 0; i < 9; i++)
		letters.text[i] = mode & (0400U >> i) ? "rwx"[i % 3] : '-';
	return letters;
}

/* Do the three letters of a class grant all that is wanted? */
static bool grants(const char *class, int wanted)
{
	return (!(wanted & SHMFS_MAY_READ) || class[0] == 'r') &&
	       (!(wanted & SHMFS_MAY_WRITE) || class[1] == 'w') &&
	       (!(wanted & SHMFS_MAY_EXEC) || class[2] == 'x');
}

static bool may(const struct stat *st, const struct who *who, int wanted)
{
	const struct letters letters = letters_of(st->st_mode);

	if (who_is_root(who)) {
		const bool nobody_may = !memchr(letters.text, 'x', sizeof(letters.text));

		return !(S_ISREG(st->st_mode) && nobody_may && (wanted & SHMFS_MAY_EXEC));
	}
	if (who->caller.uid == st->st_uid)
		return grants(letters.text, wanted);
	if (who_has_group(who, st->st_gid))
		return grants(letters.text + 3, wanted);
	return grants(letters.text + 6, wanted);
}

/* Would it make a difference if the caller were in the group, or were not? */
static bool group_decides(const struct stat *st, const struct who *who, int wanted)
{
	const struct letters letters = letters_of(st->st_mode);

	return !who_is_root(who) && who->caller.uid != st->st_uid &&
	       who->caller.gid != st->st_gid &&
	       grants(letters.text + 3, wanted) != grants(letters.text + 6, wanted);
}

static void assert_rule(int result, int expected, const struct stat *st, const struct who *who)
{
	if (result != expected)
		fail_msg("mode %o of %u:%u for %s: %d, not %d", st->st_mode, st->st_uid, st->st_gid,
			who->what, result, expected);
}

static void test_check_follows_the_letters(void **state)
{
	(void)state;
	for (size_t t = 0; t < 2; t++)
		for (mode_t mode = 0; mode <= 07777; mode++)
			for (size_t c = 0; c < CALLERS; c++)
				for (int wanted = 0; wanted <= 7; wanted++) {
					const struct stat st =
						inode_of(types[t], mode, OWNER, GROUP);

					assert_rule(
						shmfs_access_check(&st, &callers[c].caller, wanted),
						may(&st, &callers[c], wanted) ? 0 : -EACCES, &st,
						&callers[c]);
				}
}

static void test_group_is_asked_for_only_when_it_decides(void **state)
{
	(void)state;
	for (mode_t mode = 0; mode <= 0777; mode++)
		for (size_t c = 0; c < CALLERS; c++)
			for (int wanted = 0; wanted <= 7; wanted++) {
				const struct stat st = inode_of(S_IFREG, mode, OWNER, GROUP);
				struct who *who = &callers[c];

				who->asked = 0;
				shmfs_access_check(&st, &who->caller, wanted);
				assert_rule(
					(int)who->asked, group_decides(&st, who, wanted), &st, who);
			}
}

static void test_no_supplementary_groups_can_be_said_by_null(void **state)
{
	const struct stat st = inode_of(S_IFREG, 0640, OWNER, GROUP);
	struct shmfs_caller member = {STRANGER, GROUP, NULL};
	struct shmfs_caller other = {STRANGER, ELSE, NULL};
	mode_t mode;

	(void)state;
	assert_int_equal(shmfs_access_check(&st, &member, SHMFS_MAY_READ), 0);
	assert_int_equal(shmfs_access_check(&st, &other, SHMFS_MAY_READ), -EACCES);
	other.uid = OWNER;
	assert_int_equal(shmfs_access_chmod(&st, &other, 02755, &mode), 0);
	assert_int_equal(mode, 0755);
	assert_int_equal(shmfs_access_chown(&st, &other, (uid_t)-1, STRANGER), -EPERM);
}

static int cannot_tell(struct shmfs_caller *caller, gid_t gid)
{
	(void)caller;
	(void)gid;
	return -EIO;
}

/* Neither what a member may nor what others may, where these differ. */
static void test_unknown_groups_are_to_nobodys_advantage(void **state)
{
	const struct stat for_members = inode_of(S_IFREG, 0640, OWNER, GROUP);
	const struct stat for_others = inode_of(S_IFREG, 0604, OWNER, GROUP);
	struct shmfs_caller caller = {STRANGER, ELSE, cannot_tell};
	mode_t mode;

	(void)state;
	assert_int_equal(shmfs_access_check(&for_members, &caller, SHMFS_MAY_READ), -EACCES);
	assert_int_equal(shmfs_access_check(&for_others, &caller, SHMFS_MAY_READ), -EACCES);
	caller.uid = OWNER;
	assert_int_equal(shmfs_access_check(&for_members, &caller, SHMFS_MAY_READ), 0);
	assert_int_equal(shmfs_access_chmod(&for_members, &caller, 02755, &mode), 0);
	assert_int_equal(mode, 0755);
	assert_int_equal(shmfs_access_chown(&for_members, &caller, (uid_t)-1, STRANGER), -EPERM);
}

static void test_create_wants_write_and_search(void **state)
{
	(void)state;
	for (mode_t mode = 0; mode <= 07777; mode++)
		for (size_t c = 0; c < CALLERS; c++) {
			const struct stat dir = inode_of(S_IFDIR, mode, OWNER, GROUP);
			const int wanted = SHMFS_MAY_WRITE | SHMFS_MAY_EXEC;

			assert_rule(shmfs_access_create(&dir, &callers[c].caller),
				may(&dir, &callers[c], wanted) ? 0 : -EACCES, &dir, &callers[c]);
		}
}

static int remove_rule(const struct stat *dir, const struct stat *victim, const struct who *who)
{
	const uid_t uid = who->caller.uid;

	if (!may(dir, who, SHMFS_MAY_WRITE | SHMFS_MAY_EXEC))
		return -EACCES;
	if ((dir->st_mode & 01000) && uid != 0 && uid != victim->st_uid && uid != dir->st_uid)
		return -EPERM;
	return 0;
}

static void test_remove_minds_sticky_directories(void **state)
{
	static const uid_t owners[] = {0, OWNER, STRANGER, 7};

	(void)state;
	for (mode_t mode = 0; mode <= 07777; mode++)
		for (size_t c = 0; c < CALLERS; c++)
			for (size_t o = 0; o < 16; o++) {
				const struct stat dir =
					inode_of(S_IFDIR, mode, owners[o / 4], GROUP);
				const struct stat victim =
					inode_of(S_IFREG, 0600, owners[o % 4], GROUP);

				assert_rule(shmfs_access_remove(&dir, &victim, &callers[c].caller),
					remove_rule(&dir, &victim, &callers[c]), &dir, &callers[c]);
			}
}

static void test_chmod_is_the_owners_and_keeps_sgid_for_members(void **state)
{
	(void)state;
	for (mode_t mode = 0; mode <= 07777; mode++)
		for (size_t c = 0; c < CALLERS; c++) {
			const struct stat st = inode_of(S_IFREG, 0644, OWNER, GROUP);
			struct who *who = &callers[c];
			const bool allowed = who_is_root(who) || who->caller.uid == OWNER;
			const bool keeps = who_is_root(who) || who_has_group(who, GROUP);
			mode_t result = 012345;

			who->asked = 0;
			assert_rule(shmfs_access_chmod(&st, &who->caller, mode, &result),
				allowed ? 0 : -EPERM, &st, who);
			assert_int_equal(result, !allowed ? 012345
						 : keeps  ? mode
							  : mode & ~(mode_t)02000);
			if (!allowed || !(mode & 02000))
				assert_int_equal(who->asked, 0);
		}
}

static int chown_rule(const struct who *who, uid_t uid, gid_t gid)
{
	const bool same_uid = uid == (uid_t)-1 || uid == OWNER;
	const bool same_gid = gid == GROUP;

	if (who_is_root(who) || (uid == (uid_t)-1 && gid == (gid_t)-1))
		return 0;
	if (who->caller.uid != OWNER || !same_uid)
		return -EPERM;
	return gid == (gid_t)-1 || same_gid || who_has_group(who, gid) ? 0 : -EPERM;
}

static void test_chown_gives_away_nothing_but_to_own_groups(void **state)
{
	static const uid_t uids[] = {(uid_t)-1, 0, OWNER, STRANGER};
	static const gid_t gids[] = {(gid_t)-1, 0, GROUP, ELSE, 7};
	const struct stat st = inode_of(S_IFREG, 0644, OWNER, GROUP);

	(void)state;
	for (size_t c = 0; c < CALLERS; c++)
		for (size_t u = 0; u < 4; u++)
			for (size_t g = 0; g < 5; g++)
				assert_rule(shmfs_access_chown(
						    &st, &callers[c].caller, uids[u], gids[g]),
					chown_rule(&callers[c], uids[u], gids[g]), &st,
					&callers[c]);
}

static void test_utimens_is_the_owners_but_touch_needs_write_only(void **state)
{
	(void)state;
	for (mode_t mode = 0; mode <= 07777; mode++)
		for (size_t c = 0; c < CALLERS; c++) {
			const struct stat st = inode_of(S_IFREG, mode, OWNER, GROUP);
			struct who *who = &callers[c];
			const bool owns = who_is_root(who) || who->caller.uid == OWNER;
			const bool writes = may(&st, who, SHMFS_MAY_WRITE);

			assert_rule(shmfs_access_utimens(&st, &who->caller, false),
				owns ? 0 : -EPERM, &st, who);
			assert_rule(shmfs_access_utimens(&st, &who->caller, true),
				owns || writes ? 0 : -EACCES, &st, who);
		}
}

/* proc(5), /proc/sys/fs/protected_hardlinks */
static int link_rule(const struct stat *st, const struct who *who)
{
	const struct letters letters = letters_of(st->st_mode);
	const bool special = !S_ISREG(st->st_mode) || (st->st_mode & 04000) ||
			     ((st->st_mode & 02000) && letters.text[5] == 'x');

	if (who_is_root(who) || who->caller.uid == st->st_uid)
		return 0;
	return !special && may(st, who, SHMFS_MAY_READ | SHMFS_MAY_WRITE) ? 0 : -EPERM;
}

static void test_link_is_protected_when_it_is_on(void **state)
{
	(void)state;
	for (size_t t = 0; t < 2; t++)
		for (mode_t mode = 0; mode <= 07777; mode++)
			for (size_t c = 0; c < CALLERS; c++) {
				const struct stat st = inode_of(types[t], mode, OWNER, GROUP);
				struct shmfs_caller *caller = &callers[c].caller;

				assert_rule(shmfs_access_link(&st, caller, true),
					link_rule(&st, &callers[c]), &st, &callers[c]);
				assert_rule(
					shmfs_access_link(&st, caller, false), 0, &st, &callers[c]);
			}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check_follows_the_letters),
		cmocka_unit_test(test_group_is_asked_for_only_when_it_decides),
		cmocka_unit_test(test_no_supplementary_groups_can_be_said_by_null),
		cmocka_unit_test(test_unknown_groups_are_to_nobodys_advantage),
		cmocka_unit_test(test_create_wants_write_and_search),
		cmocka_unit_test(test_remove_minds_sticky_directories),
		cmocka_unit_test(test_chmod_is_the_owners_and_keeps_sgid_for_members),
		cmocka_unit_test(test_chown_gives_away_nothing_but_to_own_groups),
		cmocka_unit_test(test_utimens_is_the_owners_but_touch_needs_write_only),
		cmocka_unit_test(test_link_is_protected_when_it_is_on),
	};

	return cmocka_run_group_tests_name("access", tests, NULL, NULL);
}
