/* SPDX-License-Identifier: MIT */
/*
 * The holders of shared memory objects: processes that map them or have descriptors of them,
 * through every door. An object is known by the device and inode number of its tmpfs. The doors are
 *
 * - the tmpfs itself, wherever it is mounted, in any mount namespace: one device number,
 * - mounts of shmfs, whose inode numbers are those of the tmpfs that their daemon has at /dev/shm.
 *   With passthrough, too, /proc/PID/maps has the device of the mount and that inode number.
 *
 * Everything comes from /proc. The scan asks no daemon, and waits for no file system that a link in
 * /proc leads to. /proc does not tell about
 *
 * - processes that the caller may not look into, or that live in another PID namespace: counted,
 * - descriptors that wait in a Unix socket to be received: counted,
 * - users inside the kernel (loop devices, io_uring): lease.h finds them.
 *
 * A process that starts, ends, opens or closes meanwhile may be missed: here, too, lease.h decides.
 */
#ifndef SHMFS_HOLDERS_H
#define SHMFS_HOLDERS_H

#include "mounts.h"
#include "process.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

enum {
	SHMFS_HOLD_MAP_READ = 1 << 0,  /* maps it, at least for reading or with no rights */
	SHMFS_HOLD_MAP_WRITE = 1 << 1, /* maps it for writing, shared */
	SHMFS_HOLD_FD_READ = 1 << 2,
	SHMFS_HOLD_FD_WRITE = 1 << 3,
	SHMFS_HOLD_FD_PATH = 1 << 4,  /* a descriptor that stands for it, O_PATH */
	SHMFS_HOLD_AS_PLACE = 1 << 5, /* a directory: the root or the current one of a process */
};

struct shmfs_holding_process {
	struct shmfs_process is;
	uint64_t space;                /* its mount namespace */
	const struct shmfs_mount *shm; /* the tmpfs at /dev/shm there; NULL */
	bool is_daemon; /* serves a mount of FUSE: it holds the objects that its clients have open
			 */
};

struct shmfs_holder {
	dev_t dev; /* of the tmpfs */
	uint64_t ino;
	const struct shmfs_mount *mount; /* the door; NULL: a mount that is in no namespace */
	uint32_t process;                /* its place in processes */
	uint16_t how;                    /* SHMFS_HOLD_... */
	int fd;                          /* one descriptor; -1: none */
	uint64_t start, end;             /* one mapping; 0: none */
	bool looks_deleted; /* the text of a mapping says so; a name may say the same */
};

struct shmfs_unseen {
	size_t processes;   /* that the caller may not look into */
	size_t in_flight;   /* descriptors, of anything, that wait in sockets to be received */
	bool pid_namespace; /* processes outside the caller's PID namespace */
	bool hidden;        /* processes that /proc does not list, see hidepid= in proc(5) */
};

struct shmfs_holders {
	struct shmfs_holder *holders; /* by dev, ino and process */
	size_t holder_count;
	struct shmfs_holding_process *processes; /* that hold something */
	size_t process_count;
	struct shmfs_mounts *mounts;
	uint64_t space; /* the caller's mount namespace */
	struct shmfs_unseen unseen;
};

/* Told after each process. */
typedef void shmfs_holders_progress_fn(size_t done, size_t total, void *arg);

/*
 * Looks at every process: for objects in each tmpfs that is /dev/shm in a mount namespace, and in
 * `dev`. progress may be NULL. -ENOMEM, or why /proc cannot be read. Takes about 1 us for a mapping
 * and 5 us for a descriptor of a file.
 */
int shmfs_holders_scan(dev_t dev, shmfs_holders_progress_fn *progress, void *arg,
	struct shmfs_holders *ret_holders);

/* All zero is accepted. */
void shmfs_holders_free(struct shmfs_holders *holders);

/* The holders of one object, *ret_count of them; NULL if there are none. */
const struct shmfs_holder *shmfs_holders_of(
	const struct shmfs_holders *holders, dev_t dev, uint64_t ino, size_t *ret_count);

/* Is there anything that the scan may have missed because it cannot be seen? */
bool shmfs_holders_has_blind_spot(const struct shmfs_holders *holders);

/* The path of the object as the holder sees it, from the kernel: any bytes. -errno. */
ssize_t shmfs_holders_name(const struct shmfs_holders *holders, const struct shmfs_holder *holder,
	char *ret_path, size_t size);

/*
 * Attributes of the object, by way of the holder's descriptor or mapping: it may have no name any
 * more. Those of a mapping need CAP_CHECKPOINT_RESTORE. -ESTALE: the holder has let go of it.
 */
int shmfs_holders_stat(const struct shmfs_holders *holders, const struct shmfs_holder *holder,
	struct statx *ret_stx);

#endif
