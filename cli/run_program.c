/* SPDX-License-Identifier: MIT */
#include "run_program.h"

#include "run_say.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

int run_program_exec(char **argv)
{
	int error;

	execvp(argv[0], argv);
	error = errno;
	if (error == ENOENT && !strchr(argv[0], '/')) {
		run_say("%s: command not found", argv[0]);
		return RUN_NOT_FOUND;
	}
	run_say("%s: %s", argv[0], error == ENOENT ? "not found" : strerror(error));
	return error == ENOENT || error == ENOTDIR ? RUN_NOT_FOUND : RUN_NOT_EXECUTABLE;
}
