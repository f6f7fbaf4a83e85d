/* SPDX-License-Identifier: MIT */
#include "sigbus_world.h"

#include "unit.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

size_t sigbus_page;

void sigbus_world_start(void)
{
	sigbus_page = (size_t)sysconf(_SC_PAGESIZE);
}

char *sigbus_mapping(size_t there)
{
	const int fd = memfd_create("shmfs-test", MFD_CLOEXEC);
	char *map;

	CHECK(fd >= 0);
	CHECK(ftruncate(fd, (off_t)(there * sigbus_page)) == 0);
	map = mmap(NULL, SIGBUS_PAGES * sigbus_page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(map != MAP_FAILED);
	close(fd);
	return map;
}

char *sigbus_buffer(char value)
{
	static _Thread_local char buffer[SIGBUS_PAGES * 65536];

	CHECK(SIGBUS_PAGES * sigbus_page <= sizeof(buffer));
	memset(buffer, value, sizeof(buffer));
	return buffer;
}
