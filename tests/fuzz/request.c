/* SPDX-License-Identifier: MIT */
/*
 * Requests as the kernel sends them, with arbitrary names, modes, flags, sizes, offsets and
 * attributes, in any order and by three users. Each gets one reply that makes sense, and nothing is
 * leaked.
 */
#include "request.h"

enum { REQUESTS_MAX = 64 };

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	world_start();
	return 0;
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
		request.node = request_node(&in);
		request.size = 0;
		kinds[kind % (sizeof(kinds) / sizeof(kinds[0]))](&request);
	}
	world_clear();
	return 0;
}
