/* SPDX-License-Identifier: MIT */
#include "run_reserve.h"

#include "kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Calls of 32-bit programs on a 64-bit kernel are not asked about. */
#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCHITECTURE AUDIT_ARCH_RISCV64
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ARCHITECTURE AUDIT_ARCH_PPC64LE
#elif defined(__s390x__)
#define ARCHITECTURE AUDIT_ARCH_S390X
#endif

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

struct server {
	int listener;
	dev_t dev;
};

#ifdef ARCHITECTURE
static int install(unsigned flags)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ftruncate, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};
	const long r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		SECCOMP_FILTER_FLAG_NEW_LISTENER | flags, &program);

	return r < 0 ? -errno : (int)r;
}
#else
static int install(unsigned flags)
{
	(void)flags;
	return -EOPNOTSUPP;
}
#endif

/* A signal that comes while the guard allocates waits, where the kernel can do that (Linux 5.19).
 */
int run_reserve_install(void)
{
	int r = install(SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);

	return r == -EINVAL ? install(0) : r;
}

/* The kernel tells the thread; descriptors are taken from its process. */
static pid_t process_of(pid_t thread)
{
	char path[64], line[128];
	FILE *file;
	int pid = 0;

	snprintf(path, sizeof(path), "/proc/%d/status", thread);
	file = fopen(path, "re");
	if (!file)
		return 0;
	while (pid == 0 && fgets(line, sizeof(line), file))
		sscanf(line, "Tgid: %d", &pid);
	fclose(file);
	return pid;
}

static int take_descriptor(pid_t thread, int fd)
{
	const pid_t process = process_of(thread);
	const int pidfd = process > 0 ? kernel_open_process(process) : -ESRCH;
	int taken;

	if (pidfd < 0)
		return pidfd;
	taken = kernel_take_descriptor(pidfd, fd);
	close(pidfd);
	return taken;
}

/* 0: the kernel goes on with the call. Beyond the size, so that a failed call changes nothing. */
static int allocate(const struct server *server, pid_t thread, int fd, off_t size)
{
	const int object = take_descriptor(thread, fd);
	struct stat st;
	int r = 0;

	if (object < 0)
		return 0;
	if (fstat(object, &st) == 0 && S_ISREG(st.st_mode) && st.st_dev == server->dev &&
		size > st.st_size &&
		fallocate(object, FALLOC_FL_KEEP_SIZE, st.st_size, size - st.st_size) < 0 &&
		errno == ENOSPC)
		r = -ENOSPC;
	close(object);
	return r;
}

static void answer(const struct server *server)
{
	struct seccomp_notif asked = {0};
	struct seccomp_notif_resp response = {0};

	if (ioctl(server->listener, SECCOMP_IOCTL_NOTIF_RECV, &asked) < 0)
		return;
	response.id = asked.id;
	response.error = allocate(
		server, (pid_t)asked.pid, (int)asked.data.args[0], (off_t)asked.data.args[1]);
	if (response.error == 0)
		response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	ioctl(server->listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

static void *serve_reservations(void *arg)
{
	struct server *server = arg;
	struct pollfd asked = {.fd = server->listener, .events = POLLIN};

	while (poll(&asked, 1, -1) >= 0 || errno == EINTR) {
		if (asked.revents & POLLIN)
			answer(server);
		else if (asked.revents)
			break;
	}
	close(server->listener);
	free(server);
	return NULL;
}

int run_reserve_serve(int listener, dev_t dev)
{
	struct server *server = malloc(sizeof(*server));
	pthread_t thread;
	int r;

	if (!server)
		return -ENOMEM;
	*server = (struct server){listener, dev};
	r = -pthread_create(&thread, NULL, serve_reservations, server);
	if (r < 0)
		free(server);
	else
		pthread_detach(thread);
	return r;
}
