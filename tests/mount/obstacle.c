/* SPDX-License-Identifier: MIT */
#include "obstacle.h"

#include "private_mounts.h"
#include "util.h"

#include <fcntl.h>
#include <linux/fuse.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/mount.h>
#include <unistd.h>

#define PASSTHROUGH ((uint64_t)1 << 37) /* newer than the headers may be */

/* Of a mount in a namespace of this process alone, which no daemon is going to serve. */
static uint64_t offered_here(void)
{
	union {
		char bytes[FUSE_MIN_READ_BUFFER];
		struct {
			struct fuse_in_header header;
			struct fuse_init_in init;
		};
	} greeting = {0};
	const int device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	char options[80];

	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", device);
	if (unshare(CLONE_NEWNS) < 0 || private_mounts() < 0 ||
		mount("greeting", "/tmp", "fuse", 0, options) < 0 ||
		read(device, &greeting, sizeof(greeting)) < (ssize_t)sizeof(greeting.header) ||
		greeting.header.opcode != FUSE_INIT)
		return 0;
	return greeting.init.flags | (uint64_t)greeting.init.flags2 << 32;
}

bool kernel_offers(uint64_t feature)
{
	const pid_t pid = fork();

	if (pid == 0)
		_exit(offered_here() & feature ? 0 : 1);
	return pid > 0 && wait_child(pid) == 0;
}

const char *passthrough_obstacle(void)
{
	if (geteuid() != 0)
		return NULL;
	if (!LIBFUSE_HAS_TMPFILE)
		return "passthrough needs libfuse 3.17";
	return kernel_offers(PASSTHROUGH) ? NULL : "passthrough needs Linux 6.9";
}
