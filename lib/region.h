/* SPDX-License-Identifier: MIT */
/*
 * A region: an open object that is read and written through one mapping where that is fastest, and
 * through pread(2) and pwrite(2) everywhere else. region.c tells when, and why.
 *
 * A region may be used by several threads at once. Sizes and offsets are in bytes. Reading needs a
 * descriptor for that, everything else one for writing: -EBADF.
 */
#ifndef SHMFS_REGION_H
#define SHMFS_REGION_H

#include <stdbool.h>
#include <sys/types.h>

struct shmfs_region;

/*
 * Returns 0 or -ENOMEM. The region has no file descriptor yet. passes: how many times the size of
 * the object is read or written by system calls before the mapping is made; 0: at once.
 */
int shmfs_region_new(struct shmfs_region **ret_region, unsigned passes);

/* Unmaps and closes everything. NULL is accepted. */
struct shmfs_region *shmfs_region_free(struct shmfs_region *region);

/* The same, but the file descriptors stay open. */
struct shmfs_region *shmfs_region_abandon(struct shmfs_region *region);

/*
 * Gives the region a file descriptor of its object, which it owns from then on. It serves reading,
 * writing or both as it was opened, and is closed at once where the region has one already.
 */
void shmfs_region_consume_fd(struct shmfs_region *region, int fd);

/*
 * Takes over the descriptors that shmfs_region_reader() and shmfs_region_writer() told of the
 * object's region in another process, which shares the table of descriptors. It has none yet.
 */
void shmfs_region_adopt(struct shmfs_region *region, int reader, int writer);

/* File descriptors of the object that stay the region's; -1 when it has none for that purpose. */
int shmfs_region_reader(const struct shmfs_region *region);
int shmfs_region_writer(const struct shmfs_region *region);

/* Either of them: for calls that need no access to the bytes. */
static inline int shmfs_region_any(const struct shmfs_region *region)
{
	const int reader = shmfs_region_reader(region);

	return reader >= 0 ? reader : shmfs_region_writer(region);
}

/*
 * Reads like pread(2); never allocates memory of the object.
 * Returns the number of bytes, less than size only at the end of the object, or -errno.
 */
ssize_t shmfs_region_read(struct shmfs_region *region, void *buf, size_t size, off_t offset);

/* The same for a descriptor with O_NOATIME: atime stays, if the process may have it so. */
ssize_t shmfs_region_read_quietly(
	struct shmfs_region *region, void *buf, size_t size, off_t offset);

/*
 * Writes like pwrite(2): the object grows where needed, mtime and ctime change, S_ISUID and
 * S_ISGID are cleared if the thread's present identity has no CAP_FSETID.
 * Returns the number of bytes or -errno (-ENOSPC, -EFBIG).
 */
ssize_t shmfs_region_write(struct shmfs_region *region, const void *buf, size_t size, off_t offset);

/*
 * Writes at the end that the object has at that moment, also when other processes make it grow. The
 * file position of the writer is behind it then. Returns as above.
 */
ssize_t shmfs_region_append(struct shmfs_region *region, const void *buf, size_t size);

/* ftruncate(2). 0 or -errno. */
int shmfs_region_resize(struct shmfs_region *region, off_t size);

#endif
