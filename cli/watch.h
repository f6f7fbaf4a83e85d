/* SPDX-License-Identifier: MIT */
/*
 * `shmfs watch`: a line for each change of an object, with its process. See shmfs-watch(1). Its
 * files:
 *
 *   watch            the command line, and the loop
 *   watch_priority   the loop runs before other processes, within limits
 *   watch_source     events of one file system: the tmpfs, or a mount of shmfs
 *   watch_directory  the directories in which they happen
 *   watch_actor      the processes that cause them
 *   watch_tell       from events to lines
 *   watch_known      the attributes of objects before, to tell what has changed
 *   watch_line       text and JSON of a line
 *   watch_output     lines that standard output does not take yet
 */
#ifndef SHMFS_CLI_WATCH_H
#define SHMFS_CLI_WATCH_H

int watch_main(int argc, char **argv);

#endif
