/* SPDX-License-Identifier: MIT */
#include "descriptors.h"

#include "log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

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

void descriptors_tell_limit(void)
{
	static atomic_bool told;
	struct rlimit limit;
	int fd;

	if (told)
		return;
	fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
	if (fd >= 0)
		close(fd);
	else if (errno == EMFILE && getrlimit(RLIMIT_NOFILE, &limit) == 0)
		log_error_once(&told, "all %lu descriptors are in use: calls fail (RLIMIT_NOFILE)",
			(unsigned long)limit.rlim_cur);
}
