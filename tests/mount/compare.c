/* SPDX-License-Identifier: MIT */
/* Running a script on both sides and comparing the outcome. */
#include "harness.h"
#include "snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void play(struct side *s, side_script script, struct who who)
{
	const int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	dup2(null, 0);
	dup2(null, 1);
	if (who_become(who) < 0 || chdir(s->path) < 0)
		_exit(1);
	umask(022);
	errno = 0;
	script(s);
	_exit(0);
}

/* Runs the script on one side; its transcript, to be freed. */
static char *run_side(struct side *s, side_script script, struct who who)
{
	char *text;
	off_t size;
	pid_t pid;
	int status;

	s->out = open(s->outside, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	s->transcript = memfd_create("transcript", MFD_CLOEXEC);
	assert_return_code(s->transcript, errno);
	assert_return_code(fcntl(s->transcript, F_SETFL, O_APPEND), errno);
	pid = fork();
	assert_return_code(pid, errno);
	if (pid == 0)
		play(s, script, who);
	status = wait_child(pid);
	if (status != 0)
		note(s, "ended with wait status %#x", (unsigned int)status);
	note_outside(s);
	size = lseek(s->transcript, 0, SEEK_END);
	text = calloc(1, (size_t)size + 1);
	assert_int_equal(pread(s->transcript, text, (size_t)size, 0), size);
	close(s->transcript);
	close(s->out);
	sweep(s->outside);
	return text;
}

static size_t line_length(const char *p)
{
	return strcspn(p, "\n");
}

/* Shows the first lines that differ, with those before them. */
static void show_difference(const char *reference, const char *got)
{
	size_t same = 0, start;

	while (reference[same] && reference[same] == got[same])
		same++;
	while (same > 0 && reference[same - 1] != '\n')
		same--;
	start = same;
	for (int lines = 0; start > 0 && lines < 8; lines++)
		for (start--; start > 0 && reference[start - 1] != '\n';)
			start--;
	print_error("same on both:\n%.*s", (int)(same - start), reference + start);
	print_error("tmpfs: %.*s\n", (int)line_length(reference + same), reference + same);
	print_error("mount: %.*s\n", (int)line_length(got + same), got + same);
}

void compare_prepared_sides(side_script script, const char *mount, struct who who)
{
	const struct harness *h = harness();
	struct side reference = {.path = h->reference, .outside = h->reference};
	struct side mounted = {.path = mount, .outside = SHM_DIR, .is_mount = true};
	char *expected, *got;
	bool same;

	expected = run_side(&reference, script, who);
	got = run_side(&mounted, script, who);
	same = strcmp(expected, got) == 0 && strstr(expected, "ended with") == NULL;
	if (!same)
		show_difference(expected, got);
	free(expected);
	free(got);
	if (!same)
		fail_msg("the mount differs from tmpfs");
}

void compare_sides(side_script script, const char *mount, struct who who)
{
	sweep(harness()->reference);
	sweep(SHM_DIR);
	compare_prepared_sides(script, mount, who);
}

void compare_test(void **state)
{
	const struct compared *compared = *state;

	compare_sides(compared->script, harness()->daemon.mount, ROOT);
}
