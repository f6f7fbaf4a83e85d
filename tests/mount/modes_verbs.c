/* SPDX-License-Identifier: MIT */
#include "modes_walk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LARGEST = 200000 };

static char bytes[LARGEST];

#define VERB(name) static long name(const struct step *s, struct hand *h)

static mode_t some_mode(uint32_t random)
{
	static const mode_t usual[] = {0600, 0640, 0644, 0660, 0666, 0700, 0755, 0777, 0, 02755,
		02660, 04755, 06777, 0060, 0006};

	return random & 1 ? PICK(usual, random >> 1) : random >> 8 & 07777;
}

static long see(struct hand *h, int fd, long result)
{
	const int error = errno;
	struct stat st;

	if (fstat(fd, &st) == 0)
		*h->seen = (struct view){
			true, -1, st.st_mode, st.st_uid, st.st_gid, st.st_nlink, st.st_size};
	errno = error;
	return result;
}

static long take(const struct step *s, struct hand *h, int fd)
{
	if (fd < 0)
		return -1;
	if (h->fds[s->slot] >= 0)
		close(h->fds[s->slot]);
	h->fds[s->slot] = fd;
	return see(h, fd, 0);
}

VERB(create_object)
{
	static const int flags[] = {O_RDWR | O_EXCL, O_RDWR, O_WRONLY | O_TRUNC, O_RDONLY};
	const int more = may_create_existing() ? PICK(flags, s->b) : flags[0];

	return take(s, h, openat(h->dir, s->name, O_CREAT | O_CLOEXEC | more, some_mode(s->a)));
}

VERB(make_node)
{
	return mknodat(h->dir, s->name, S_IFREG | some_mode(s->a), 0);
}

VERB(open_object)
{
	static const int flags[] = {O_RDONLY, O_WRONLY, O_RDWR, O_RDWR | O_TRUNC,
		O_RDONLY | O_TRUNC, O_WRONLY | O_APPEND, O_PATH};

	return take(s, h, openat(h->dir, s->name, O_CLOEXEC | PICK(flags, s->a)));
}

VERB(reopen_object)
{
	static const int flags[] = {O_RDONLY, O_WRONLY, O_RDWR, O_RDWR | O_TRUNC};
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", h->fds[s->slot]);
	return take(s, h, open(path, O_CLOEXEC | PICK(flags, s->a)));
}

VERB(close_object)
{
	const int fd = h->fds[s->slot];

	h->fds[s->slot] = -1;
	return close(fd);
}

VERB(write_object)
{
	static const size_t sizes[] = {1, 100, 5000, 70000, LARGEST};
	static const off_t offsets[] = {0, 0, 1, 4096, 100000};
	const int fd = h->fds[s->slot];

	return see(h, fd, pwrite(fd, bytes, PICK(sizes, s->a), PICK(offsets, s->b)));
}

VERB(read_object)
{
	return pread(h->fds[s->slot], bytes, s->a % LARGEST, s->b % LARGEST);
}

VERB(resize_object)
{
	const int fd = h->fds[s->slot];

	return see(h, fd, ftruncate(fd, s->a % LARGEST));
}

VERB(allocate_object)
{
	const int fd = h->fds[s->slot];

	return see(h, fd, fallocate(fd, 0, s->a % 1000, 1 + s->b % 10000));
}

VERB(truncate_name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", h->path, s->name);
	return truncate(path, s->a % 10000);
}

VERB(chmod_name)
{
	return fchmodat(h->dir, s->name, some_mode(s->a), 0);
}

/* Not of a directory that is removed: that has no object any more. */
VERB(chmod_object)
{
	const int fd = h->fds[s->slot];
	struct stat st;

	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) && st.st_nlink == 0)
		return 0;
	return see(h, fd, fchmod(fd, some_mode(s->a)));
}

/* Never "no change" for both: see modes_object.c. */
VERB(chown_name)
{
	static const gid_t groups[] = {2001, 2001, 2002, FRIENDS, FOREIGN, 0};
	static const uid_t users[] = {(uid_t)-1, (uid_t)-1, (uid_t)-1, 2001, 2002, 2003, 0};

	return fchownat(
		h->dir, s->name, PICK(users, s->a), PICK(groups, s->b), AT_SYMLINK_NOFOLLOW);
}

VERB(touch_name)
{
	static const long times[] = {UTIME_NOW, UTIME_NOW, UTIME_OMIT, 1};
	const struct timespec both[2] = {{1, PICK(times, s->a)}, {1, PICK(times, s->b)}};

	return utimensat(h->dir, s->name, both, 0);
}

VERB(access_name)
{
	return faccessat(h->dir, s->name, s->a & 7, s->b & 1 ? AT_EACCESS : 0);
}

/* Not of a directory: the kernel says EPERM before it asks a mount about permissions. */
VERB(link_name)
{
	struct stat st;

	if (fstatat(h->dir, s->name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
		return 0;
	return linkat(h->dir, s->name, h->dir, s->other, 0);
}

/* Without a name it is refused in any case, but the kernel says ENOENT before it asks a mount. */
VERB(link_object)
{
	char path[32];
	struct stat st;

	if (fstat(h->fds[s->slot], &st) == 0 && (st.st_nlink == 0 || S_ISDIR(st.st_mode)))
		return 0;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", h->fds[s->slot]);
	return linkat(AT_FDCWD, path, h->dir, s->other, AT_SYMLINK_FOLLOW);
}

/* Of nothing to another directory: the kernel says ENOENT before it asks whether that is closed. */
VERB(rename_name)
{
	static const unsigned int flags[] = {0, 0, RENAME_NOREPLACE, RENAME_EXCHANGE};

	if (strchr(s->other, '/') && faccessat(h->dir, s->name, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	return renameat2(h->dir, s->name, h->dir, s->other, PICK(flags, s->a));
}

VERB(unlink_name)
{
	return unlinkat(h->dir, s->name, 0);
}

VERB(make_directory)
{
	return mkdirat(h->dir, s->name, some_mode(s->a));
}

VERB(remove_directory)
{
	return unlinkat(h->dir, s->name, AT_REMOVEDIR);
}

/* Opened for listing, or kept for calls on its descriptor. */
VERB(open_directory)
{
	return take(s, h, openat(h->dir, s->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

/* It leads nowhere: the other door is looked at without following it. */
VERB(make_symlink)
{
	return symlinkat("no/where", h->dir, s->name);
}

VERB(read_symlink)
{
	char target[16];

	return readlinkat(h->dir, s->name, target, sizeof(target));
}

VERB(stat_name)
{
	struct stat st;

	return fstatat(h->dir, s->name, &st, s->a & 1 ? AT_SYMLINK_NOFOLLOW : 0);
}

VERB(chmod_dir)
{
	static const mode_t modes[] = {01777, 01777, 0777, 03777, 02775, 0755, 01775, 0711, 0733};

	return chmod(h->path, PICK(modes, s->a));
}

VERB(chown_dir)
{
	static const uid_t users[] = {0, 0, 2001};
	static const gid_t groups[] = {0, 2001, FRIENDS};

	return chown(h->path, PICK(users, s->a), PICK(groups, s->b));
}

VERB(set_umask)
{
	static const mode_t masks[] = {0, 022, 077, 027, 0777};

	(void)h;
	umask(PICK(masks, s->a));
	return 0;
}

#define V(verb, setting)             \
	{                            \
#verb, verb, setting \
	}
const struct verb verbs[] = {
	V(create_object, ANYWHERE),
	V(create_object, ANYWHERE),
	V(create_object, ANYWHERE),
	V(make_node, ANYWHERE),
	V(open_object, ANYWHERE),
	V(open_object, ANYWHERE),
	V(open_object, ANYWHERE),
	V(reopen_object, ANYWHERE),
	V(close_object, ANYWHERE),
	V(write_object, ANYWHERE),
	V(write_object, ANYWHERE),
	V(write_object, ANYWHERE),
	V(read_object, ANYWHERE),
	V(resize_object, ANYWHERE),
	V(allocate_object, ANYWHERE),
	V(truncate_name, ANYWHERE),
	V(chmod_name, ANYWHERE),
	V(chmod_name, ANYWHERE),
	V(chmod_name, ANYWHERE),
	V(chmod_object, ANYWHERE),
	V(chown_name, ANYWHERE),
	V(chown_name, ANYWHERE),
	V(touch_name, ANYWHERE),
	V(access_name, ANYWHERE),
	V(link_name, ANYWHERE),
	V(link_object, ANYWHERE),
	V(rename_name, ANYWHERE),
	V(rename_name, ANYWHERE),
	V(unlink_name, ANYWHERE),
	V(unlink_name, ANYWHERE),
	V(chmod_dir, WITHOUT_DIRECTORIES),
	V(chown_dir, WITHOUT_DIRECTORIES),
	V(set_umask, ANYWHERE),
	V(make_directory, WITH_DIRECTORIES),
	V(make_directory, WITH_DIRECTORIES),
	V(make_directory, WITH_DIRECTORIES),
	V(remove_directory, WITH_DIRECTORIES),
	V(open_directory, WITH_DIRECTORIES),
	V(make_symlink, ANYWHERE),
	V(read_symlink, ANYWHERE),
	V(stat_name, ANYWHERE),
};

const size_t verb_count = ARRAY_SIZE(verbs);
