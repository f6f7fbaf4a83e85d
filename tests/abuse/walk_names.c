/* SPDX-License-Identifier: MIT */
#include "walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
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

VERB(rename_name)
{
	static const unsigned int flags[] = {0, 0, 0, RENAME_NOREPLACE, RENAME_EXCHANGE,
		RENAME_EXCHANGE, RENAME_NOREPLACE | RENAME_EXCHANGE, RENAME_WHITEOUT};

	(void)ret;
	return renameat2(h->dir, s->path, h->dir, s->other, PICK(flags, s->a));
}

VERB(link_name)
{
	(void)ret;
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

VERB(make_node)
{
	static const mode_t types[] = {S_IFREG, S_IFIFO, S_IFSOCK, 0, S_IFDIR, S_IFCHR, S_IFBLK};

	(void)ret;
	return mknodat(
		h->dir, s->path, PICK(types, s->a) | some_mode(s->b), makedev(s->c % 3, s->c % 5));
}

VERB(chmod_name)
{
	(void)ret;
	return fchmodat(h->dir, s->path, some_mode(s->a), 0);
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

static const char *some_xattr(uint32_t random)
{
	static const char *const names[] = {"user.a", "user.b", "trusted.a", "security.a", "a"};

	return PICK(names, random);
}

VERB(set_xattr)
{
	static const int flags[] = {0, XATTR_CREATE, XATTR_REPLACE};

	(void)ret;
	(void)h;
	return lsetxattr(s->path, some_xattr(s->a), "0123456789", s->b % 10, PICK(flags, s->c));
}

VERB(get_xattr)
{
	char value[16];
	const long n = lgetxattr(s->path, some_xattr(s->a), value, s->b % sizeof(value));

	(void)h;
	if (n > 0 && s->b % sizeof(value) > 0)
		see(ret, "%.*s", (int)n, value);
	return n;
}

VERB(list_xattrs)
{
	char names[64] = "";
	const long n = llistxattr(s->path, names, s->a % sizeof(names));

	(void)h;
	for (long at = 0; at < n && s->a % sizeof(names) > 0; at += (long)strlen(names + at) + 1)
		see(ret, "%s ", names + at);
	return n;
}

VERB(remove_xattr)
{
	(void)ret;
	(void)h;
	return lremovexattr(s->path, some_xattr(s->a));
}

const struct verb name_verbs[] = {V(stat_name), V(stat_name), V(access_name), V(make_directory),
	V(make_directory), V(make_directory), V(make_directory), V(remove_directory),
	V(unlink_name), V(unlink_name), V(rename_name), V(rename_name), V(rename_name),
	V(link_name), V(link_name), V(make_symlink), V(read_symlink), V(make_node), V(make_node),
	V(chmod_name), V(chmod_name), V(chown_name), V(set_times), V(truncate_name), V(list),
	V(ask_file_system), V(set_umask), V(set_xattr), V(set_xattr), V(get_xattr), V(list_xattrs),
	V(remove_xattr)};
const size_t name_verb_count = ARRAY_SIZE(name_verbs);
