/* SPDX-License-Identifier: MIT */
/*
 * A program that knows nothing of shmfs, for scripts/demo: shm_open(3) and mmap(2), no more.
 *
 *     demo-shm store FILE TEXT   maps a file, found with open(2), and stores the text
 *     demo-shm read NAME         prints the text in the object
 *     demo-shm write NAME TEXT   makes the object with that text
 *     demo-shm hold NAME         maps the object; for each line on stdin prints a line:
 *                                "peek" its first eight bytes, "poke" stores there and prints
 *                                them, "unmap" lets go
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

/* fd is the object that has this name. */
static char *map_fd(const char *name, int fd, size_t new_size, size_t *ret_size)
{
	struct stat st;
	char *text;

	if (fd < 0)
		fail(name);
	if (new_size > 0 && ftruncate(fd, (off_t)new_size) < 0)
		fail("ftruncate");
	if (fstat(fd, &st) < 0)
		fail("fstat");
	text = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (text == MAP_FAILED)
		fail("mmap");
	close(fd);
	*ret_size = (size_t)st.st_size;
	return text;
}

static char *map(const char *name, int flags, size_t new_size, size_t *ret_size)
{
	return map_fd(name, shm_open(name, flags, 0644), new_size, ret_size);
}

static void hold(const char *name)
{
	size_t size;
	char *text = map(name, O_RDWR, 0, &size);
	char line[32];

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("mapped %zu bytes\n", size);
	while (fgets(line, sizeof(line), stdin)) {
		if (strcmp(line, "unmap\n") == 0) {
			munmap(text, size);
			printf("unmapped\n");
			continue;
		}
		if (strcmp(line, "poke\n") == 0)
			memcpy(text, "POKED-IN", 8);
		printf("%.8s\n", text);
	}
}

int main(int argc, char **argv)
{
	size_t size;
	char *text;

	if (argc == 3 && strcmp(argv[1], "read") == 0) {
		text = map(argv[2], O_RDWR, 0, &size);
		fwrite(text, 1, size, stdout);
	} else if (argc == 4 && strcmp(argv[1], "store") == 0) {
		text = map_fd(argv[2], open(argv[2], O_RDWR), 0, &size);
		memcpy(text, argv[3], strlen(argv[3]) < size ? strlen(argv[3]) : size);
	} else if (argc == 4 && strcmp(argv[1], "write") == 0) {
		text = map(argv[2], O_RDWR | O_CREAT, strlen(argv[3]) + 1, &size);
		memcpy(text, argv[3], strlen(argv[3]));
		text[size - 1] = '\n';
	} else if (argc == 3 && strcmp(argv[1], "hold") == 0) {
		hold(argv[2]);
	} else {
		fprintf(stderr, "usage: demo-shm store|read|write|hold NAME [TEXT]\n");
		return 2;
	}
	return 0;
}
