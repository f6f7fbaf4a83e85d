/* SPDX-License-Identifier: MIT */
#include "view.h"

#include "harness.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

void make_object(const char *name)
{
	const int fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0640);

	assert_return_code(fd, errno);
	assert_return_code(ftruncate(fd, (off_t)strlen(name)), errno);
	close(fd);
}

void remove_object(const char *name)
{
	assert_return_code(shm_unlink(name), errno);
}

void expect_list(const char *path, const char *expected)
{
	struct dirent **entries;
	const int n = scandir(in_mount(path), &entries, NULL, alphasort);
	char text[8 * KIB] = "";

	assert_return_code(n, errno);
	for (int i = 0; i < n; i++) {
		if (strcmp(entries[i]->d_name, ".") != 0 && strcmp(entries[i]->d_name, "..") != 0)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s ",
				entries[i]->d_name, entries[i]->d_type == DT_DIR ? "/" : "");
		free(entries[i]);
	}
	free(entries);
	assert_string_equal(text, expected);
}

void expect_object(const char *path, const char *name)
{
	struct stat view, shm;
	int fd;

	assert_return_code(lstat(in_shm(name), &shm), errno);
	assert_return_code(lstat(in_mount(path), &view), errno);
	assert_true(S_ISREG(view.st_mode));
	assert_int_equal(view.st_ino, shm.st_ino);
	assert_int_equal(view.st_size, shm.st_size);
	fd = open(in_mount(path), O_RDWR | O_CLOEXEC);
	assert_return_code(fd, errno);
	assert_return_code(fstat(fd, &view), errno);
	assert_int_equal(view.st_ino, shm.st_ino);
	close(fd);
}
