/* SPDX-License-Identifier: MIT */
#include "sem.h"

#include "beneath.h"

#include <endian.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#define PREFIX "sem."
#define SIZE_64 32
#define SIZE_32 16

bool shmfs_semaphore_is(const char *name, uint64_t size)
{
	return strncmp(name, PREFIX, strlen(PREFIX)) == 0 && (size == SIZE_64 || size == SIZE_32);
}

/*
 * glibc keeps the value in the lower half of the first eight bytes, and in programs with 32 bits in
 * the first four, shifted by the bit that tells of waiters. musl, whose sem_t has 32 bytes too,
 * keeps it in the first four with a flag for waiters on top.
 */
static unsigned decode_value(const unsigned char *bytes, size_t size)
{
	uint32_t words[2];

	memcpy(words, bytes, sizeof(words));
	if (size == SIZE_32)
		return words[0] >> 1;
	return words[BYTE_ORDER == BIG_ENDIAN] & 0x7fffffffU;
}

int shmfs_semaphore_value(int dir, const char *path, uint64_t ino, unsigned *ret_value)
{
	const int fd = shmfs_beneath_read(dir, path, ino);
	unsigned char bytes[SIZE_64 + 1];
	ssize_t length;

	if (fd < 0)
		return fd;
	length = pread(fd, bytes, sizeof(bytes), 0);
	if (length < 0)
		length = -errno;
	close(fd);
	if (length < 0)
		return (int)length;
	if (length != SIZE_64 && length != SIZE_32)
		return -ESTALE;
	*ret_value = decode_value(bytes, (size_t)length);
	return 0;
}
