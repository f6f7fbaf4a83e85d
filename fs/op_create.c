/* SPDX-License-Identifier: MIT */
#include "directory.h"
#include "journal.h"
#include "object.h"
#include "open.h"
#include "ops.h"
#include "pin.h"
#include "reply.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

/*
 * How often a name that is taken when it is made and free when it is opened is tried again: only
 * somebody who makes and removes it all the time gets there.
 */
#define TRIES 100

/* What is to be made. */
struct made {
	const struct directory *dir;
	const struct shmfs_name *name; /* NULL: none */
	mode_t mode;                   /* with the type */
	const char *target;            /* of a symbolic link */
};

static bool is_object(mode_t mode)
{
	return S_ISREG(mode) || S_ISDIR(mode);
}

/* Who made an object can be told even if something was there before, see journal.c. */
static void note_making(const struct made *made)
{
	struct stat st;

	if (made->name && (is_object(made->mode) || shmfs_object_stat(made->name, &st) == -ENOENT))
		journal_making(made->name);
}

/* Returns a file descriptor of an object, 0 for what is none. */
static int make_once(const struct made *made)
{
	note_making(made);
	if (S_ISLNK(made->mode))
		return shmfs_object_symlink(made->target, made->name);
	if (!is_object(made->mode))
		return shmfs_object_mknod(made->name, made->mode);
	return made->name ? shmfs_object_create(made->name, made->mode & 07777)
			  : shmfs_object_create_unnamed(made->mode & 07777);
}

static int make_anew(struct fs *fs, struct caller *caller, const struct made *made)
{
	int fd;

	do {
		fd = directory_enter_to_add(made->dir, caller, made->mode);
		if (fd == 0)
			fd = make_once(made);
		if (fd == -ENOSPC && nodes_make_room(fs->nodes))
			fd = make_once(made);
		caller_leave();
	} while (fd == -EACCES && caller_ask_groups(caller));
	if (fd < 0)
		journal_not_made();
	return fd;
}

/* Something new of the caller's. Returns as above, or an O_PATH descriptor if it is not opened. */
static int make(struct fs *fs, struct caller *caller, const struct made *made)
{
	const struct stat like = {.st_mode = made->mode, .st_uid = caller->ids.uid};
	int fd = -ENOENT;

	if (made->name)
		fd = journal_find_made(made->name, &like, made->target);
	if (fd < 0)
		fd = make_anew(fs, caller, made);
	if (fd >= 0 && made->name)
		directory_changed(made->dir);
	return fd;
}

/* It cannot be used: then it is as if it had not been made. */
static void unmake(const struct shmfs_name *name, uint64_t ino)
{
	struct stat st;

	if (shmfs_object_stat(name, &st) == 0 && st.st_ino == ino)
		shmfs_object_unlink(name);
}

/* The kernel learns of a new object that is open as fd, which is owned in any case. */
static int introduce(
	struct nodes *nodes, int fd, const struct shmfs_name *name, struct stat *ret_st)
{
	int r;

	*ret_st = (struct stat){0};
	r = fstat(fd, ret_st) < 0 ? -errno : node_get(nodes, ret_st->st_ino, name);
	if (r < 0) {
		close(fd);
	} else {
		r = node_add_fd(nodes, ret_st->st_ino, fd);
		if (r < 0)
			node_put(nodes, ret_st->st_ino, 1);
	}
	if (r < 0 && name)
		unmake(name, ret_st->st_ino);
	return r;
}

/* Somebody else made it since the kernel looked. */
static int open_existing(struct nodes *nodes, struct caller *caller, const struct shmfs_name *name,
	int flags, struct stat *ret_st)
{
	int r;

	r = shmfs_object_stat(name, ret_st);
	if (r < 0)
		return r;
	if (!S_ISREG(ret_st->st_mode))
		return -ESTALE; /* the kernel has to look again */
	r = node_get(nodes, ret_st->st_ino, name);
	if (r < 0)
		return r;
	r = open_for_caller(nodes, caller, ret_st->st_ino, flags);
	if (r == 0)
		r = open_truncate(nodes, caller, ret_st->st_ino, flags);
	if (r == 0) {
		r = pin_stat(nodes, ret_st->st_ino, ret_st, NULL);
		if (r < 0)
			node_close(nodes, ret_st->st_ino);
	}
	if (r < 0)
		node_put(nodes, ret_st->st_ino, 1);
	return r == -ESTALE ? -ENOENT : r;
}

/* The object that was made, or opened, and counted when this request came for the first time. */
static int open_again(
	struct nodes *nodes, struct caller *caller, uint64_t ino, int flags, struct stat *ret_st)
{
	int r;

	r = open_for_caller(nodes, caller, ino, flags);
	if (r == 0)
		r = open_truncate(nodes, caller, ino, flags);
	if (r < 0)
		return r;
	r = node_get(nodes, ino, NULL);
	if (r == 0)
		r = pin_stat(nodes, ino, ret_st, NULL);
	if (r < 0)
		node_close(nodes, ino);
	return r;
}

/*
 * O_CREAT and maybe O_EXCL. An object that exists is never opened with O_CREAT: the kernel may
 * refuse that even to root (fs.protected_regular).
 */
static int create_or_open(struct fs *fs, struct caller *caller, const struct made *made, int flags,
	struct stat *ret_st)
{
	int r = -EEXIST;

	for (int i = 0; i < TRIES; i++) {
		const int fd = make(fs, caller, made);

		if (fd >= 0)
			return introduce(fs->nodes, fd, made->name, ret_st);
		if (fd != -EEXIST || (flags & O_EXCL))
			return fd;
		r = open_existing(fs->nodes, caller, made->name, flags, ret_st);
		if (r != -ENOENT)
			return r;
	}
	/* Something is there that is no object. */
	return -EEXIST;
}

/* The directory, the permission to add something to it, and the name for that (NULL: none). */
static int prepare(struct fs *fs, struct caller *caller, fuse_ino_t parent, const char *component,
	mode_t type, struct directory *ret_dir, struct shmfs_name *ret_name)
{
	int r;

	r = directory_get(fs, parent, ret_dir);
	if (r == 0 && component)
		r = directory_new_entry(ret_dir, component, type, ret_name);
	if (r == 0)
		r = directory_may_add(ret_dir, caller);
	return r;
}

void op_create(fuse_req_t req, fuse_ino_t parent, const char *component, mode_t mode,
	struct fuse_file_info *fi)
{
	struct fs *fs = fs_of(req);
	SHARES_NAMES(fs);
	CALLER(caller, req);
	struct directory dir;
	struct shmfs_name name;
	const struct made made = {&dir, &name, S_IFREG | (mode & 07777), NULL};
	struct stat st;
	uint64_t ino;
	int r;

	if (journal_was_opened(&ino))
		r = open_again(fs->nodes, &caller, ino, fi->flags, &st);
	else
		r = prepare(fs, &caller, parent, component, S_IFREG, &dir, &name);
	if (r == 0 && !journal_was_opened(NULL))
		r = create_or_open(fs, &caller, &made, fi->flags, &st);
	if (r < 0)
		reply_result(req, r);
	else
		reply_create(req, &st, fi);
}

void op_tmpfile(fuse_req_t req, fuse_ino_t parent, mode_t mode, struct fuse_file_info *fi)
{
	struct fs *fs = fs_of(req);
	SHARES_NAMES(fs);
	CALLER(caller, req);
	struct directory dir;
	const struct made made = {&dir, NULL, S_IFREG | (mode & 07777), NULL};
	struct stat st;
	uint64_t ino;
	int r;

	if (journal_was_opened(&ino)) {
		r = open_again(fs->nodes, &caller, ino, O_RDWR, &st);
	} else {
		r = prepare(fs, &caller, parent, NULL, S_IFREG, &dir, NULL);
		if (r == 0)
			r = make(fs, &caller, &made);
		if (r >= 0)
			r = introduce(fs->nodes, r, NULL, &st);
	}
	if (r < 0)
		reply_result(req, r);
	else
		reply_create(req, &st, fi);
}

/* The object is what this request makes, and is not opened. */
static int note_made(int fd)
{
	struct stat st;
	int r;

	r = fstat(fd, &st) < 0 ? -errno : 0;
	if (r == 0)
		journal_made(st.st_ino);
	close(fd);
	return r;
}

/* r: 0 or -errno. reply: reply_entry() or its kin. */
static void reply_made(fuse_req_t req, int r, const struct shmfs_name *name, struct stat *st,
	int (*reply)(fuse_req_t req, const struct shmfs_name *name, struct stat *st))
{
	if (r == 0) {
		r = reply(req, name, st);
		if (r < 0)
			unmake(name, st->st_ino);
	}
	if (r < 0)
		reply_result(req, r);
}

/* Makes what is not opened. target: of a symbolic link. */
static void make_entry(
	fuse_req_t req, fuse_ino_t parent, const char *component, mode_t mode, const char *target)
{
	struct fs *fs = fs_of(req);
	SHARES_NAMES(fs);
	CALLER(caller, req);
	struct directory dir;
	struct shmfs_name name;
	struct made made = {&dir, &name, mode, target};
	struct stat st;
	int r;

	r = prepare(fs, &caller, parent, component, mode & S_IFMT, &dir, &name);
	if (r == 0 && S_ISDIR(mode))
		made.mode |= dir.st.st_mode & S_ISGID;
	if (r == 0)
		r = make(fs, &caller, &made);
	if (r > 0)
		r = note_made(r);
	if (r >= 0)
		r = shmfs_object_stat(&name, &st);
	reply_made(req, r, &name, &st, reply_new_entry);
}

/* Device nodes are for others. */
void op_mknod(fuse_req_t req, fuse_ino_t parent, const char *component, mode_t mode, dev_t rdev)
{
	(void)rdev;
	if (S_ISCHR(mode) || S_ISBLK(mode))
		reply_result(req, -EPERM);
	else
		make_entry(req, parent, component, mode, NULL);
}

void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *component, mode_t mode)
{
	make_entry(req, parent, component, S_IFDIR | (mode & 07777), NULL);
}

void op_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *component)
{
	make_entry(req, parent, component, S_IFLNK | 0777, target);
}

void op_readlink(fuse_req_t req, fuse_ino_t ino)
{
	struct fs *fs = fs_of(req);
	SHARES_NAMES(fs);
	__attribute__((cleanup(pin_put))) struct pin pin = PIN_INIT;
	char target[PATH_MAX + 1];
	ssize_t n;

	n = pin_get(fs->nodes, ino, &pin);
	if (n == 0)
		n = shmfs_object_readlink(pin.fd, target, sizeof(target) - 1);
	if (n < 0) {
		reply_result(req, (int)n);
		return;
	}
	target[n] = '\0';
	reply_target(req, target);
}

/* fs.protected_hardlinks of proc(5); the kernel asks it again when the link is made. */
static bool hardlinks_are_protected(void)
{
	const int fd = open("/proc/sys/fs/protected_hardlinks", O_RDONLY | O_CLOEXEC);
	char value = '1';

	if (fd >= 0) {
		if (read(fd, &value, 1) != 1)
			value = '1';
		close(fd);
	}
	return value != '0';
}

static int link_as_caller(
	struct caller *caller, const struct pin *pin, const struct shmfs_name *name)
{
	int r;

	do {
		r = caller_enter(caller);
		if (r == 0)
			r = shmfs_object_link(pin->fd, name);
		if (r == -ENOSPC && nodes_make_room(pin->nodes))
			r = shmfs_object_link(pin->fd, name);
		caller_leave();
	} while (r == -EACCES && caller_ask_groups(caller));
	return r;
}

static int make_link(struct fs *fs, struct caller *caller, fuse_ino_t parent, const char *component,
	const struct pin *pin, struct shmfs_name *ret_name)
{
	struct directory dir;
	struct stat st;
	int r;

	r = directory_get(fs, parent, &dir);
	if (r == 0)
		r = directory_new_entry(&dir, component, pin->st.st_mode, ret_name);
	if (r == 0 && journal_was_done()) {
		directory_changed(&dir);
		return 0;
	}
	if (r == 0)
		r = shmfs_access_link(&pin->st, &caller->ids, hardlinks_are_protected());
	if (r == 0)
		r = directory_may_add(&dir, caller);
	if (r == 0 && shmfs_object_stat(ret_name, &st) == -ENOENT)
		journal_linking(ret_name, pin->st.st_ino);
	if (r == 0)
		r = link_as_caller(caller, pin, ret_name);
	if (r == 0)
		directory_changed(&dir);
	return r;
}

void op_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent, const char *component)
{
	struct fs *fs = fs_of(req);
	SHARES_NAMES(fs);
	__attribute__((cleanup(pin_put))) struct pin pin = PIN_INIT;
	CALLER(caller, req);
	struct shmfs_name name;
	struct stat st;
	int r;

	r = pin_get(fs->nodes, ino, &pin);
	if (r == 0 && S_ISDIR(pin.st.st_mode))
		r = -EPERM;
	if (r == 0)
		r = make_link(fs, &caller, parent, component, &pin, &name);
	if (r == 0)
		r = fstat(pin.fd, &st) < 0 ? -errno : 0;
	reply_made(req, r, &name, &st, reply_entry);
}
