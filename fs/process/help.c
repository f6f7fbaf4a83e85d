/* SPDX-License-Identifier: MIT */
#include "options.h"

#include <stdio.h>

void options_print_help(void)
{
	printf("usage: shmfs [options] MOUNTPOINT\n"
	       "\n"
	       "Shows the POSIX shared memory objects of this machine as files.\n"
	       "To unmount: fusermount3 -u MOUNTPOINT, or umount MOUNTPOINT\n"
	       "\n"
	       "    -f             stay in the foreground, log to stderr\n"
	       "    -d             the same, and print a line for each request\n"
	       "    -s             serve with a single thread\n"
	       "    -h             print this help\n"
	       "    -V             print the versions\n"
	       "    -o OPT[,OPT]   mount options:\n"
	       "\n"
	       "    ro, noexec, nosuid, nodev, noatime, sync, ... as in mount(8)\n"
	       "    allow_other    other users may use the mount; always so when root mounts\n"
	       "    allow_root     root may use the mount of an ordinary user\n"
	       "                   (for a user both need user_allow_other in /etc/fuse.conf)\n"
	       "    auto_unmount   unmount when the daemon dies (fusermount3 3.14: not for root)\n"
	       "    passthrough=auto|on|off   let the kernel itself read, write and map objects:\n"
	       "                   where it can (default), or refuse to mount, or never\n"
	       "    reserve        growing an object with truncate allocates its memory at once\n"
	       "    nokeeper       serve from one process, whose death ends the mount\n"
	       "    keeper         refuse to mount where no second process can take over "
	       "(default:\n"
	       "                   use one where the kernel can)\n"
	       "    max_read=N     the kernel asks for at most N bytes at once (without "
	       "passthrough)\n"
	       "    acl            the kernel also grants by ACLs at the mount, at the price of a\n"
	       "                   question more where a mode does not decide\n"
	       "    noxattr        no extended attributes and no ACLs\n"
	       "    cache=MS       names and attributes may be MS milliseconds old; also\n"
	       "                   entry_timeout=, attr_timeout=, negative_timeout= in seconds\n"
	       "    context=..., fscontext=..., defcontext=..., rootcontext=...\n"
	       "                   handed to the kernel\n"
	       "    nonempty       mount over a directory that is not empty\n"
	       "    fsname=NAME    the source that df and mount show\n");
}
