/* SPDX-License-Identifier: MIT */
#include "reply.h"

#include "directory.h"
#include "journal.h"
#include "node.h"

void reply_result(fuse_req_t req, int r)
{
	fuse_reply_err(req, -r);
}

void reply_count(fuse_req_t req, ssize_t r)
{
	if (r < 0)
		reply_result(req, (int)r);
	else
		fuse_reply_write(req, (size_t)r);
}

void reply_attr(fuse_req_t req, const struct stat *st)
{
	fuse_reply_attr(req, st, 0);
}

static struct statx_timestamp timestamp(struct timespec t)
{
	return (struct statx_timestamp){.tv_sec = t.tv_sec, .tv_nsec = (uint32_t)t.tv_nsec};
}

void reply_statx(fuse_req_t req, const struct stat *st, const struct timespec *birth)
{
	struct statx stx = {
		.stx_mask = STATX_BASIC_STATS,
		.stx_blksize = (uint32_t)st->st_blksize,
		.stx_nlink = (uint32_t)st->st_nlink,
		.stx_uid = st->st_uid,
		.stx_gid = st->st_gid,
		.stx_mode = (uint16_t)st->st_mode,
		.stx_ino = st->st_ino,
		.stx_size = (uint64_t)st->st_size,
		.stx_blocks = (uint64_t)st->st_blocks,
		.stx_atime = timestamp(st->st_atim),
		.stx_mtime = timestamp(st->st_mtim),
		.stx_ctime = timestamp(st->st_ctim),
	};

	if (birth) {
		stx.stx_mask |= STATX_BTIME;
		stx.stx_btime = timestamp(*birth);
	}
	fuse3_reply_statx(req, &stx, 0);
}

struct fuse_entry_param reply_entry_param(const struct stat *st)
{
	return (struct fuse_entry_param){.ino = st->st_ino, .attr = *st};
}

/* May the caller open the FIFO, or connect to the socket? See NODE_DECOY. */
static bool may_use(fuse_req_t req, const struct stat *st, int wanted)
{
	CALLER(caller, req);

	return shmfs_access_check(st, &caller.ids, wanted) == 0;
}

static uint64_t nodeid_for(fuse_req_t req, const struct stat *st)
{
	const int wanted = S_ISFIFO(st->st_mode)   ? SHMFS_MAY_READ | SHMFS_MAY_WRITE
			   : S_ISSOCK(st->st_mode) ? SHMFS_MAY_WRITE
						   : 0;

	return wanted == 0 || may_use(req, st, wanted) ? st->st_ino : node_new_decoy(st->st_ino);
}

static int reply_known(
	fuse_req_t req, const struct shmfs_name *name, struct stat *st, uint64_t nodeid)
{
	struct fuse_entry_param entry;
	struct nodes *nodes = fs_of(req)->nodes;
	int r;

	/* If it cannot be done: of an entry nobody looks at the attributes, who wants them asks. */
	if (S_ISDIR(st->st_mode))
		directory_complete(fs_of(req), name, st);
	entry = reply_entry_param(st);
	entry.ino = nodeid;
	r = node_get(nodes, entry.ino, name);
	if (r < 0)
		return r;
	if (fuse_reply_entry(req, &entry) < 0)
		node_put(nodes, entry.ino, 1);
	return 0;
}

int reply_entry(fuse_req_t req, const struct shmfs_name *name, struct stat *st)
{
	return reply_known(req, name, st, nodeid_for(req, st));
}

int reply_new_entry(fuse_req_t req, const struct shmfs_name *name, struct stat *st)
{
	return reply_known(req, name, st, st->st_ino);
}

/*
 * Without passthrough it is direct I/O: what others write is read at once, and the kernel refuses
 * MAP_SHARED, which could not be kept true.
 */
static void set_data_path(struct nodes *nodes, fuse_ino_t ino, struct fuse_file_info *fi)
{
	fuse3_set_data_path(fi, node_backing(nodes, ino));
	fi->fh = 0;
}

void reply_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct nodes *nodes = fs_of(req)->nodes;

	set_data_path(nodes, ino, fi);
	journal_answering();
	if (fuse_reply_open(req, fi) < 0)
		node_close(nodes, ino);
}

void reply_create(fuse_req_t req, const struct stat *st, struct fuse_file_info *fi)
{
	const struct fuse_entry_param entry = reply_entry_param(st);
	struct nodes *nodes = fs_of(req)->nodes;

	set_data_path(nodes, st->st_ino, fi);
	journal_answering();
	if (fuse_reply_create(req, &entry, fi) < 0) {
		node_close(nodes, st->st_ino);
		node_put(nodes, st->st_ino, 1);
	}
}

void reply_opendir(fuse_req_t req, struct fuse_file_info *fi)
{
	fi->fh = 0;
	fuse_reply_open(req, fi);
}

void reply_target(fuse_req_t req, const char *target)
{
	fuse_reply_readlink(req, target);
}

void reply_data(fuse_req_t req, const void *buf, ssize_t r)
{
	if (r < 0)
		reply_result(req, (int)r);
	else
		fuse_reply_buf(req, buf, (size_t)r);
}

void reply_offset(fuse_req_t req, off_t r)
{
	if (r < 0)
		reply_result(req, (int)r);
	else
		fuse_reply_lseek(req, r);
}
