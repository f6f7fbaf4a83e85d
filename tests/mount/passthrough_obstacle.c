/* SPDX-License-Identifier: MIT */
/* Prints why passthrough cannot be had here, and nothing if it can: for tests that are no C. */
#include "obstacle.h"

#include <stdio.h>

int main(void)
{
	const char *obstacle = passthrough_obstacle();

	if (obstacle)
		puts(obstacle);
	return 0;
}
