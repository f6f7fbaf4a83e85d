/* SPDX-License-Identifier: MIT */
#ifndef SHMFS_TESTS_IN_FLIGHT_H
#define SHMFS_TESTS_IN_FLIGHT_H

/* Sends the descriptor through a new pair of sockets, where it waits to be received. 0 or -errno.
 */
int put_in_flight(int fd, int ret_sockets[2]);

#endif
