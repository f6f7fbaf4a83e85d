/* SPDX-License-Identifier: MIT */
/*
 * Counts the entries of a directory as a program for 32 bits without large-file support does: it is
 * built without _FILE_OFFSET_BITS, and without a sanitizer.
 */
#undef _FILE_OFFSET_BITS

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

_Static_assert(sizeof(off_t) == 4, "this is to be a program without large-file support");

int main(int argc, char **argv)
{
	DIR *d = opendir(argc > 1 ? argv[1] : ".");
	int n = 0;

	errno = d ? 0 : errno;
	while (d && readdir(d))
		n++;
	if (errno != 0) {
		fprintf(stderr, "after %d entries: %s\n", n, strerror(errno));
		return 1;
	}
	return closedir(d) < 0 || printf("%d\n", n) < 0;
}
