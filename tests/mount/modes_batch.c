/* SPDX-License-Identifier: MIT */
#include "modes.h"

#include <stdio.h>
#include <sys/mman.h>

void batch_open(
	struct batch *ret, struct stage *stage, const struct identity *identity, bool is_own_mount)
{
	struct trial *trials = mmap(NULL, BATCH * sizeof(*trials), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_true(trials != MAP_FAILED);
	*ret = (struct batch){stage, identity, is_own_mount, trials, 0};
}

void batch_close(struct batch *batch)
{
	munmap(batch->trials, BATCH * sizeof(*batch->trials));
}

void batch_run(struct batch *batch)
{
	if (batch->n > 0)
		stage_run(batch->stage, batch->identity, batch->trials, batch->n);
	batch->n = 0;
}

void batch_add(struct batch *batch, const struct op *op, struct spec first, struct spec second)
{
	struct trial *trial;

	if (!op_is_wanted(op) || (batch->is_own_mount && op->open_flags))
		return;
	if (batch->n == BATCH)
		batch_run(batch);
	trial = &batch->trials[batch->n];
	*trial = (struct trial){.op = op, .specs = {first, second}};
	snprintf(trial->names[0], sizeof(trial->names[0]), "%zu", batch->n);
	snprintf(trial->names[1], sizeof(trial->names[1]), "%zu-second", batch->n);
	batch->n++;
}
