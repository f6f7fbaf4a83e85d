/* SPDX-License-Identifier: MIT */
/*
 * `shmfs watch`: who makes, removes, renames and changes objects. See shmfs-watch(1). Its files:
 *
 *   watch         the command line, and the loop
 *   watch_source  events of one file system: the tmpfs, or a mount of shmfs
 *   watch_actor   whose process it was
 *   watch_known   what objects were like before, to tell what has changed
 */
#ifndef SHMFS_CLI_WATCH_H
#define SHMFS_CLI_WATCH_H

int watch_main(int argc, char **argv);

#endif
