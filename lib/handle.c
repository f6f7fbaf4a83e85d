/* SPDX-License-Identifier: MIT */
#include "handle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdalign.h>
#include <string.h>
#include <unistd.h>

/* The words of a handle as shmem_encode_fh() of the kernel writes them: the generation, then the
 * number in two halves. */
#define TYPE 1
#define WORDS 3

struct tmpfs_handle {
	alignas(struct file_handle) unsigned char bytes[sizeof(struct file_handle) + WORDS * 4];
};

static struct file_handle *header_of(struct tmpfs_handle *handle)
{
	return (struct file_handle *)(void *)handle->bytes;
}

int shmfs_handle_of(int dir, const char *name, struct shmfs_handle *ret_handle)
{
	struct tmpfs_handle handle;
	struct file_handle *header = header_of(&handle);
	uint32_t words[WORDS];
	int mount;

	header->handle_bytes = sizeof(words);
	if (name_to_handle_at(dir, name, header, &mount, name[0] ? 0 : AT_EMPTY_PATH) < 0)
		return errno == EOVERFLOW ? -EOPNOTSUPP : -errno;
	if (header->handle_type != TYPE || header->handle_bytes != sizeof(words))
		return -EOPNOTSUPP;
	memcpy(words, header->f_handle, sizeof(words));
	*ret_handle = (struct shmfs_handle){
		.ino = words[1] | (uint64_t)words[2] << 32, .generation = words[0]};
	return 0;
}

int shmfs_handle_open(int root, struct shmfs_handle handle, int flags)
{
	const uint32_t words[WORDS] = {
		handle.generation, (uint32_t)handle.ino, (uint32_t)(handle.ino >> 32)};
	struct tmpfs_handle raw;
	struct file_handle *header = header_of(&raw);
	int fd;

	header->handle_bytes = sizeof(words);
	header->handle_type = TYPE;
	memcpy(header->f_handle, words, sizeof(words));
	fd = open_by_handle_at(root, header, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

bool shmfs_handle_is_usable(int root)
{
	struct shmfs_handle handle;
	int fd;

	if (shmfs_handle_of(root, "", &handle) < 0)
		return false;
	fd = shmfs_handle_open(root, handle, O_PATH);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}
