/* SPDX-License-Identifier: MIT */
/*
 * A target without libFuzzer: runs every file of the directory given, then random changes of them,
 * as many as SHMFS_TEST_FUZZ_RUNS says, the same each time (SHMFS_TEST_FUZZ_SEED).
 */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILES = 256, LONGEST = 4096, RUNS = 4000 };

static struct {
	uint8_t bytes[LONGEST];
	size_t size;
} files[FILES];
static size_t file_count;

static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static void read_file(const char *dir, const char *name)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "re");
	if (!f)
		return;
	files[file_count].size = fread(files[file_count].bytes, 1, LONGEST, f);
	file_count++;
	fclose(f);
}

static void read_corpus(const char *dir)
{
	DIR *d = opendir(dir);
	const struct dirent *e;

	while (d && (e = readdir(d)) && file_count < FILES)
		if (e->d_name[0] != '.')
			read_file(dir, e->d_name);
	if (d)
		closedir(d);
}

/* Takes a piece of another file, changes some bytes, cuts. Returns the size. */
static size_t change(uint8_t *bytes, size_t size, uint32_t *seed)
{
	const size_t other = next_random(seed) % file_count;
	const size_t at = next_random(seed) % (size + 1);
	size_t piece = next_random(seed) % (files[other].size + 1);

	if (at + piece > LONGEST)
		piece = LONGEST - at;
	if (next_random(seed) % 2 == 0)
		memcpy(bytes + at, files[other].bytes, piece);
	if (at + piece > size)
		size = at + piece;
	for (uint32_t n = next_random(seed) % 8; n > 0 && size > 0; n--)
		bytes[next_random(seed) % size] ^= (uint8_t)(1U << next_random(seed) % 8);
	return next_random(seed) % 4 == 0 ? next_random(seed) % (size + 1) : size;
}

static unsigned long number(const char *variable, unsigned long otherwise)
{
	const char *text = getenv(variable);

	return text ? strtoul(text, NULL, 0) : otherwise;
}

int main(int argc, char **argv)
{
	const unsigned long runs = number("SHMFS_TEST_FUZZ_RUNS", RUNS);
	uint32_t seed = (uint32_t)number("SHMFS_TEST_FUZZ_SEED", 1) * 2654435761U | 1;
	static uint8_t bytes[LONGEST];

	LLVMFuzzerInitialize(&argc, &argv);
	if (argc > 1)
		read_corpus(argv[1]);
	if (file_count == 0) {
		fprintf(stderr, "usage: %s CORPUS\n", argv[0]);
		return 2;
	}
	for (size_t i = 0; i < file_count; i++)
		LLVMFuzzerTestOneInput(files[i].bytes, files[i].size);
	for (unsigned long i = 0; i < runs; i++) {
		const size_t from = next_random(&seed) % file_count;
		size_t size = files[from].size;

		memcpy(bytes, files[from].bytes, size);
		for (uint32_t n = next_random(&seed) % 4; n > 0; n--)
			size = change(bytes, size, &seed);
		LLVMFuzzerTestOneInput(bytes, size);
	}
	printf("fuzz executions: %lu\n", file_count + runs);
	return 0;
}
