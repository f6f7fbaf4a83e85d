/* SPDX-License-Identifier: MIT */
#include "status.h"

#include "node/node.h"
#include "node/opened.h"
#include "request/journal.h"
#include "request/loop.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

/* So many users are named. */
enum { USERS = 8 };

static bool is_among(uint64_t user, const uint64_t *users, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (users[i] == user)
			return true;
	return false;
}

/* Of threads or of descriptors. Returns how many. */
static size_t list_above_share(struct fs *fs, uint64_t ret_users[USERS])
{
	uint64_t full[USERS];
	const size_t full_count = opened_list_full(fs->opened, full, USERS);
	size_t count = loop_list_waiting(fs->loop, ret_users, USERS);

	for (size_t i = 0; i < full_count && count < USERS; i++)
		if (!is_among(full[i], ret_users, count))
			ret_users[count++] = full[i];
	return count;
}

static void describe_users(struct fs *fs, char *text, size_t size)
{
	uint64_t users[USERS];
	const size_t count = list_above_share(fs, users);
	size_t length = 0;

	snprintf(text, size, "none");
	for (size_t i = 0; i < count; i++)
		length += (size_t)snprintf(
			text + length, size - length, "%s%" PRIu64, i == 0 ? "" : " ", users[i]);
}

void status_describe(struct fs *fs, struct status *ret_status)
{
	char data_path[PASSTHROUGH_TEXT_SIZE], users[USERS * 24];

	*ret_status = (struct status){.text = ""};
	passthrough_describe(&fs->passthrough, data_path);
	describe_users(fs, users, sizeof(users));
	snprintf(ret_status->text, sizeof(ret_status->text),
		"%s%s, pid %d\ndata path: %s\nobjects are found by: %s\nreserve: %s\n"
		"requests answered: %" PRIu64 "\nopen objects: %zu\nworker: %d\n"
		"worker restarts: %u\nusers above their share: %s\n",
		STATUS_MAGIC, SHMFS_VERSION, (int)fs->daemon, data_path,
		nodes_have_handles(fs->nodes) ? "file handle" : "name (no CAP_DAC_READ_SEARCH)",
		fs->reserve ? "on" : "off", journal_answered(fs->journal), opened_count(fs->opened),
		(int)getpid(), fs->restarts, users);
}
