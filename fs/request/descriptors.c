/* SPDX-License-Identifier: MIT */
#include "descriptors.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>

int descriptors_visit(descriptors_visit_fn *visit, void *arg)
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
