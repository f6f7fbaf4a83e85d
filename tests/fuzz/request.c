/* SPDX-License-Identifier: MIT */
/*
 * Requests as the kernel sends them, with arbitrary names, modes, flags, sizes, offsets and
 * attributes, in any order and by three users. Each gets one reply that makes sense, and nothing is
 * leaked.
 */
#include "request_world.h"

#include "fuzz.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

enum { REQUESTS_MAX = 64, NAME_MAX_SENT = 300, TMPFILE_OPCODE = 51, STATX_OPCODE = 52 };

/* A request in the making. */
struct request {
	struct input *in;
	struct caller_ids ids;
	struct node_known *node;
	char body[REQUEST_MAX / 2];
	size_t size;
};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	world_start();
	return 0;
}

static void put(struct request *r, const void *bytes, size_t size)
{
	HOLDS(r->size + size <= sizeof(r->body));
	memcpy(r->body + r->size, bytes, size);
	r->size += size;
}

static void put_text(struct request *r, const char *text)
{
	put(r, text, strlen(text) + 1);
}

/* Short ones mostly, so that they meet again. */
static void put_name(struct request *r)
{
	static const char *const usual[] = {"a", "b", "c", "d", "e", "f", "...", "%2F"};
	const uint8_t byte = take_byte(r->in);
	char name[NAME_MAX_SENT];

	if (byte < 224) {
		put_text(r, usual[byte % 8]);
		return;
	}
	take_text(r->in, '\n', name, sizeof(name));
	for (char *slash = name; (slash = strchr(slash, '/'));)
		*slash = '%';
	/* The kernel sends none of these. */
	put_text(
		r, *name == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ? "g" : name);
}

static struct node_known *some_node(struct input *in)
{
	return &nodes_known[take_byte(in) % node_count];
}

static const void *send(struct request *r, uint32_t opcode, size_t *ret_size)
{
	return ask(opcode, r->node->id, r->ids, r->body, r->size, false, ret_size);
}

static void send_only(struct request *r, uint32_t opcode)
{
	size_t size;

	send(r, opcode, &size);
}

static void send_for_entry(struct request *r, uint32_t opcode)
{
	size_t size;
	const struct fuse_entry_out *entry = send(r, opcode, &size);

	if (!entry)
		return;
	HOLDS(size == sizeof(*entry));
	known_add(entry);
}

static uint32_t some_mode(struct request *r)
{
	return take_number(r->in) & 07777;
}

static void opened(struct node_known *known, uint32_t flags)
{
	known->opens++;
	known->readers += (flags & O_ACCMODE) != O_WRONLY;
	known->writers += (flags & O_ACCMODE) != O_RDONLY;
}

/* --- one function for each kind of request --- */

static void ask_lookup(struct request *r)
{
	put_name(r);
	send_for_entry(r, FUSE_LOOKUP);
}

static void ask_getattr(struct request *r)
{
	const struct fuse_getattr_in in = {.getattr_flags = 0};

	put(r, &in, sizeof(in));
	send_only(r, FUSE_GETATTR);
}

static void ask_setattr(struct request *r)
{
	struct fuse_setattr_in in = {.valid = take_number(r->in) & 0x7ff};

	if (!S_ISREG(r->node->mode))
		in.valid &= ~(uint32_t)FATTR_SIZE;
	if (r->node->writers == 0 || !(in.valid & FATTR_SIZE))
		in.valid &= ~(uint32_t)FATTR_FH;
	in.size = take_number(r->in) >> take_byte(r->in) % 32;
	in.mode = S_IFREG | some_mode(r);
	in.uid = take_byte(r->in) % 2 * 2001;
	in.gid = take_byte(r->in) % 2 * 2001;
	in.atime = take_number(r->in);
	in.mtime = take_number(r->in);
	in.atimensec = take_number(r->in) % 1000000000;
	put(r, &in, sizeof(in));
	send_only(r, FUSE_SETATTR);
}

static void ask_readlink(struct request *r)
{
	send_only(r, FUSE_READLINK);
}

static void ask_symlink(struct request *r)
{
	put_name(r);
	put_name(r);
	send_for_entry(r, FUSE_SYMLINK);
}

static void ask_mknod(struct request *r)
{
	static const uint32_t types[] = {S_IFREG, S_IFIFO, S_IFSOCK, S_IFCHR, S_IFBLK};
	const struct fuse_mknod_in in = {.mode = types[take_byte(r->in) % 5] | some_mode(r)};

	put(r, &in, sizeof(in));
	put_name(r);
	send_for_entry(r, FUSE_MKNOD);
}

static void ask_mkdir(struct request *r)
{
	const struct fuse_mkdir_in in = {.mode = some_mode(r)};

	put(r, &in, sizeof(in));
	put_name(r);
	send_for_entry(r, FUSE_MKDIR);
}

static void ask_unlink(struct request *r)
{
	put_name(r);
	send_only(r, FUSE_UNLINK);
}

static void ask_rmdir(struct request *r)
{
	put_name(r);
	send_only(r, FUSE_RMDIR);
}

static void ask_rename(struct request *r)
{
	const struct fuse_rename2_in in = {
		.newdir = some_node(r->in)->id, .flags = take_byte(r->in) % 8};

	put(r, &in, sizeof(in));
	put_name(r);
	put_name(r);
	send_only(r, FUSE_RENAME2);
}

static void ask_link(struct request *r)
{
	const struct fuse_link_in in = {.oldnodeid = some_node(r->in)->id};

	put(r, &in, sizeof(in));
	put_name(r);
	send_for_entry(r, FUSE_LINK);
}

static void ask_open(struct request *r)
{
	struct fuse_open_in in = {.flags = take_number(r->in)};
	size_t size;

	in.flags &= O_ACCMODE | O_TRUNC | O_APPEND | O_NOATIME | O_SYNC;
	if ((in.flags & O_ACCMODE) == O_ACCMODE)
		in.flags &= ~(uint32_t)O_ACCMODE;
	put(r, &in, sizeof(in));
	if (S_ISREG(r->node->mode) && send(r, FUSE_OPEN, &size))
		opened(r->node, in.flags);
}

static void make_open(struct request *r, uint32_t opcode, bool named)
{
	struct fuse_create_in in = {.flags = O_CREAT | (take_number(r->in) & (O_EXCL | O_TRUNC)),
		.mode = S_IFREG | some_mode(r)};
	const struct fuse_entry_out *entry;
	size_t size;

	in.flags |= take_byte(r->in) % 3; /* O_ACCMODE */
	put(r, &in, sizeof(in));
	if (named)
		put_name(r);
	if (node_count == NODES_MAX)
		return;
	entry = send(r, opcode, &size);
	if (!entry)
		return;
	HOLDS(size == sizeof(*entry) + sizeof(struct fuse_open_out));
	known_add(entry);
	for (size_t i = 0; i < node_count; i++)
		if (nodes_known[i].id == entry->nodeid)
			opened(&nodes_known[i], in.flags);
}

static void ask_create(struct request *r)
{
	make_open(r, FUSE_CREATE, true);
}

static void ask_tmpfile(struct request *r)
{
	if (LIBFUSE_HAS_TMPFILE)
		make_open(r, TMPFILE_OPCODE, false);
}

static void ask_read(struct request *r)
{
	const struct fuse_read_in in = {.offset = take_number(r->in) >> take_byte(r->in) % 32,
		.size = take_number(r->in) % (64 * 1024)};
	size_t size;

	put(r, &in, sizeof(in));
	if (r->node->readers == 0)
		return;
	if (send(r, FUSE_READ, &size))
		HOLDS(size <= in.size);
}

static void ask_write(struct request *r)
{
	const struct fuse_write_in in = {
		.offset = take_number(r->in) >> (8 + take_byte(r->in) % 24),
		.size = take_number(r->in) % 4096};
	static char bytes[4096];
	const struct fuse_write_out *out;
	size_t size;

	put(r, &in, sizeof(in));
	memset(bytes, take_byte(r->in), in.size);
	put(r, bytes, in.size);
	if (r->node->writers == 0)
		return;
	out = send(r, FUSE_WRITE, &size);
	if (out)
		HOLDS(size == sizeof(*out) && out->size <= in.size);
}

static void ask_fallocate(struct request *r)
{
	const struct fuse_fallocate_in in = {.offset = take_number(r->in) % (1 << 20),
		.length = 1 + take_number(r->in) % (256 * 1024),
		.mode = take_byte(r->in) % 4};

	put(r, &in, sizeof(in));
	if (r->node->writers > 0)
		send_only(r, FUSE_FALLOCATE);
}

static void ask_lseek(struct request *r)
{
	const struct fuse_lseek_in in = {
		.offset = take_number(r->in), .whence = take_byte(r->in) % 6};

	put(r, &in, sizeof(in));
	if (r->node->opens > 0)
		send_only(r, FUSE_LSEEK);
}

static void ask_copy(struct request *r)
{
	const struct node_known *to = some_node(r->in);
	const struct fuse_copy_file_range_in in = {.off_in = take_number(r->in) % (1 << 20),
		.nodeid_out = to->id,
		.off_out = take_number(r->in) % (1 << 20),
		.len = take_number(r->in) % (1 << 18)};

	put(r, &in, sizeof(in));
	if (r->node->readers > 0 && to->writers > 0)
		send_only(r, FUSE_COPY_FILE_RANGE);
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

static void list(struct request *r, uint32_t opcode)
{
	const struct fuse_read_in in = {.size = take_number(r->in) % 8192,
		.offset = take_byte(r->in) % 3 == 0 ? (uint64_t)take_number(r->in) << 12 : 0};
	const char *reply;
	size_t size;

	put(r, &in, sizeof(in));
	reply = send(r, opcode, &size);
	if (!reply)
		return;
	HOLDS(size <= in.size);
	if (opcode == FUSE_READDIRPLUS)
		count_entries(reply, size);
}

static void ask_readdir(struct request *r)
{
	list(r, FUSE_READDIR);
}

static void ask_readdirplus(struct request *r)
{
	list(r, FUSE_READDIRPLUS);
}

static void ask_opendir(struct request *r)
{
	const struct fuse_open_in in = {.flags = O_RDONLY | O_DIRECTORY};

	put(r, &in, sizeof(in));
	send_only(r, FUSE_OPENDIR);
}

static void ask_access(struct request *r)
{
	const struct fuse_access_in in = {.mask = take_byte(r->in) % 8};

	put(r, &in, sizeof(in));
	send_only(r, FUSE_ACCESS);
}

static void ask_statfs(struct request *r)
{
	send_only(r, FUSE_STATFS);
}

static void ask_statx(struct request *r)
{
	static const char zeros[24]; /* struct fuse_statx_in, which older headers lack */

	put(r, zeros, sizeof(zeros));
	if (LIBFUSE_HAS_STATX)
		send_only(r, STATX_OPCODE);
}

static void put_xattr_name(struct request *r)
{
	static const char *const usual[] = {"user.a", "user.b", "trusted.a", "security.a",
		"security.capability", "system.posix_acl_access", "system.posix_acl_default",
		"other.a"};

	put_text(r, usual[take_byte(r->in) % 8]);
}

/* For a user and a group, which need a mask. */
static void put_acl(struct request *r)
{
	const uint16_t some = take_number(r->in) & 0777;
	const struct {
		uint16_t tag, perm;
		uint32_t id;
	} entries[] = {{0x01, 6, ~0U}, {0x02, some & 7, 2001 + some % 2}, {0x04, 4, ~0U},
		{0x08, some >> 3 & 7, 2002}, {0x10, some >> 6 & 7, ~0U}, {0x20, 0, ~0U}};
	const uint32_t version = 2;

	put(r, &version, sizeof(version));
	put(r, entries, sizeof(entries));
}

enum { SETXATTR_IN_SIZE = 8 }; /* without FUSE_SETXATTR_EXT */

static void ask_setxattr(struct request *r)
{
	struct fuse_setxattr_in in = {.flags = take_byte(r->in) % 3};
	const bool acl = take_byte(r->in) % 2;
	size_t before;

	put(r, &in, SETXATTR_IN_SIZE);
	put_xattr_name(r);
	before = r->size;
	if (acl)
		put_acl(r);
	else
		put_name(r);
	in.size = (uint32_t)(r->size - before);
	memcpy(r->body, &in, SETXATTR_IN_SIZE);
	send_only(r, FUSE_SETXATTR);
}

static void ask_removexattr(struct request *r)
{
	put_xattr_name(r);
	send_only(r, FUSE_REMOVEXATTR);
}

static const char *ask_for_xattr(
	struct request *r, const struct fuse_getxattr_in *in, uint32_t opcode, size_t *ret_size)
{
	const char *reply = send(r, opcode, ret_size);

	if (!reply)
		return NULL;
	if (in->size == 0)
		HOLDS(*ret_size == sizeof(struct fuse_getxattr_out));
	else
		HOLDS(*ret_size <= in->size);
	return in->size == 0 ? NULL : reply;
}

static void ask_getxattr(struct request *r)
{
	const struct fuse_getxattr_in in = {.size = take_byte(r->in)};
	size_t size;

	put(r, &in, sizeof(in));
	put_xattr_name(r);
	ask_for_xattr(r, &in, FUSE_GETXATTR, &size);
}

/* Names that only root sees on tmpfs, see xattr(7). */
static void ask_listxattr(struct request *r)
{
	const struct fuse_getxattr_in in = {.size = take_number(r->in) % 256};
	const char *reply;
	size_t size;

	put(r, &in, sizeof(in));
	reply = ask_for_xattr(r, &in, FUSE_LISTXATTR, &size);
	if (reply && r->ids.uid != 0)
		HOLDS(!memmem(reply, size, "trusted.", strlen("trusted.")));
}

static void ask_nothing(struct request *r)
{
	(void)r;
	world_hold();
}

/* What is still open stays so, and what has been looked up once more too. */
static void ask_forget(struct request *r)
{
	const struct fuse_forget_in in = {.nlookup = r->node->lookups - 1};
	size_t size;

	put(r, &in, sizeof(in));
	r->node->lookups = 1;
	ask(FUSE_FORGET, r->node->id, r->ids, r->body, r->size, true, &size);
}

static void (*const kinds[])(struct request *r) = {ask_lookup, ask_create, ask_mkdir, ask_open,
	ask_write, ask_read, ask_unlink, ask_rename, ask_setattr, ask_getattr, ask_link,
	ask_symlink, ask_readlink, ask_mknod, ask_rmdir, ask_tmpfile, ask_fallocate, ask_lseek,
	ask_copy, ask_readdir, ask_readdirplus, ask_opendir, ask_access, ask_statfs, ask_getxattr,
	ask_forget, ask_setxattr, ask_listxattr, ask_removexattr, ask_statx, ask_nothing};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct caller_ids users[] = {{0, 0}, {2001, 2001}, {2002, 2002}, {2001, 2001}};
	struct input in = {data, size};

	for (int i = 0; i < REQUESTS_MAX && in.size > 0; i++) {
		static struct request request;
		const uint8_t kind = take_byte(&in), who = take_byte(&in);

		request.in = &in;
		request.ids = users[who % 4];
		request.node = some_node(&in);
		request.size = 0;
		kinds[kind % (sizeof(kinds) / sizeof(kinds[0]))](&request);
	}
	world_clear();
	return 0;
}
