/* SPDX-License-Identifier: MIT */
#include "request_world.h"

#include "../mount/no_handles.h"
#include "fuzz.h"
#include "identity.h"
#include "node/node.h"
#include "node/opened.h"
#include "object.h"
#include "ops/fs.h"
#include "ops/ops.h"
#include "private_mounts.h"
#include "request/journal.h"
#include "request/loop.h"
#include "request/shared.h"
#include "sigbus.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

/* Some are opened when they are first needed, once: a leak gets beyond any number. */
enum { FDS_KEPT = 8 };

struct node_known nodes_known[NODES_MAX];
size_t node_count;

static struct {
	struct fs fs;
	struct fuse_session *session;
	struct shared *shared;
	int kernel; /* the kernel's end */
	uint64_t unique;
	int fds; /* that are open when nothing is going on */
} world = {.fs.passthrough.wish = PASSTHROUGH_OFF};

static void log_nothing(enum fuse_log_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
}

static int count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	HOLDS(d != NULL);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static void have_private_shm(void)
{
	if (unshare(CLONE_NEWNS) == 0 && private_mounts() == 0 &&
		mount("tmpfs", "/dev/shm", "tmpfs", 0, "mode=1777,size=64m,nr_inodes=4k") == 0)
		return;
	fprintf(stderr, "skipped: no private /dev/shm\n");
	exit(getenv("SHMFS_TEST_MUST_RUN") ? 1 : 77);
}

/* loop_tick() signals the main thread. */
static void block_ticks(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

static void close_fd(void *arg, int fd)
{
	(void)arg;
	close(fd);
}

static void start_session(int device)
{
	static char program[] = "shmfs";
	static const struct loop_hooks hooks;
	char *argv[] = {program, NULL};
	struct fuse_args args = FUSE_ARGS_INIT(1, argv);
	char path[32];
	int memory;

	snprintf(path, sizeof(path), "/dev/fd/%d", device);
	world.session = fuse_session_new(&args, &ops, sizeof(ops), &world.fs);
	HOLDS(world.session != NULL);
	fuse_opt_free_args(&args);
	HOLDS(fuse_session_mount(world.session, path) == 0);
	world.fs.session = world.session;
	world.fs.root = shmfs_object_root();
	HOLDS(world.fs.root >= 0);
	freeing_init(&world.fs.freeing);
	hold_init(&world.fs.hold, &world.fs.freeing);
	HOLDS(shared_new(&world.shared, &memory) == 0);
	HOLDS(opened_new(&world.fs.opened, &world.fs.passthrough, world.shared, &world.fs.freeing,
		      false) == 0);
	HOLDS(nodes_new(&world.fs.nodes, world.shared, world.fs.opened, world.fs.root) == 0);
	HOLDS(nodes_have_handles(world.fs.nodes) == WITH_HANDLES);
	HOLDS(journal_new(&world.fs.journal, world.shared, close_fd, NULL) == 0);
	HOLDS(loop_new(&world.fs.loop, world.session, world.fs.journal,
		      (struct loop_options){.single_thread = true}, &hooks) == 0);
}

static void greet(void)
{
	const struct fuse_init_in init = {.major = 7,
		.minor = 38,
		.max_readahead = 128 * 1024,
		.flags = FUSE_ATOMIC_O_TRUNC | FUSE_BIG_WRITES | FUSE_DO_READDIRPLUS |
			 FUSE_PARALLEL_DIROPS | FUSE_DONT_MASK | FUSE_HANDLE_KILLPRIV_V2 |
			 FUSE_MAX_PAGES};
	size_t size;

	HOLDS(ask(FUSE_INIT, 0, (struct caller_ids){0, 0}, &init, sizeof(init), false, &size) !=
		NULL);
}

void world_start(void)
{
	int ends[2];

	have_private_shm();
	HOLDS(WITH_HANDLES || lose_handles());
	block_ticks();
	umask(0);
	fuse_set_log_func(log_nothing);
	HOLDS(shmfs_sigbus_install() == 0 && shmfs_identity_init() == 0);
	HOLDS(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
	world.kernel = ends[0];
	start_session(ends[1]);
	greet();
	nodes_known[0] = (struct node_known){.id = FUSE_ROOT_ID, .mode = S_IFDIR, .lookups = 1};
	node_count = 1;
}

void known_add(const struct fuse_entry_out *entry)
{
	const uint64_t id = entry->nodeid;

	HOLDS(id > FUSE_ROOT_ID && id == entry->attr.ino);
	for (size_t i = 0; i < node_count; i++)
		if (nodes_known[i].id == id) {
			HOLDS(((nodes_known[i].mode ^ entry->attr.mode) & S_IFMT) == 0);
			nodes_known[i].lookups++;
			return;
		}
	if (node_count < NODES_MAX)
		nodes_known[node_count++] =
			(struct node_known){.id = id, .mode = entry->attr.mode, .lookups = 1};
	else
		node_put(world.fs.nodes, id, 1);
}

/* A reply, and before it notices that attributes have changed. */
static ssize_t receive_reply(char reply[REPLY_MAX])
{
	struct fuse_out_header header;
	ssize_t n;

	do {
		n = recv(world.kernel, reply, REPLY_MAX, MSG_DONTWAIT);
		if (n < (ssize_t)sizeof(header))
			return n;
		memcpy(&header, reply, sizeof(header));
	} while (header.unique == 0 && header.error == FUSE_NOTIFY_INVAL_INODE);
	return n;
}

static const void *receive(bool silent, size_t *ret_size)
{
	static _Alignas(8) char reply[REPLY_MAX];
	struct fuse_out_header header;
	const ssize_t n = receive_reply(reply);

	if (silent) {
		HOLDS(n < 0);
		return NULL;
	}
	HOLDS(n >= (ssize_t)sizeof(header) && recv(world.kernel, &header, 1, MSG_DONTWAIT) < 0);
	memcpy(&header, reply, sizeof(header));
	HOLDS(header.len == (size_t)n && header.unique == world.unique);
	HOLDS(header.error <= 0 && header.error > -512);
	HOLDS(header.error == 0 || n == sizeof(header));
	*ret_size = (size_t)n - sizeof(header);
	return header.error == 0 ? reply + sizeof(header) : NULL;
}

/* There was no worker before. */
static void close_inherited(void *arg, uint64_t ino)
{
	(void)arg;
	HOLDS(ino == 0);
}

const void *ask(uint32_t opcode, uint64_t nodeid, struct caller_ids ids, const void *body,
	size_t size, bool silent, size_t *ret_size)
{
	static _Alignas(8) char request[REQUEST_MAX];
	const struct fuse_in_header header = {.len = (uint32_t)(sizeof(header) + size),
		.opcode = opcode,
		.unique = world.unique += 2,
		.nodeid = nodeid,
		.uid = ids.uid,
		.gid = ids.gid,
		.pid = (uint32_t)getpid()};
	const struct fuse_buf buf = {.mem = request, .size = header.len};
	struct journal_ticket ticket;
	bool settle;

	HOLDS(header.len <= sizeof(request));
	memcpy(request, &header, sizeof(header));
	memcpy(request + sizeof(header), body, size);
	HOLDS(journal_receive(world.fs.journal, request, &ticket, &settle) == JOURNAL_SERVE);
	if (settle)
		journal_settle(world.fs.journal, close_inherited, NULL);
	journal_begin(world.fs.journal, &ticket);
	fuse_session_process_buf(world.session, &buf);
	journal_end(world.fs.journal);
	return receive(silent, ret_size);
}

static void close_and_forget(const struct node_known *known)
{
	const struct fuse_release_in release = {.fh = 0};
	const struct fuse_forget_in forget = {.nlookup = known->lookups};
	const struct caller_ids root = {0, 0};
	size_t size;

	for (unsigned int i = 0; i < known->opens; i++)
		HOLDS(ask(FUSE_RELEASE, known->id, root, &release, sizeof(release), false, &size) !=
			NULL);
	if (known->id != FUSE_ROOT_ID)
		ask(FUSE_FORGET, known->id, root, &forget, sizeof(forget), true, &size);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	if (where->level > 0)
		HOLDS(remove(path) == 0);
	return 0;
}

/* Default ACLs, too: all that is made later would have them. */
static void remove_xattrs(void)
{
	char names[4096];
	const ssize_t size = listxattr("/dev/shm", names, sizeof(names));

	HOLDS(size >= 0);
	for (ssize_t at = 0; at < size; at += (ssize_t)strlen(names + at) + 1)
		HOLDS(removexattr("/dev/shm", names + at) == 0);
}

static void remove_objects(void)
{
	HOLDS(nftw("/dev/shm", remove_entry, 16, FTW_DEPTH | FTW_PHYS) == 0);
	remove_xattrs();
	HOLDS(chmod("/dev/shm", 01777) == 0 && chown("/dev/shm", 0, 0) == 0);
}

static void expect_nothing_known(void)
{
	HOLDS(world.shared->nodes.live == 0);
	for (uint32_t i = 0; i < world.shared->opens_used; i++)
		HOLDS(world.shared->opens[i].ino == 0);
}

void world_hold(void)
{
	hold_want(&world.fs.hold);
}

void world_clear(void)
{
	for (size_t i = 0; i < node_count; i++)
		close_and_forget(&nodes_known[i]);
	nodes_known[0] = (struct node_known){.id = FUSE_ROOT_ID, .mode = S_IFDIR, .lookups = 1};
	node_count = 1;
	remove_objects();
	hold_make_room(&world.fs.hold);
	expect_nothing_known();
	if (world.fds == 0)
		world.fds = count_fds();
	HOLDS(count_fds() <= world.fds + FDS_KEPT);
}
