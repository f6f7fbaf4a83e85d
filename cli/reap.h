/* SPDX-License-Identifier: MIT */
/*
 * `shmfs reap`: removes what nobody holds. See shmfs-reap(1). Its files:
 *
 *   reap         the command line, and from the survey to the report
 *   reap_rules   what may be removed, by what can be seen of it
 *   reap_batch   the removal of several objects, and how it ends well when somebody comes between
 *   reap_report  what is told about each
 */
#ifndef SHMFS_CLI_REAP_H
#define SHMFS_CLI_REAP_H

int reap_main(int argc, char **argv);

#endif
