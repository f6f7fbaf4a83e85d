/* SPDX-License-Identifier: MIT */
#include "shared.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* NULL with errno. */
static struct shared *map(int fd)
{
	void *memory = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_NORESERVE, fd, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

int shared_new(struct shared **ret_shared, int *ret_fd)
{
	const int fd = memfd_create("shmfs", MFD_CLOEXEC);
	struct shared *shared;

	if (fd < 0)
		return -errno;
	shared = ftruncate(fd, sizeof(*shared)) < 0 ? NULL : map(fd);
	if (!shared) {
		const int r = -errno;

		close(fd);
		return r;
	}
	shared->version = SHARED_VERSION;
	shared->size = sizeof(*shared);
	*ret_shared = shared;
	*ret_fd = fd;
	return 0;
}

int shared_attach(struct shared **ret_shared, int fd)
{
	struct shared *shared;

	if (lseek(fd, 0, SEEK_END) != sizeof(*shared))
		return -EPROTO;
	shared = map(fd);
	if (!shared)
		return -errno;
	if (shared->version != SHARED_VERSION || shared->size != sizeof(*shared)) {
		shared_free(shared);
		return -EPROTO;
	}
	*ret_shared = shared;
	return 0;
}

struct shared *shared_free(struct shared *shared)
{
	if (shared)
		munmap(shared, sizeof(*shared));
	return NULL;
}

static bool is_kept(const struct shared *shared, int fd)
{
	return fd < SHARED_FDS && (shared->kept[fd / CHAR_BIT] & (1 << fd % CHAR_BIT));
}

int shared_visit_all_descriptors(shared_visit_fn *visit, void *arg)
{
	DIR *dir = opendir("/proc/self/fd");
	const struct dirent *entry;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		const int fd = entry->d_name[0] == '.' ? -1 : atoi(entry->d_name);

		if (fd >= 0 && fd != dirfd(dir))
			visit(arg, fd);
	}
	closedir(dir);
	return 0;
}

static void keep(void *arg, int fd)
{
	struct shared *shared = arg;

	if (fd < SHARED_FDS)
		shared->kept[fd / CHAR_BIT] |= (uint8_t)(1 << fd % CHAR_BIT);
}

int shared_keep_descriptors(struct shared *shared)
{
	return shared_visit_all_descriptors(keep, shared);
}

struct others {
	const struct shared *shared;
	shared_visit_fn *visit;
	void *arg;
};

static void visit_other(void *arg, int fd)
{
	const struct others *others = arg;

	if (!is_kept(others->shared, fd))
		others->visit(others->arg, fd);
}

int shared_visit_descriptors(struct shared *shared, shared_visit_fn *visit, void *arg)
{
	struct others others = {shared, visit, arg};

	return shared_visit_all_descriptors(visit_other, &others);
}
