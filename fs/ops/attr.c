/* SPDX-License-Identifier: MIT */
#include "charge.h"
#include "entry.h"
#include "identity.h"
#include "object.h"
#include "ops.h"
#include "request/caller.h"
#include "request/reply.h"
#include "reserve.h"
#include "run_as_caller.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <unistd.h>

#define SET_OWNER (FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID)
#define SET_TIMES (FUSE_SET_ATTR_ATIME | FUSE_SET_ATTR_MTIME)
#define SET_ANY (SET_OWNER | FUSE_SET_ATTR_MODE | FUSE_SET_ATTR_SIZE | SET_TIMES)

/* The change that a SETATTR asks for, and its object. */
struct change {
	struct fs *fs;
	const struct caller *caller;
	const struct stat *attr;
	int which;                   /* FUSE_SET_ATTR_… */
	struct shmfs_region *opened; /* the caller has it open, for writing; or NULL */
	int fd;                      /* O_PATH */
	struct stat st;              /* before */
};

/* Answers with the attributes of the file that fd stands for, or, if r < 0, with r. */
static void answer_with_attr(fuse_req_t req, int r, int fd)
{
	struct stat st;

	if (r == 0)
		r = fstat(fd, &st) < 0 ? -errno : 0;
	if (r < 0)
		reply_result(req, r);
	else
		entry_reply_attr(req, &st);
}

void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	NODE_FD(node);
	int r;

	(void)fi;
	r = entry_pin(fs_of(req), ino, &node);
	answer_with_attr(req, r, node.fd);
}

/* The kernel asks this when a caller wants to know more than getattr tells: the time of birth. */
void op_statx(fuse_req_t req, fuse_ino_t ino, int flags, int mask, struct fuse_file_info *fi)
{
	struct fs *fs = fs_of(req);
	struct statx stx;
	NODE_FD(node);
	int r;

	(void)flags;
	(void)mask;
	(void)fi;
	r = entry_pin(fs, ino, &node);
	if (r == 0)
		r = shmfs_object_statx(node.fd, &stx);
	if (r < 0)
		reply_result(req, r);
	else
		reply_statx(req, &stx, entry_attr_timeout(fs, stx.stx_mode));
}

static int change_owner(const struct change *change)
{
	const uid_t uid = change->which & FUSE_SET_ATTR_UID ? change->attr->st_uid : (uid_t)-1;
	const gid_t gid = change->which & FUSE_SET_ATTR_GID ? change->attr->st_gid : (gid_t)-1;

	return shmfs_object_chown(change->fd, uid, gid);
}

/* Allocates the bytes that the object is to grow by. */
static int reserve_space(const struct change *change)
{
	const int fd = change->opened ? shmfs_region_writer(change->opened)
				      : shmfs_object_reopen(change->fd, O_WRONLY);
	int r;

	if (fd < 0)
		return fd;
	r = reserve_growth(change->fs, change->caller, fd, change->attr->st_size);
	if (!change->opened)
		close(fd);
	return r;
}

/*
 * The kernel asks for KILL_SUID when the caller lacks CAP_FSETID. Taking the identity of another
 * user drops the capability anyway; for root it has to be dropped here.
 */
static int lower_rights(const struct change *change)
{
	if (!(change->which & FUSE_SET_ATTR_KILL_SUID) || change->caller->uid != 0)
		return 0;
	return shmfs_identity_lower(UINT32_C(1) << CAP_FSETID);
}

static int change_size(const struct change *change)
{
	int r = change->fs->reserve ? reserve_space(change) : 0;

	if (r == 0)
		r = lower_rights(change);
	if (r < 0)
		return r;
	if (change->opened)
		return shmfs_region_resize(change->opened, change->attr->st_size);
	return shmfs_object_truncate(change->fd, change->attr->st_size);
}

static struct timespec new_time(int which, int set, int now, struct timespec value)
{
	if (!(which & set))
		return (struct timespec){.tv_nsec = UTIME_OMIT};
	if (which & now)
		return (struct timespec){.tv_nsec = UTIME_NOW};
	return value;
}

static int change_times(const struct change *change)
{
	const struct timespec times[2] = {
		new_time(change->which, FUSE_SET_ATTR_ATIME, FUSE_SET_ATTR_ATIME_NOW,
			change->attr->st_atim),
		new_time(change->which, FUSE_SET_ATTR_MTIME, FUSE_SET_ATTR_MTIME_NOW,
			change->attr->st_mtim),
	};

	return shmfs_object_utimens(change->fd, times);
}

/*
 * A SETATTR without a change comes from chown(2) with -1 and -1, which clears S_ISUID and S_ISGID;
 * but also from the kernel, in the name of a caller that has the object open for writing, before
 * fallocate(2) and copy_file_range(2), which are going to clear them, and before a write(2) with
 * passthrough, which is not: see passthrough.c.
 */
static int clear_privileges(const struct change *change)
{
	struct opened *opened = change->fs->opened;
	const uint64_t ino = change->st.st_ino;
	int r;

	r = shmfs_object_chown(change->fd, (uid_t)-1, (gid_t)-1);
	if (r != -EPERM || !opened_has_writer(opened, ino))
		return r;
	if (opened_backing(opened, ino) == 0)
		return 0;
	caller_leave();
	r = caller_enter_to_clear(change->caller);
	return r < 0 ? r : shmfs_object_chown(change->fd, (uid_t)-1, (gid_t)-1);
}

/*
 * The kernel has checked all of it at the mount before the first change; here tmpfs checks each.
 */
static int apply_change(void *arg)
{
	const struct change *change = arg;
	int r = 0;

	if (!(change->which & SET_ANY))
		r = clear_privileges(change);
	if (r == 0 && (change->which & SET_OWNER))
		r = change_owner(change);
	if (r == 0 && (change->which & FUSE_SET_ATTR_MODE))
		r = shmfs_object_chmod(change->fd, change->attr->st_mode & 07777);
	if (r == 0 && (change->which & FUSE_SET_ATTR_SIZE))
		r = change_size(change);
	if (r == 0 && (change->which & SET_TIMES))
		r = change_times(change);
	return r;
}

/* Members of an object's group may set its S_ISGID, and keep it when they change the object. */
static bool groups_matter(const struct change *change)
{
	return (change->st.st_mode & S_ISGID) ||
	       ((change->which & FUSE_SET_ATTR_MODE) && (change->attr->st_mode & S_ISGID));
}

void op_setattr(
	fuse_req_t req, fuse_ino_t ino, struct stat *attr, int which, struct fuse_file_info *fi)
{
	struct fs *fs = fs_of(req);
	CALLER(caller, req);
	struct change change = {.fs = fs, .caller = &caller, .attr = attr, .which = which};
	NODE_FD(node);
	int r;

	if (which & FUSE_SET_ATTR_SIZE) {
		if (fi)
			change.opened = opened_region(fs->opened, ino);
		charge_make_room(fs, &caller);
	}
	r = entry_pin(fs, ino, &node);
	change.fd = node.fd;
	if (r == 0)
		r = fstat(node.fd, &change.st) < 0 ? -errno : 0;
	if (r == 0)
		caller_heed_acl(fs, &caller, node.fd);
	if (r == 0)
		r = (groups_matter(&change) ? run_as_member : run_as_caller)(
			fs, &caller, apply_change, &change);
	answer_with_attr(req, r, node.fd);
}

void op_statfs(fuse_req_t req, fuse_ino_t ino)
{
	struct statvfs st;

	(void)ino;
	/* The caller knows which objects it has removed. */
	freeing_wait(&fs_of(req)->freeing, fuse_req_ctx(req)->uid);
	if (fstatvfs(fs_of(req)->root, &st) < 0)
		reply_result(req, -errno);
	else
		reply_statfs(req, &st);
}
