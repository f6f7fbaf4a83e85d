/* SPDX-License-Identifier: MIT */
/*
 * Shared by the fuzz targets. A target takes any bytes as LLVMFuzzerTestOneInput() and ends the
 * process when something is wrong. With clang it is a libFuzzer program; with other compilers
 * standalone.c runs it over its corpus and over random changes of that.
 */
#ifndef SHMFS_TEST_FUZZ_H
#define SHMFS_TEST_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* The rest of an input. */
struct input {
	const uint8_t *data;
	size_t size;
};

/* The next byte; 0 at the end. */
static inline uint8_t take_byte(struct input *in)
{
	if (in->size == 0)
		return 0;
	in->size--;
	return *in->data++;
}

static inline uint32_t take_number(struct input *in)
{
	uint32_t number = 0;

	for (int i = 0; i < 4; i++)
		number = number << 8 | take_byte(in);
	return number;
}

/* Everything up to a byte that is `end`, and that byte; at most max - 1 bytes. Adds a NUL. */
size_t take_text(struct input *in, uint8_t end, char *ret, size_t max);

/* Ends the process unless the condition holds. */
#define HOLDS(condition) holds(condition, #condition, __FILE__, __LINE__)
void holds(int condition, const char *what, const char *file, int line);

#endif
