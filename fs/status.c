/* SPDX-License-Identifier: MIT */
#include "status.h"

#include "pin.h"
#include "reserve.h"

#include <stdio.h>

/* Objects in this directory. */
static bool is_reserved(struct fs *fs, uint64_t ino)
{
	struct stat st;

	return reserve_is_on(fs, ino) ||
	       (ino != FUSE_ROOT_ID && pin_stat(fs->nodes, ino, &st, NULL) == 0 &&
		       (st.st_mode & S_ISUID));
}

void status_describe(struct fs *fs, uint64_t ino, struct status *ret_status)
{
	char data_path[PASSTHROUGH_TEXT_SIZE];

	*ret_status = (struct status){.text = ""};
	passthrough_describe(&fs->passthrough, data_path);
	snprintf(ret_status->text, sizeof(ret_status->text),
		"%s%s, pid %d\ndata path: %s\nreserve: %s\n", STATUS_MAGIC, SHMFS_VERSION,
		(int)fs->daemon, data_path, is_reserved(fs, ino) ? "on" : "off");
}
