/* SPDX-License-Identifier: MIT */
/*
 * With -d: a log line for each request that was served, after its answer.
 *
 *     LOOKUP 1 "counter" uid 1000: No such file or directory, 23 us
 *
 * The first number is the node that the request is about, for a name the directory. A count of
 * bytes stands in place of "ok" where the answer has one. libfuse answers by itself for operations
 * that are not in the table.
 */
#ifndef SHMFS_TRACE_H
#define SHMFS_TRACE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The calling thread begins to serve a request. Returns the time, ns. */
int64_t trace_begin(void);

/* Notes the answer: a count or -errno. Without a trace this costs one store. */
void trace_result(ssize_t r);

/*
 * The request, of `size` bytes with its header, has been served. Logs it. begin: the time that
 * trace_begin() returned.
 */
void trace_end(int64_t begin, const void *request, size_t size);

#endif
