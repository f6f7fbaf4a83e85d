/* SPDX-License-Identifier: MIT */
/* Running a script on both sides and comparing what came of it. */
#include "harness.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_NAMES = 64 };

/* Objects that share an inode get the same number, in the order of their names. */
static size_t inode_number(ino_t *seen, size_t *n_seen, ino_t ino)
{
	size_t i = 0;

	while (i < *n_seen && seen[i] != ino)
		i++;
	if (i == *n_seen && i < MAX_NAMES)
		seen[(*n_seen)++] = ino;
	return i;
}

/* All data of an object, without its holes. */
static void note_content(struct side *s, int fd)
{
	off_t data = 0, hole;

	while ((data = lseek(fd, data, SEEK_DATA)) >= 0) {
		hole = lseek(fd, data, SEEK_HOLE);
		note(s, "data %jd-%jd", (intmax_t)data, (intmax_t)hole);
		note_range(s, fd, data, (size_t)(hole - data));
		data = hole;
	}
}

static void note_object(struct side *s, const char *name, ino_t *seen, size_t *n_seen)
{
	const int fd = openat(s->out, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	fstatat(s->out, name, &st, AT_SYMLINK_NOFOLLOW);
	note(s, "left: %s inode %zu", name, inode_number(seen, n_seen, st.st_ino));
	note_fstat(s, fd);
	if (S_ISREG(st.st_mode))
		note_content(s, fd);
	close(fd);
}

/* What the script left, as seen from outside. */
static void note_rest(struct side *s)
{
	struct dirent **names;
	ino_t seen[MAX_NAMES];
	size_t n_seen = 0;
	const int n = scandir(s->outside, &names, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		if (strcmp(names[i]->d_name, ".") != 0 && strcmp(names[i]->d_name, "..") != 0)
			note_object(s, names[i]->d_name, seen, &n_seen);
		free(names[i]);
	}
	free(names);
}

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
	note_rest(s);
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
