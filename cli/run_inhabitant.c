/* SPDX-License-Identifier: MIT */
#include "run_inhabitant.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* Of a file in a directory of /proc. */
#define PATH_SIZE (NAME_MAX + 32)

/* One octal escape of mountinfo, or one byte. */
static char decode_character(const char **text)
{
	const char *at = *text;

	if (at[0] == '\\' && at[1] && at[2] && at[3]) {
		*text += 4;
		return (char)(((at[1] - '0') << 6) | ((at[2] - '0') << 3) | (at[3] - '0'));
	}
	*text += 1;
	return at[0];
}

/* Of "/a/b\040c" the last component is "b c". len: of the field. */
static bool ends_in(const char *field, size_t len, const char *component)
{
	const char *at = field, *end = field + len;

	for (const char *slash = field; slash < end; slash++)
		if (*slash == '/')
			at = slash + 1;
	while (at < end && *component)
		if (decode_character(&at) != *component++)
			return false;
	return at == end && !*component;
}

bool run_inhabitant_is_mount(const char *line, dev_t dev, const char *component)
{
	unsigned major_number, minor_number;
	char point[16];
	int root, root_end, end;

	if (sscanf(line, "%*d %*d %u:%u %n%*s%n %15s%n", &major_number, &minor_number, &root,
		    &root_end, point, &end) < 3)
		return false;
	return makedev(major_number, minor_number) == dev && strcmp(point, RUN_OBJECTS) == 0 &&
	       ends_in(line + root, (size_t)(root_end - root), component);
}

static bool has_mount(int proc, const char *pid, const struct run_directory *directory)
{
	char path[PATH_SIZE], *line = NULL;
	size_t size = 0;
	bool found = false;
	FILE *table;
	int fd;

	snprintf(path, sizeof(path), "%s/mountinfo", pid);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	table = fd < 0 ? NULL : fdopen(fd, "r");
	if (!table) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	while (!found && getline(&line, &size, table) > 0)
		found = run_inhabitant_is_mount(line, directory->st.st_dev, directory->component);
	free(line);
	fclose(table);
	return found;
}

/* A directory elsewhere may have the same last component; a directory that cannot be seen may be
 * this one. */
static bool is_inhabitant(int proc, const char *pid, const struct run_directory *directory)
{
	char path[PATH_SIZE];
	struct stat st;

	if (!has_mount(proc, pid, directory))
		return false;
	snprintf(path, sizeof(path), "%s/root" RUN_OBJECTS, pid);
	if (fstatat(proc, path, &st, 0) < 0)
		return errno == EACCES || errno == EPERM;
	return st.st_dev == directory->st.st_dev && st.st_ino == directory->st.st_ino;
}

/* Most processes share a mount namespace: one of each is looked at, where that can be seen. */
static bool is_known(int proc, const char *pid, ino_t *last)
{
	char path[PATH_SIZE];
	struct stat st;
	bool known;

	snprintf(path, sizeof(path), "%s/ns/mnt", pid);
	if (fstatat(proc, path, &st, 0) < 0)
		return false;
	known = st.st_ino == *last;
	*last = st.st_ino;
	return known;
}

pid_t run_inhabitant_find(const struct run_directory *directory)
{
	const int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = proc < 0 ? NULL : fdopendir(proc);
	const struct dirent *entry;
	ino_t last = 0;
	pid_t found = 0;

	if (!list) {
		if (proc >= 0)
			close(proc);
		return 0;
	}
	is_known(proc, "self", &last);
	while (found == 0 && (entry = readdir(list)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
			!is_known(proc, entry->d_name, &last) &&
			is_inhabitant(proc, entry->d_name, directory))
			found = (pid_t)atoi(entry->d_name);
	closedir(list);
	return found;
}

void run_inhabitant_name(pid_t pid, char *ret_name, size_t size)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	file = fopen(path, "re");
	if (!file || !fgets(ret_name, (int)size, file))
		snprintf(ret_name, size, "?");
	if (file)
		fclose(file);
	ret_name[strcspn(ret_name, "\n")] = '\0';
}
