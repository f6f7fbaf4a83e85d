/* SPDX-License-Identifier: MIT */
#include "directory.h"
#include "object.h"
#include "ops.h"
#include "pin.h"
#include "reply.h"
#include "reserve.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define SET_OWNER (FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID)
#define SET_TIMES (FUSE_SET_ATTR_ATIME | FUSE_SET_ATTR_MTIME)
#define SET_TOUCH                                                              \
	(FUSE_SET_ATTR_ATIME | FUSE_SET_ATTR_ATIME_NOW | FUSE_SET_ATTR_MTIME | \
		FUSE_SET_ATTR_MTIME_NOW)

#define SET_ANY (SET_OWNER | FUSE_SET_ATTR_MODE | FUSE_SET_ATTR_SIZE | SET_TIMES)

/* What a setattr asks for. */
struct change {
	const struct stat *attr;
	int which;                   /* FUSE_SET_ATTR_… */
	struct shmfs_region *opened; /* the caller has it open for writing, or NULL */
	bool reserve;                /* what it grows by: see reserve.h */
};

static int complete(struct fs *fs, const struct shmfs_name *name, struct stat *st)
{
	return S_ISDIR(st->st_mode) && st->st_nlink > 0 ? directory_complete(fs, name, st) : 0;
}

static int stat_as_shown(struct fs *fs, fuse_ino_t ino, struct stat *ret_st)
{
	struct shmfs_name name;
	int r;

	r = pin_stat(fs->nodes, ino, ret_st, &name);
	if (r == 0)
		r = complete(fs, &name, ret_st);
	return r;
}

static void reply_attributes(fuse_req_t req, fuse_ino_t ino, struct stat *st)
{
	st->st_ino = node_object_ino(ino);
	reply_attr(req, st);
}

void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct fs *fs = fs_of(req);
	SHARES_NAMES(fs);
	struct stat st;
	int r;

	(void)fi;
	r = stat_as_shown(fs, ino, &st);
	if (r < 0)
		reply_result(req, r);
	else
		reply_attributes(req, ino, &st);
}

/* When it was made. Of what cannot be reached any more (a directory that is gone) nobody knows. */
static int birth_of(struct nodes *nodes, fuse_ino_t ino, struct timespec *ret_birth)
{
	__attribute__((cleanup(pin_put))) struct pin pin = PIN_INIT;
	int r;

	r = pin_get(nodes, ino, &pin);
	return r < 0 ? r : shmfs_object_birth(pin.fd, ret_birth);
}

/* The kernel asks this when somebody wants to know more than getattr tells: the time of birth. */
void op_statx(fuse_req_t req, fuse_ino_t ino, int flags, int mask, struct fuse_file_info *fi)
{
	struct fs *fs = fs_of(req);
	SHARES_NAMES(fs);
	struct timespec birth;
	struct stat st;
	int r;

	(void)flags;
	(void)mask;
	(void)fi;
	r = stat_as_shown(fs, ino, &st);
	if (r < 0) {
		reply_result(req, r);
		return;
	}
	st.st_ino = node_object_ino(ino);
	reply_statx(req, &st, birth_of(fs->nodes, ino, &birth) == 0 ? &birth : NULL);
}

/* There are none, and those who only look are to be told that. */
void op_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size)
{
	(void)ino;
	if (size == 0)
		fuse_reply_xattr(req, 0);
	else
		reply_data(req, "", 0);
}

void op_access(fuse_req_t req, fuse_ino_t ino, int mask)
{
	struct fs *fs = fs_of(req);
	SHARES_NAMES(fs);
	CALLER(caller, req);
	struct stat st;
	int r;

	r = pin_stat(fs->nodes, ino, &st, NULL);
	if (r == 0)
		r = shmfs_access_check(&st, &caller.ids, mask);
	reply_result(req, r);
}

static uid_t new_uid(const struct change *change)
{
	return change->which & FUSE_SET_ATTR_UID ? change->attr->st_uid : (uid_t)-1;
}

static gid_t new_gid(const struct change *change)
{
	return change->which & FUSE_SET_ATTR_GID ? change->attr->st_gid : (gid_t)-1;
}

/* All checks come before the first change. */
static int may_change(const struct stat *st, struct caller *caller, const struct change *change)
{
	mode_t mode;
	int r = 0;

	if (change->which & SET_OWNER)
		r = shmfs_access_chown(st, &caller->ids, new_uid(change), new_gid(change));
	if (r == 0 && (change->which & FUSE_SET_ATTR_MODE))
		r = shmfs_access_chmod(st, &caller->ids, change->attr->st_mode & 07777, &mode);
	if (r == 0 && (change->which & FUSE_SET_ATTR_SIZE) && !change->opened)
		r = shmfs_access_check(st, &caller->ids, SHMFS_MAY_WRITE);
	if (r == 0 && (change->which & SET_TIMES))
		r = shmfs_access_utimens(
			st, &caller->ids, (change->which & SET_TOUCH) == SET_TOUCH);
	return r;
}

static bool is_marker(const struct pin *pin)
{
	return pin->ino != FUSE_ROOT_ID && S_ISDIR(pin->st.st_mode);
}

/* A marker whose bits chown(2) would clear. */
static bool is_special_marker(const struct pin *pin)
{
	return is_marker(pin) && (pin->st.st_mode & (S_ISUID | S_ISGID));
}

/*
 * If somebody has written something into a directory's marker, S_ISUID and S_ISGID are not set: it
 * could be a program, which others would give their rights to.
 */
static mode_t safe_mode(const struct pin *pin, mode_t mode)
{
	struct stat st;

	if (is_marker(pin) && (fstat(pin->fd, &st) < 0 || st.st_size > 0))
		mode &= ~(mode_t)(S_ISUID | S_ISGID);
	return mode & 07777;
}

/*
 * The marker of a directory is a regular file: chown(2) clears the S_ISUID and S_ISGID of files,
 * and leaves those of directories. After may_change() the daemon may put them back.
 */
static int change_owner(const struct pin *pin, const struct change *change)
{
	const bool keep = is_special_marker(pin);
	int r;

	if (keep)
		caller_leave();
	r = shmfs_object_chown(pin->fd, new_uid(change), new_gid(change));
	return r < 0 || !keep ? r : shmfs_object_chmod(pin->fd, safe_mode(pin, pin->st.st_mode));
}

static int reserve(struct fs *fs, const struct pin *pin, const struct change *change)
{
	const int fd = change->opened ? shmfs_region_writer(change->opened)
				      : shmfs_object_reopen(pin->fd, O_WRONLY);
	int r;

	if (fd < 0)
		return fd;
	r = reserve_growth(fs, fd, change->attr->st_size);
	if (!change->opened)
		close(fd);
	return r;
}

static int change_size(struct fs *fs, const struct pin *pin, const struct change *change)
{
	const int r = change->reserve ? reserve(fs, pin, change) : 0;

	if (r < 0)
		return r;
	if (change->opened)
		return shmfs_region_resize(change->opened, change->attr->st_size);
	return shmfs_object_truncate(pin->fd, change->attr->st_size);
}

static struct timespec new_time(int which, int set, int now, struct timespec value)
{
	if (!(which & set))
		return (struct timespec){.tv_nsec = UTIME_OMIT};
	if (which & now)
		return (struct timespec){.tv_nsec = UTIME_NOW};
	return value;
}

static int change_times(const struct pin *pin, const struct change *change)
{
	const struct timespec times[2] = {
		new_time(change->which, FUSE_SET_ATTR_ATIME, FUSE_SET_ATTR_ATIME_NOW,
			change->attr->st_atim),
		new_time(change->which, FUSE_SET_ATTR_MTIME, FUSE_SET_ATTR_MTIME_NOW,
			change->attr->st_mtim),
	};

	return shmfs_object_utimens(pin->fd, times);
}

/*
 * A request to change nothing comes from chown(2) with -1 and -1, which clears S_ISUID and S_ISGID
 * and is refused to strangers; but also from the kernel, in the name of whoever has the object open
 * for writing, before fallocate(2) and copy_file_range(2), which are going to clear them, and
 * before a write(2) with passthrough, which is not: see passthrough.c. Directories keep them.
 */
static int clear_privileges(const struct pin *pin, const struct caller *caller)
{
	const bool open_for_writing = pin->kind == PIN_REGION &&
				      shmfs_region_writer(node_region(pin->nodes, pin->ino)) >= 0;
	int r;

	/* Anybody may ask that; a marker with such bits would have to get them back. */
	if (is_special_marker(pin))
		return 0;
	r = shmfs_object_chown(pin->fd, (uid_t)-1, (gid_t)-1);
	if (r != -EPERM || !open_for_writing)
		return r;
	if (node_backing(pin->nodes, pin->ino) == 0)
		return 0;
	caller_leave();
	r = caller_enter_to_clear(caller);
	return r < 0 ? r : shmfs_object_chown(pin->fd, (uid_t)-1, (gid_t)-1);
}

/* The kernel judges once more: all of it happens under the caller's identity. */
static int apply(
	struct fs *fs, const struct pin *pin, struct caller *caller, const struct change *change)
{
	int r;

	r = may_change(&pin->st, caller, change);
	if (r == 0)
		r = caller_enter_to_change(caller, &pin->st);
	if (r == 0 && !(change->which & SET_ANY))
		r = clear_privileges(pin, caller);
	if (r == 0 && (change->which & SET_OWNER))
		r = change_owner(pin, change);
	if (r == 0 && (change->which & FUSE_SET_ATTR_MODE))
		r = shmfs_object_chmod(pin->fd, safe_mode(pin, change->attr->st_mode));
	if (r == 0 && (change->which & FUSE_SET_ATTR_SIZE))
		r = change_size(fs, pin, change);
	if (r == 0 && (change->which & SET_TIMES))
		r = change_times(pin, change);
	caller_leave();
	return r;
}

/* What has to be known before this thread acts as the caller. */
static void expect_resize(struct fs *fs, const struct pin *pin, struct change *change)
{
	const off_t growth = change->attr->st_size - pin->st.st_size;

	/* Without a name it would be searched for among all of them. */
	change->reserve = growth > 0 &&
			  (pin->st.st_nlink > 0 ? reserve_is_on(fs, pin->st.st_ino) : fs->reserve);
}

/* A directory, as it is now. */
static int stat_again(struct fs *fs, fuse_ino_t ino, struct stat *ret_st)
{
	SHARES_NAMES(fs);
	struct shmfs_name name;
	int r;

	r = pin_stat(fs->nodes, ino, ret_st, &name);
	/* If it cannot be done: the change has been made, and who wants to see it asks again. */
	if (r == 0)
		complete(fs, &name, ret_st);
	return r;
}

void op_setattr(
	fuse_req_t req, fuse_ino_t ino, struct stat *attr, int which, struct fuse_file_info *fi)
{
	struct fs *fs = fs_of(req);
	struct nodes *nodes = fs->nodes;
	struct change change = {attr, which, fi ? node_region(nodes, ino) : NULL, false};
	__attribute__((cleanup(pin_put))) struct pin pin = PIN_INIT;
	CALLER(caller, req);
	struct stat st;
	int r;

	{
		SHARES_NAMES(fs);
		r = pin_get(nodes, ino, &pin);
		if (r == 0 && (which & FUSE_SET_ATTR_SIZE))
			expect_resize(fs, &pin, &change);
	}
	if (r == 0)
		r = apply(fs, &pin, &caller, &change);
	if (r == 0 && S_ISDIR(pin.st.st_mode))
		r = stat_again(fs, ino, &st);
	else if (r == 0)
		r = fstat(pin.fd, &st) < 0 ? -errno : 0;
	if (r < 0)
		reply_result(req, r);
	else
		reply_attributes(req, ino, &st);
}

void op_statfs(fuse_req_t req, fuse_ino_t ino)
{
	struct statvfs st;
	int r;

	(void)ino;
	r = shmfs_object_statvfs(&st);
	if (r < 0)
		reply_result(req, r);
	else
		fuse_reply_statfs(req, &st);
}
