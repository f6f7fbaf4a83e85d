/* SPDX-License-Identifier: MIT */
#include "walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

mode_t some_mode(uint32_t random)
{
	static const mode_t usual[] = {0600, 0640, 0644, 0660, 0666, 0700, 0755, 0777, 0777, 01777,
		02775, 02660, 04755, 06777, 0070, 0007, 0};

	return random % 4 ? PICK(usual, random >> 2) : random >> 8 & 07777;
}

VERB(stat_name)
{
	const int flags = s->a & 1 ? AT_SYMLINK_NOFOLLOW : 0;
	struct stat st;
	const long r = fstatat(h->dir, s->path, &st, flags);

	if (r == 0)
		see_stat(ret, &st);
	return r;
}

VERB(access_name)
{
	(void)ret;
	return faccessat(h->dir, s->path, (int)(s->a & 7), s->b & 1 ? AT_EACCESS : 0);
}

VERB(make_directory)
{
	(void)ret;
	return mkdirat(h->dir, s->path, some_mode(s->a) | (s->b % 3 ? 0777 : 0));
}

VERB(remove_directory)
{
	(void)ret;
	return unlinkat(h->dir, s->path, AT_REMOVEDIR);
}

VERB(unlink_name)
{
	(void)ret;
	return unlinkat(h->dir, s->path, 0);
}

/* Not RENAME_WHITEOUT. */
VERB(rename_name)
{
	static const unsigned int flags[] = {
		0, 0, 0, RENAME_NOREPLACE, RENAME_EXCHANGE, RENAME_NOREPLACE | RENAME_EXCHANGE};

	(void)ret;
	return renameat2(h->dir, s->path, h->dir, s->other, PICK(flags, s->a));
}

/* That a directory cannot be linked the kernel says before it asks the mount for rights. */
VERB(link_name)
{
	struct stat st;

	(void)ret;
	s->is_skipped |= fstatat(h->dir, s->path, &st, 0) == 0 && S_ISDIR(st.st_mode);
	if (s->is_skipped)
		return 0;
	return linkat(h->dir, s->path, h->dir, s->other, s->a & 1 ? AT_SYMLINK_FOLLOW : 0);
}

/* None that leads out of the tree. */
VERB(make_symlink)
{
	static const char *const targets[] = {"a", "b", "c/a", "b/c/a", "loop/loop", "a/", "."};

	(void)ret;
	return symlinkat(PICK(targets, s->a), h->dir, s->path);
}

VERB(read_symlink)
{
	char target[64];
	const long n = readlinkat(h->dir, s->path, target, sizeof(target));

	if (n > 0)
		see(ret, "%.*s", (int)n, target);
	return n;
}

/* Not device nodes. */
VERB(make_node)
{
	static const mode_t types[] = {S_IFREG, S_IFIFO, S_IFSOCK, 0, S_IFDIR};

	(void)ret;
	return mknodat(h->dir, s->path, PICK(types, s->a) | some_mode(s->b), 0);
}

/*
 * Not u+s of a directory: that is a wish to reserve. All objects lie in the top, those of other
 * directories too: so not g+s of it, as they would get its group, and never without w and x for
 * all, as nobody else could make and remove anything anywhere.
 */
static mode_t permitted_mode(const struct hand *h, const char *path, mode_t mode)
{
	struct stat st, top;

	if (fstatat(h->dir, path, &st, 0) < 0 || fstatat(h->dir, ".", &top, 0) < 0 ||
		!S_ISDIR(st.st_mode))
		return mode;
	if (st.st_ino == top.st_ino && st.st_dev == top.st_dev)
		return (mode | 0333) & ~(mode_t)(S_ISUID | S_ISGID);
	return mode & ~(mode_t)S_ISUID;
}

VERB(chmod_name)
{
	(void)ret;
	return fchmodat(h->dir, s->path, permitted_mode(h, s->path, some_mode(s->a)), 0);
}

/* Never "no change" for both. */
VERB(chown_name)
{
	static const gid_t groups[] = {2001, 2001, 2002, 0};
	static const uid_t users[] = {(uid_t)-1, (uid_t)-1, 2001, 2002, 0};

	(void)ret;
	return fchownat(h->dir, s->path, PICK(users, s->a), PICK(groups, s->b),
		s->c & 1 ? AT_SYMLINK_NOFOLLOW : 0);
}

VERB(set_times)
{
	static const long times[] = {UTIME_NOW, UTIME_NOW, UTIME_OMIT, 1, 999999999};
	const struct timespec both[2] = {{1, PICK(times, s->a)}, {2, PICK(times, s->b)}};
	const long r = utimensat(
		h->dir, s->path, s->c % 4 ? both : NULL, s->c & 1 ? AT_SYMLINK_NOFOLLOW : 0);
	const int error = errno;
	struct stat st;

	if (r == 0 && s->c % 4 &&
		fstatat(h->dir, s->path, &st, s->c & 1 ? AT_SYMLINK_NOFOLLOW : 0) == 0)
		see(ret, "set: %d %d",
			st.st_atim.tv_sec == 1 && st.st_atim.tv_nsec == both[0].tv_nsec,
			st.st_mtim.tv_sec == 2 && st.st_mtim.tv_nsec == both[1].tv_nsec);
	errno = error;
	return r;
}

VERB(truncate_name)
{
	char path[PATH_SIZE];

	(void)ret;
	(void)h;
	snprintf(path, sizeof(path), "%s", s->path);
	return truncate(path, s->a % 10000);
}

VERB(list)
{
	struct dirent **names;
	const int n = scandirat(h->dir, s->path, &names, NULL, alphasort);
	const int error = errno;

	for (int i = 0; i < n; i++) {
		see(ret, "%s:%d ", names[i]->d_name, names[i]->d_type);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	errno = error;
	return n;
}

VERB(ask_file_system)
{
	struct statvfs fs;

	(void)s;
	if (fstatvfs(h->dir, &fs) < 0)
		return -1;
	see(ret, "block %lu %lu blocks %ju files %ju longest %lu", fs.f_bsize, fs.f_frsize,
		(uintmax_t)fs.f_blocks, (uintmax_t)fs.f_files, fs.f_namemax);
	return 0;
}

VERB(set_umask)
{
	static const mode_t masks[] = {0, 0, 022, 077, 027};

	(void)h;
	(void)ret;
	umask(PICK(masks, s->a));
	return 0;
}

const struct verb name_verbs[] = {V(stat_name), V(stat_name), V(access_name), V(make_directory),
	V(make_directory), V(make_directory), V(make_directory), V(remove_directory),
	V(unlink_name), V(unlink_name), V(rename_name), V(rename_name), V(rename_name),
	V(link_name), V(link_name), V(make_symlink), V(read_symlink), V(make_node), V(make_node),
	V(chmod_name), V(chmod_name), V(chown_name), V(set_times), V(truncate_name), V(list),
	V(ask_file_system), V(set_umask)};
const size_t name_verb_count = ARRAY_SIZE(name_verbs);
