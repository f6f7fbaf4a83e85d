/* SPDX-License-Identifier: MIT */
/*
 * As modes.c, in directories of the view: the trials of the root of the mount, and those of
 * directories, symbolic links and FIFOs. It takes the same variables of the environment.
 */
#include "modes.h"

static void all_operations_in_view_directories(void **state)
{
	const unsigned stride = modes_stride(COARSE_STRIDE);
	struct stage stage;

	(void)state;
	stage_open_in_directory(&stage, harness()->daemon.mount);
	for (size_t i = 0; i < identity_count; i++) {
		const struct spec owner = {OWNER, GROUP, 0};

		if (identities[i].real_differs)
			continue;
		try_directories(&stage, &identities[i], owner, stride, false);
		try_trees(&stage, &identities[i], owner, stride);
	}
	stage_close(&stage);
	stage_conclude(&stage, "directories of the view");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_operations_in_view_directories),
		cmocka_unit_test(random_walks_in_trees),
	};

	return RUN_MOUNTED(tests);
}
