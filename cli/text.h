/* SPDX-License-Identifier: MIT */
/* How the verbs write names, sizes, times and users. */
#ifndef SHMFS_CLI_TEXT_H
#define SHMFS_CLI_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Room for a name of 255 bytes of which each becomes \xHH, for a path of some of them, and so on.
 */
#define TEXT_SIZE 16640
#define TEXT_SHORT 40

/*
 * Names come from other users and may have any bytes in them. Printable UTF-8 stays as it is, but
 * for backslashes; every other byte is written \xHH, also those of characters that turn the
 * direction of text. Returns ret_text.
 */
const char *text_safe(const char *bytes, char *ret_text, size_t size);

/* 4096 is 4K, as util-linux writes it, or 4096 if `exact`. Returns ret_text. */
const char *text_size(uint64_t bytes, bool exact, char ret_text[TEXT_SHORT]);

/* Seconds as 12s, 5m, 3h, 8d. Returns ret_text. */
const char *text_age(double seconds, char ret_text[TEXT_SHORT]);

/* A point in time, in seconds since 1970: 2026-11-28T04:12:55+00:00. Returns ret_text. */
const char *text_time(time_t when, char ret_text[TEXT_SHORT]);

/* -rw-r--r-- */
const char *text_mode(mode_t mode, char ret_text[TEXT_SHORT]);

/* The name of a user or group, or its number. Good until the next call; never NULL. */
const char *text_user(uid_t uid);
const char *text_group(gid_t gid);

/* 90, 90s, 5m, 1h, 2d, 1w. false: it is none of them. */
bool text_parse_duration(const char *text, double *ret_seconds);

#endif
