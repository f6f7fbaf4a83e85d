/* SPDX-License-Identifier: MIT */
/* Opening, and the calls on open objects. */
#include "request.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

enum { TMPFILE_OPCODE = 51 };

static void note_opened(struct node_known *known, uint32_t flags)
{
	known->opens++;
	known->readers += (flags & O_ACCMODE) != O_WRONLY;
	known->writers += (flags & O_ACCMODE) != O_RDONLY;
}

void ask_open(struct request *r)
{
	struct fuse_open_in in = {.flags = take_number(r->in)};
	size_t size;

	in.flags &= O_ACCMODE | O_TRUNC | O_APPEND | O_NOATIME | O_SYNC;
	if ((in.flags & O_ACCMODE) == O_ACCMODE)
		in.flags &= ~(uint32_t)O_ACCMODE;
	request_put(r, &in, sizeof(in));
	if (S_ISREG(r->node->mode) && request_send(r, FUSE_OPEN, &size))
		note_opened(r->node, in.flags);
}

static void make_open(struct request *r, uint32_t opcode, bool named)
{
	struct fuse_create_in in = {.flags = O_CREAT | (take_number(r->in) & (O_EXCL | O_TRUNC)),
		.mode = S_IFREG | request_mode(r)};
	const struct fuse_entry_out *entry;
	size_t size;

	in.flags |= take_byte(r->in) % 3; /* O_ACCMODE */
	request_put(r, &in, sizeof(in));
	if (named)
		request_put_name(r);
	if (node_count == NODES_MAX)
		return;
	entry = request_send(r, opcode, &size);
	if (!entry)
		return;
	HOLDS(size == sizeof(*entry) + sizeof(struct fuse_open_out));
	known_add(entry);
	for (size_t i = 0; i < node_count; i++)
		if (nodes_known[i].id == entry->nodeid)
			note_opened(&nodes_known[i], in.flags);
}

void ask_create(struct request *r)
{
	make_open(r, FUSE_CREATE, true);
}

void ask_tmpfile(struct request *r)
{
	if (LIBFUSE_HAS_TMPFILE)
		make_open(r, TMPFILE_OPCODE, false);
}

void ask_read(struct request *r)
{
	const struct fuse_read_in in = {.offset = take_number(r->in) >> take_byte(r->in) % 32,
		.size = take_number(r->in) % (64 * 1024)};
	size_t size;

	request_put(r, &in, sizeof(in));
	if (r->node->readers == 0)
		return;
	if (request_send(r, FUSE_READ, &size))
		HOLDS(size <= in.size);
}

void ask_write(struct request *r)
{
	const struct fuse_write_in in = {
		.offset = take_number(r->in) >> (8 + take_byte(r->in) % 24),
		.size = take_number(r->in) % 4096};
	static char bytes[4096];
	const struct fuse_write_out *out;
	size_t size;

	request_put(r, &in, sizeof(in));
	memset(bytes, take_byte(r->in), in.size);
	request_put(r, bytes, in.size);
	if (r->node->writers == 0)
		return;
	out = request_send(r, FUSE_WRITE, &size);
	if (out)
		HOLDS(size == sizeof(*out) && out->size <= in.size);
}

void ask_fallocate(struct request *r)
{
	const struct fuse_fallocate_in in = {.offset = take_number(r->in) % (1 << 20),
		.length = 1 + take_number(r->in) % (256 * 1024),
		.mode = take_byte(r->in) % 4};

	request_put(r, &in, sizeof(in));
	if (r->node->writers > 0)
		request_send_only(r, FUSE_FALLOCATE);
}

void ask_lseek(struct request *r)
{
	const struct fuse_lseek_in in = {
		.offset = take_number(r->in), .whence = take_byte(r->in) % 6};

	request_put(r, &in, sizeof(in));
	if (r->node->opens > 0)
		request_send_only(r, FUSE_LSEEK);
}

void ask_copy(struct request *r)
{
	const struct node_known *to = request_node(r->in);
	const struct fuse_copy_file_range_in in = {.off_in = take_number(r->in) % (1 << 20),
		.nodeid_out = to->id,
		.off_out = take_number(r->in) % (1 << 20),
		.len = take_number(r->in) % (1 << 18)};

	request_put(r, &in, sizeof(in));
	if (r->node->readers > 0 && to->writers > 0)
		request_send_only(r, FUSE_COPY_FILE_RANGE);
}
