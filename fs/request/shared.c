/* SPDX-License-Identifier: MIT */
#include "shared.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

/* Returns NULL and sets errno on failure. */
static struct shared *map_shared(int fd)
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
	shared = ftruncate(fd, sizeof(*shared)) < 0 ? NULL : map_shared(fd);
	if (!shared) {
		const int r = -errno;

		close(fd);
		return r;
	}
	shared->version = SHARED_VERSION;
	shared->size = sizeof(*shared);
	shared->watch = -1;
	*ret_shared = shared;
	*ret_fd = fd;
	return 0;
}

int shared_attach(struct shared **ret_shared, int fd)
{
	struct shared *shared;

	if (lseek(fd, 0, SEEK_END) != sizeof(*shared))
		return -EPROTO;
	shared = map_shared(fd);
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

static void keep_descriptor(void *arg, int fd)
{
	struct shared *shared = arg;

	descriptors_add(shared->kept, SHARED_FDS, fd);
}

int shared_keep_descriptors(struct shared *shared)
{
	return descriptors_visit(keep_descriptor, shared);
}

struct others {
	const struct shared *shared;
	descriptors_visit_fn *visit;
	void *arg;
};

static void visit_other(void *arg, int fd)
{
	const struct others *others = arg;

	if (!descriptors_has(others->shared->kept, SHARED_FDS, fd))
		others->visit(others->arg, fd);
}

int shared_visit_others(struct shared *shared, descriptors_visit_fn *visit, void *arg)
{
	struct others others = {shared, visit, arg};

	return descriptors_visit(visit_other, &others);
}
