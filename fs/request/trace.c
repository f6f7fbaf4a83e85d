/* SPDX-License-Identifier: MIT */
#include "trace.h"

#include "clock.h"
#include "log.h"

#include <linux/fuse.h>
#include <stdio.h>
#include <string.h>

#define NO_RESULT INT64_MIN

static _Thread_local int64_t result;

/* names: how many NUL-terminated names follow, before_names bytes behind the header. */
static const struct operation {
	const char *text;
	size_t before_names;
	int names;
} operations[] = {
	[FUSE_LOOKUP] = {"LOOKUP", 0, 1},
	[FUSE_FORGET] = {"FORGET", 0, 0},
	[FUSE_GETATTR] = {"GETATTR", 0, 0},
	[FUSE_SETATTR] = {"SETATTR", 0, 0},
	[FUSE_READLINK] = {"READLINK", 0, 0},
	[FUSE_SYMLINK] = {"SYMLINK", 0, 2},
	[FUSE_MKNOD] = {"MKNOD", sizeof(struct fuse_mknod_in), 1},
	[FUSE_MKDIR] = {"MKDIR", sizeof(struct fuse_mkdir_in), 1},
	[FUSE_UNLINK] = {"UNLINK", 0, 1},
	[FUSE_RMDIR] = {"RMDIR", 0, 1},
	[FUSE_RENAME] = {"RENAME", sizeof(struct fuse_rename_in), 2},
	[FUSE_LINK] = {"LINK", sizeof(struct fuse_link_in), 1},
	[FUSE_OPEN] = {"OPEN", 0, 0},
	[FUSE_READ] = {"READ", 0, 0},
	[FUSE_WRITE] = {"WRITE", 0, 0},
	[FUSE_STATFS] = {"STATFS", 0, 0},
	[FUSE_RELEASE] = {"RELEASE", 0, 0},
	[FUSE_FSYNC] = {"FSYNC", 0, 0},
	[FUSE_SETXATTR] = {"SETXATTR", 0, 0},
	[FUSE_GETXATTR] = {"GETXATTR", sizeof(struct fuse_getxattr_in), 1},
	[FUSE_LISTXATTR] = {"LISTXATTR", 0, 0},
	[FUSE_REMOVEXATTR] = {"REMOVEXATTR", 0, 1},
	[FUSE_FLUSH] = {"FLUSH", 0, 0},
	[FUSE_OPENDIR] = {"OPENDIR", 0, 0},
	[FUSE_READDIR] = {"READDIR", 0, 0},
	[FUSE_RELEASEDIR] = {"RELEASEDIR", 0, 0},
	[FUSE_FSYNCDIR] = {"FSYNCDIR", 0, 0},
	[FUSE_ACCESS] = {"ACCESS", 0, 0},
	[FUSE_CREATE] = {"CREATE", sizeof(struct fuse_create_in), 1},
	[FUSE_INTERRUPT] = {"INTERRUPT", 0, 0},
	[FUSE_IOCTL] = {"IOCTL", 0, 0},
	[FUSE_BATCH_FORGET] = {"BATCH_FORGET", 0, 0},
	[FUSE_FALLOCATE] = {"FALLOCATE", 0, 0},
	[FUSE_READDIRPLUS] = {"READDIRPLUS", 0, 0},
	[FUSE_RENAME2] = {"RENAME2", sizeof(struct fuse_rename2_in), 2},
	[FUSE_LSEEK] = {"LSEEK", 0, 0},
	[FUSE_COPY_FILE_RANGE] = {"COPY_FILE_RANGE", 0, 0},
	[51] = {"TMPFILE", 0, 0},
	[52] = {"STATX", 0, 0},
};

int64_t trace_begin(void)
{
	result = NO_RESULT;
	return clock_now_ns();
}

void trace_result(ssize_t r)
{
	result = r;
}

/* Appends ` "name"`, without control characters. */
static size_t put_name(char *text, size_t size, const char *name, size_t length)
{
	const int n = snprintf(text, size, " \"%.*s\"", (int)length, name);

	for (char *at = text; *at; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = '?';
	return (size_t)n < size ? (size_t)n : size - 1;
}

static void describe_names(
	char *text, size_t size, const struct operation *operation, const char *at, const char *end)
{
	text[0] = '\0';
	for (int i = 0; i < operation->names && at < end; i++) {
		const size_t length = strnlen(at, (size_t)(end - at));
		const size_t n = put_name(text, size, at, length);

		text += n;
		size -= n;
		at += length + 1;
	}
}

static void describe_result(char *text, size_t size)
{
	if (result == NO_RESULT)
		snprintf(text, size, "answered by libfuse");
	else if (result == 0)
		snprintf(text, size, "ok");
	else if (result > 0)
		snprintf(text, size, "%jd", (intmax_t)result);
	else
		snprintf(text, size, "%s", strerror((int)-result));
}

void trace_end(int64_t begin, const void *request, size_t size)
{
	static const struct operation unknown = {NULL, 0, 0};
	const struct fuse_in_header *in = request;
	const struct operation *operation = in->opcode < sizeof(operations) / sizeof(operations[0])
						    ? &operations[in->opcode]
						    : &unknown;
	const char *names = (const char *)(in + 1) + operation->before_names;
	char name[600], answer[64], number[16];

	describe_names(name, sizeof(name), operation, names, (const char *)request + size);
	describe_result(answer, sizeof(answer));
	snprintf(number, sizeof(number), "%u", in->opcode);
	log_info("%s %ju%s uid %u: %s, %jd us", operation->text ? operation->text : number,
		(uintmax_t)in->nodeid, name, in->uid, answer,
		(intmax_t)(clock_now_ns() - begin) / 1000);
}
