/* SPDX-License-Identifier: MIT */
/* `shmfs help [VERB]`: the verbs, or the usage of one. */
#ifndef SHMFS_CLI_HELP_H
#define SHMFS_CLI_HELP_H

int help_main(int argc, char **argv);

#endif
