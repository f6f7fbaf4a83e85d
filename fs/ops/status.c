/* SPDX-License-Identifier: MIT */
#include "status.h"

#include "node/node.h"
#include "request/journal.h"

#include <inttypes.h>
#include <stdio.h>

void status_describe(struct fs *fs, struct status *ret_status)
{
	char data_path[PASSTHROUGH_TEXT_SIZE];

	*ret_status = (struct status){.text = ""};
	passthrough_describe(&fs->passthrough, data_path);
	snprintf(ret_status->text, sizeof(ret_status->text),
		"%s%s, pid %d\ndata path: %s\nobjects are found by: %s\nreserve: %s\n"
		"requests answered: %" PRIu64 "\n",
		STATUS_MAGIC, SHMFS_VERSION, (int)fs->daemon, data_path,
		nodes_have_handles(fs->nodes) ? "file handle" : "name (no CAP_DAC_READ_SEARCH)",
		fs->reserve ? "on" : "off", journal_answered(fs->journal));
}
