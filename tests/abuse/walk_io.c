/* SPDX-License-Identifier: MIT */
#include "walk.h"

#include <fcntl.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { LARGEST = 1 << 20 };

static char bytes[LARGEST];

static off_t some_offset(uint32_t random)
{
	static const off_t usual[] = {0, 0, 1, 4095, 4096, 4097, 65536, 100000, 1 << 20};

	return random & 1 ? PICK(usual, random >> 1) : (off_t)(random >> 8 & 0x3ffff);
}

static size_t some_length(uint32_t random)
{
	static const size_t usual[] = {0, 1, 100, 4096, 5000, 65536, 70000, LARGEST};

	return random & 1 ? PICK(usual, random >> 1) : random >> 8 & 0xffff;
}

/*
 * A new descriptor goes to its slot, if it is one of a regular file: positions in directories are
 * each file system's own.
 */
static long take(struct step *s, struct hand *h, struct answer *ret, int fd)
{
	struct stat st;

	if (fd < 0)
		return -1;
	see_fd(ret, fd);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return 0;
	}
	if (h->fds[s->slot] >= 0)
		close(h->fds[s->slot]);
	h->fds[s->slot] = fd;
	return 0;
}

/*
 * Not O_PATH: its object is not held for long when it is unlinked. Not FIFOs and sockets: the
 * kernel opens them without asking the mount.
 */
VERB(open_name)
{
	static const int access[] = {O_RDONLY, O_WRONLY, O_RDWR, O_RDWR};
	static const int more[] = {0, 0, 0, O_TRUNC, O_APPEND, O_APPEND, O_NOFOLLOW, O_DIRECTORY,
		O_APPEND | O_TRUNC, O_SYNC, O_NONBLOCK, O_NOATIME};

	s->is_skipped |= s->names_special;
	if (s->is_skipped)
		return 0;
	return take(s, h, ret, open(s->path, PICK(access, s->a) | PICK(more, s->b) | O_CLOEXEC));
}

VERB(create_name)
{
	static const int access[] = {O_RDONLY, O_WRONLY, O_RDWR, O_RDWR};
	static const int more[] = {0, 0, O_EXCL, O_TRUNC, O_APPEND, O_NOFOLLOW};
	const int flags = O_CREAT | O_CLOEXEC | PICK(access, s->a) | PICK(more, s->b);

	s->is_skipped |= s->names_special;
	if (s->is_skipped)
		return 0;
	return take(s, h, ret, open(s->path, flags, some_mode(s->c)));
}

VERB(create_unnamed)
{
	static const int flags[] = {O_RDWR, O_WRONLY, O_RDWR | O_EXCL, O_RDONLY};

	if (!LIBFUSE_HAS_TMPFILE)
		return 0;
	return take(s, h, ret,
		open(s->path, O_TMPFILE | O_CLOEXEC | PICK(flags, s->a), some_mode(s->c)));
}

VERB(reopen)
{
	static const int flags[] = {
		O_RDONLY, O_WRONLY, O_RDWR, O_RDWR | O_TRUNC, O_APPEND | O_RDWR};
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", h->fds[s->slot]);
	return take(s, h, ret, open(path, O_CLOEXEC | PICK(flags, s->a)));
}

VERB(close_slot)
{
	const int fd = h->fds[s->slot];

	(void)ret;
	h->fds[s->slot] = -1;
	return close(fd);
}

/* Not RWF_APPEND, RWF_NOAPPEND, nor F_SETFL of O_APPEND. */
VERB(write_at)
{
	const int fd = h->fds[s->slot];
	const size_t len = some_length(s->a);
	const off_t at = some_offset(s->b);
	long r;

	fill(bytes, len, s->c, at);
	r = pwrite(fd, bytes, len, at);
	see_fd(ret, fd);
	return r;
}

VERB(write_on)
{
	const int fd = h->fds[s->slot];
	const size_t len = some_length(s->a);
	struct iovec parts[2] = {{bytes, len / 3}, {bytes + len / 3, len - len / 3}};
	long r;

	fill(bytes, len, s->c, 0);
	r = s->b & 1 ? writev(fd, parts, 2) : write(fd, bytes, len);
	see_fd(ret, fd);
	see(ret, " at %jd", (intmax_t)lseek(fd, 0, SEEK_CUR));
	return r;
}

VERB(read_at)
{
	const long r = pread(h->fds[s->slot], bytes, some_length(s->a), some_offset(s->b));

	if (r > 0)
		see(ret, "%016jx", (uintmax_t)hash_bytes(bytes, (size_t)r));
	return r;
}

VERB(read_on)
{
	const long r = read(h->fds[s->slot], bytes, some_length(s->a));

	if (r > 0)
		see(ret, "%016jx", (uintmax_t)hash_bytes(bytes, (size_t)r));
	return r;
}

VERB(seek)
{
	static const int whence[] = {
		SEEK_SET, SEEK_CUR, SEEK_END, SEEK_DATA, SEEK_HOLE, SEEK_DATA, SEEK_HOLE, 17};

	(void)ret;
	return (long)lseek(h->fds[s->slot], some_offset(s->b), PICK(whence, s->a));
}

VERB(truncate_slot)
{
	const int fd = h->fds[s->slot];
	const off_t size = s->a % 16 == 0 ? 1 * TIB : s->a % 16 == 1 ? -1 : some_offset(s->b);
	const long r = ftruncate(fd, size);

	see_fd(ret, fd);
	return r;
}

/*
 * Not FALLOC_FL_ZERO_RANGE, which tmpfs has not: the kernel has S_ISUID cleared before it asks the
 * mount.
 */
VERB(allocate)
{
	static const int modes[] = {0, 0, FALLOC_FL_KEEP_SIZE,
		FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE,
		FALLOC_FL_COLLAPSE_RANGE};
	const int fd = h->fds[s->slot];
	const long r =
		fallocate(fd, PICK(modes, s->a), some_offset(s->b), (off_t)some_length(s->c));

	see_fd(ret, fd);
	return r;
}

VERB(copy)
{
	const int to = h->fds[s->other_slot];
	off_t from_at = some_offset(s->a), to_at = some_offset(s->b);
	const long r = copy_file_range(h->fds[s->slot], &from_at, to, &to_at, some_length(s->c), 0);

	see_fd(ret, to);
	see(ret, " from %jd to %jd", (intmax_t)from_at, (intmax_t)to_at);
	return r;
}

static bool same_file(int one, int other)
{
	struct stat a, b;

	return fstat(one, &a) == 0 && fstat(other, &b) == 0 && a.st_ino == b.st_ino;
}

/*
 * Not within one file: pages are on their way while they are written to, and the bytes read depend
 * on how many go at a time.
 */
VERB(send)
{
	const int from = h->fds[s->slot], to = h->fds[s->other_slot];
	off_t from_at = some_offset(s->a);
	long r;

	if (same_file(from, to))
		return 0;
	r = sendfile(to, from, &from_at, some_length(s->c));

	see_fd(ret, to);
	see(ret, " from %jd", (intmax_t)from_at);
	return r;
}

VERB(chmod_slot)
{
	const int fd = h->fds[s->slot];
	const long r = fchmod(fd, some_mode(s->a));

	see_fd(ret, fd);
	return r;
}

VERB(look)
{
	see_fd(ret, h->fds[s->slot]);
	return s->a & 1 ? fsync(h->fds[s->slot]) : 0;
}

VERB(link_slot)
{
	const int fd = h->fds[s->slot];
	char path[32];
	long r;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	r = linkat(AT_FDCWD, path, h->dir, s->other, AT_SYMLINK_FOLLOW);
	see_fd(ret, fd);
	return r;
}

const struct verb io_verbs[] = {V(open_name), V(open_name), V(open_name), V(open_name),
	V(open_name), V(create_name), V(create_name), V(create_name), V(create_name),
	V(create_name), V(create_name), V(create_name), V(create_unnamed), V(reopen), V(close_slot),
	V(write_at), V(write_at), V(write_on), V(write_on), V(read_at), V(read_at), V(read_on),
	V(seek), V(truncate_slot), V(allocate), V(copy), V(send), V(chmod_slot), V(look),
	V(link_slot)};
const size_t io_verb_count = ARRAY_SIZE(io_verbs);
