/* SPDX-License-Identifier: MIT */
/* The calls that are tried. The name of each tells the meaning of an operation's a and b. */
#ifndef SHMFS_TEST_MODES_CALLS_H
#define SHMFS_TEST_MODES_CALLS_H

#include "modes.h"

/* Bytes of a transfer that goes through a mapping. */
enum { CALL_BIG = 128 * 1024 };

#define CALL(name) long name(const struct op *op, const struct target *t, struct view *seen)

/* An entry of a table of operations. */
#define OP(call, ...)                                     \
	{                                                 \
#call " " #__VA_ARGS__, call, __VA_ARGS__ \
	}
#define OP_NONE(call)       \
	{                   \
#call, call \
	}

/* Closes fd and returns 0 instead, or -1: the number of a descriptor says nothing. */
long see_and_close(int fd, struct view *ret_seen);

/* On an object (modes_calls.c). */
CALL(do_open);
CALL(do_reopen);
CALL(do_stat);
CALL(do_access);
CALL(do_access_fd);
CALL(do_exec);
CALL(do_truncate);
CALL(do_ftruncate);
CALL(do_write);
CALL(do_append);
CALL(do_open_and_write);
CALL(do_read);
CALL(do_fallocate);
CALL(do_copy);
CALL(do_sendfile);
CALL(do_chmod);
CALL(do_fchmod);
CALL(do_chmod_fd);
CALL(do_chown);
CALL(do_fchown);
CALL(do_utimens);
CALL(do_utimens_null);
CALL(do_futimens);
CALL(do_link);
CALL(do_link_fd);
CALL(do_unlink);
CALL(do_rename);

/* In a directory, and on it (modes_calls_dir.c). */
CALL(do_create);
CALL(do_create_or_open);
CALL(do_mknod);
CALL(do_tmpfile);
CALL(do_tmpfile_and_link);
CALL(do_list);
CALL(do_access_dir);
CALL(do_chdir);
CALL(do_open_dir);
CALL(do_chmod_dir);
CALL(do_chown_dir);
CALL(do_utimens_dir);

/* On entries that may be directories, and in two directories (modes_calls_tree.c). */
CALL(do_mkdir);
CALL(do_rmdir);
CALL(do_symlink);
CALL(do_mkfifo);
CALL(do_list_entry);
CALL(do_enter);
CALL(do_make_below);
CALL(do_rename_to);
CALL(do_link_to);

#endif
