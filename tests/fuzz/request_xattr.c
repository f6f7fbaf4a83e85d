/* SPDX-License-Identifier: MIT */
/* Extended attributes and ACLs. */
#include "request.h"

#include <string.h>

static void put_xattr_name(struct request *r)
{
	static const char *const usual[] = {"user.a", "user.b", "trusted.a", "security.a",
		"security.capability", "system.posix_acl_access", "system.posix_acl_default",
		"other.a"};

	request_put_text(r, usual[take_byte(r->in) % 8]);
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

	request_put(r, &version, sizeof(version));
	request_put(r, entries, sizeof(entries));
}

enum { SETXATTR_IN_SIZE = 8 }; /* without FUSE_SETXATTR_EXT */

void ask_setxattr(struct request *r)
{
	struct fuse_setxattr_in in = {.flags = take_byte(r->in) % 3};
	const bool acl = take_byte(r->in) % 2;
	size_t before;

	request_put(r, &in, SETXATTR_IN_SIZE);
	put_xattr_name(r);
	before = r->size;
	if (acl)
		put_acl(r);
	else
		request_put_name(r);
	in.size = (uint32_t)(r->size - before);
	memcpy(r->body, &in, SETXATTR_IN_SIZE);
	request_send_only(r, FUSE_SETXATTR);
}

void ask_removexattr(struct request *r)
{
	put_xattr_name(r);
	request_send_only(r, FUSE_REMOVEXATTR);
}

static const char *ask_for_xattr(
	struct request *r, const struct fuse_getxattr_in *in, uint32_t opcode, size_t *ret_size)
{
	const char *reply = request_send(r, opcode, ret_size);

	if (!reply)
		return NULL;
	if (in->size == 0)
		HOLDS(*ret_size == sizeof(struct fuse_getxattr_out));
	else
		HOLDS(*ret_size <= in->size);
	return in->size == 0 ? NULL : reply;
}

void ask_getxattr(struct request *r)
{
	const struct fuse_getxattr_in in = {.size = take_byte(r->in)};
	size_t size;

	request_put(r, &in, sizeof(in));
	put_xattr_name(r);
	ask_for_xattr(r, &in, FUSE_GETXATTR, &size);
}

/* Names that only root sees on tmpfs, see xattr(7). */
void ask_listxattr(struct request *r)
{
	const struct fuse_getxattr_in in = {.size = take_number(r->in) % 256};
	const char *reply;
	size_t size;

	request_put(r, &in, sizeof(in));
	reply = ask_for_xattr(r, &in, FUSE_LISTXATTR, &size);
	if (reply && r->ids.uid != 0)
		HOLDS(!memmem(reply, size, "trusted.", strlen("trusted.")));
}
