/* SPDX-License-Identifier: MIT */
/*
 * `shmfs reap`: removes objects without a holder. See shmfs-reap(1). Its files:
 *
 *   reap         the command line, and from the survey to the report
 *   reap_rules   the objects that may be removed
 *   reap_batch   the removal of several objects, and its end when a process opens one of them
 *   reap_report  rows, sum and log
 */
#ifndef SHMFS_CLI_REAP_H
#define SHMFS_CLI_REAP_H

int reap_main(int argc, char **argv);

#endif
