/* SPDX-License-Identifier: MIT */
/* Names and attributes; directories, and the rest. */
#include "request.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

enum { STATX_OPCODE = 52 };

void ask_lookup(struct request *r)
{
	request_put_name(r);
	request_send_for_entry(r, FUSE_LOOKUP);
}

void ask_getattr(struct request *r)
{
	const struct fuse_getattr_in in = {.getattr_flags = 0};

	request_put(r, &in, sizeof(in));
	request_send_only(r, FUSE_GETATTR);
}

void ask_setattr(struct request *r)
{
	struct fuse_setattr_in in = {.valid = take_number(r->in) & 0x7ff};

	if (!S_ISREG(r->node->mode))
		in.valid &= ~(uint32_t)FATTR_SIZE;
	if (r->node->writers == 0 || !(in.valid & FATTR_SIZE))
		in.valid &= ~(uint32_t)FATTR_FH;
	in.size = take_number(r->in) >> take_byte(r->in) % 32;
	in.mode = S_IFREG | request_mode(r);
	in.uid = take_byte(r->in) % 2 * 2001;
	in.gid = take_byte(r->in) % 2 * 2001;
	in.atime = take_number(r->in);
	in.mtime = take_number(r->in);
	in.atimensec = take_number(r->in) % 1000000000;
	request_put(r, &in, sizeof(in));
	request_send_only(r, FUSE_SETATTR);
}

void ask_readlink(struct request *r)
{
	request_send_only(r, FUSE_READLINK);
}

void ask_symlink(struct request *r)
{
	request_put_name(r);
	request_put_name(r);
	request_send_for_entry(r, FUSE_SYMLINK);
}

void ask_mknod(struct request *r)
{
	static const uint32_t types[] = {S_IFREG, S_IFIFO, S_IFSOCK, S_IFCHR, S_IFBLK};
	const struct fuse_mknod_in in = {.mode = types[take_byte(r->in) % 5] | request_mode(r)};

	request_put(r, &in, sizeof(in));
	request_put_name(r);
	request_send_for_entry(r, FUSE_MKNOD);
}

void ask_mkdir(struct request *r)
{
	const struct fuse_mkdir_in in = {.mode = request_mode(r)};

	request_put(r, &in, sizeof(in));
	request_put_name(r);
	request_send_for_entry(r, FUSE_MKDIR);
}

void ask_unlink(struct request *r)
{
	request_put_name(r);
	request_send_only(r, FUSE_UNLINK);
}

void ask_rmdir(struct request *r)
{
	request_put_name(r);
	request_send_only(r, FUSE_RMDIR);
}

void ask_rename(struct request *r)
{
	const struct fuse_rename2_in in = {
		.newdir = request_node(r->in)->id, .flags = take_byte(r->in) % 8};

	request_put(r, &in, sizeof(in));
	request_put_name(r);
	request_put_name(r);
	request_send_only(r, FUSE_RENAME2);
}

void ask_link(struct request *r)
{
	const struct fuse_link_in in = {.oldnodeid = request_node(r->in)->id};

	request_put(r, &in, sizeof(in));
	request_put_name(r);
	request_send_for_entry(r, FUSE_LINK);
}

/* The kernel counts a lookup for each entry that has a node. */
static void count_entries(const char *reply, size_t size)
{
	while (size > sizeof(struct fuse_direntplus)) {
		struct fuse_direntplus entry;
		size_t length;

		memcpy(&entry, reply, sizeof(entry));
		length = FUSE_DIRENTPLUS_SIZE(&entry);
		HOLDS(length <= size && entry.dirent.namelen > 0);
		if (entry.entry_out.nodeid != 0)
			known_add(&entry.entry_out);
		reply += length;
		size -= length;
	}
}

static void ask_for_entries(struct request *r, uint32_t opcode)
{
	const struct fuse_read_in in = {.size = take_number(r->in) % 8192,
		.offset = take_byte(r->in) % 3 == 0 ? (uint64_t)take_number(r->in) << 12 : 0};
	const char *reply;
	size_t size;

	request_put(r, &in, sizeof(in));
	reply = request_send(r, opcode, &size);
	if (!reply)
		return;
	HOLDS(size <= in.size);
	if (opcode == FUSE_READDIRPLUS)
		count_entries(reply, size);
}

void ask_readdir(struct request *r)
{
	ask_for_entries(r, FUSE_READDIR);
}

void ask_readdirplus(struct request *r)
{
	ask_for_entries(r, FUSE_READDIRPLUS);
}

void ask_opendir(struct request *r)
{
	const struct fuse_open_in in = {.flags = O_RDONLY | O_DIRECTORY};

	request_put(r, &in, sizeof(in));
	request_send_only(r, FUSE_OPENDIR);
}

void ask_access(struct request *r)
{
	const struct fuse_access_in in = {.mask = take_byte(r->in) % 8};

	request_put(r, &in, sizeof(in));
	request_send_only(r, FUSE_ACCESS);
}

void ask_statfs(struct request *r)
{
	request_send_only(r, FUSE_STATFS);
}

void ask_statx(struct request *r)
{
	static const char zeros[24]; /* struct fuse_statx_in, which older headers lack */

	request_put(r, zeros, sizeof(zeros));
	if (LIBFUSE_HAS_STATX)
		request_send_only(r, STATX_OPCODE);
}

void ask_nothing(struct request *r)
{
	(void)r;
	world_hold();
}

/* Objects that are still open stay so, and nodes that were looked up once more too. */
void ask_forget(struct request *r)
{
	const struct fuse_forget_in in = {.nlookup = r->node->lookups - 1};
	size_t size;

	request_put(r, &in, sizeof(in));
	r->node->lookups = 1;
	ask(FUSE_FORGET, r->node->id, r->ids, r->body, r->size, true, &size);
}
