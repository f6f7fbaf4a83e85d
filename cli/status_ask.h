/* SPDX-License-Identifier: MIT */
/* The question to a daemon, which may be one that never answers. */
#ifndef SHMFS_CLI_STATUS_ASK_H
#define SHMFS_CLI_STATUS_ASK_H

#include "status_wire.h"

/*
 * Asks the mount that has this directory. -ENOTTY: it is no mount of shmfs, or one of a version
 * that tells nothing; -ETIMEDOUT: no answer within some seconds; or why it cannot be opened.
 */
int status_ask(const char *path, struct status *ret_status);

/* The text for an error of status_ask(). */
const char *status_error(int error);

#endif
