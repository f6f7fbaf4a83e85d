/* SPDX-License-Identifier: MIT */
/* The description of a mount: lib/status_wire.h has the question and the answer. */
#ifndef SHMFS_STATUS_H
#define SHMFS_STATUS_H

#include "fs.h"
#include "status_wire.h"

/* The daemon's side. */
void status_describe(struct fs *fs, struct status *ret_status);

#endif
