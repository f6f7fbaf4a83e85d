/* SPDX-License-Identifier: MIT */
#include "harden.h"

#include <errno.h>
#include <linux/capability.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Since Linux 6.5; older C libraries do not define it. */
#ifndef SYS_cachestat
#define SYS_cachestat 451
#endif

#define BIT(capability) (UINT64_C(1) << (capability))

/*
 * The daemon needs these to act as any user and as root itself, to open objects by handle, to read
 * callers' groups where /proc is mounted with hidepid, to register objects for passthrough, and to
 * unmount.
 */
#define NEEDED                                                                                 \
	(BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_DAC_READ_SEARCH) | BIT(CAP_FOWNER) | \
		BIT(CAP_FSETID) | BIT(CAP_MKNOD) | BIT(CAP_SETFCAP) | BIT(CAP_SETGID) |        \
		BIT(CAP_SETUID) | BIT(CAP_SYS_PTRACE) | BIT(CAP_SYS_ADMIN))

typedef struct __user_cap_data_struct capabilities[_LINUX_CAPABILITY_U32S_3];

static int get_capabilities(capabilities ret_sets)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};

	return syscall(SYS_capget, &header, ret_sets) < 0 ? -errno : 0;
}

static int set_capabilities(const capabilities sets)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};

	return syscall(SYS_capset, &header, sets) < 0 ? -errno : 0;
}

static int keep_capabilities(uint64_t needed)
{
	capabilities sets;
	int r;

	/* Best effort: the kernel refuses it to an ordinary user, whose programs gain no rights. */
	for (int capability = 0; prctl(PR_CAPBSET_READ, capability) >= 0; capability++)
		if (!(needed & BIT(capability)))
			prctl(PR_CAPBSET_DROP, capability);
	r = get_capabilities(sets);
	if (r < 0)
		return r;
	for (unsigned i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		sets[i].permitted &= (uint32_t)(needed >> (32 * i));
		sets[i].effective &= sets[i].permitted;
		sets[i].inheritable = 0;
	}
	return set_capabilities(sets);
}

static int set_effective(bool all)
{
	capabilities sets;
	const int r = get_capabilities(sets);

	if (r < 0)
		return r;
	for (unsigned i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		sets[i].effective = all ? sets[i].permitted : 0;
	return set_capabilities(sets);
}

int harden_lower_rights(void)
{
	return set_effective(false);
}

int harden_raise_rights(void)
{
	return set_effective(true);
}

/*
 * The kernel resets PR_SET_DUMPABLE when a thread acts as another user (see prctl(2)), so a limit
 * is needed as well. The kernel treats a core limit of one byte as "no dump". It is the only limit
 * that also stops dumps piped to a program. The kernel may refuse it to an ordinary user's daemon,
 * which never acts as another user.
 */
static int prevent_core_dumps(void)
{
	const struct rlimit no_dump = {1, 1};

	setrlimit(RLIMIT_CORE, &no_dump);
	return prctl(PR_SET_DUMPABLE, 0) < 0 ? -errno : 0;
}

int harden_process(bool wants_nice)
{
	const int r = prevent_core_dumps();

	return r < 0 ? r : keep_capabilities(NEEDED | (wants_nice ? BIT(CAP_SYS_NICE) : 0));
}

#if HAVE_SECCOMP

#include <seccomp.h>

/* clang-format off */
static const int needed_calls[] = {
	/* the device, objects and their mappings */
	SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(pread64), SCMP_SYS(preadv), SCMP_SYS(preadv2),
	SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(pwrite64), SCMP_SYS(pwritev), SCMP_SYS(pwritev2),
	SCMP_SYS(splice), SCMP_SYS(vmsplice), SCMP_SYS(tee), SCMP_SYS(pipe2), SCMP_SYS(ioctl),
	SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(openat2),
	SCMP_SYS(close), SCMP_SYS(close_range), SCMP_SYS(dup), SCMP_SYS(dup2), SCMP_SYS(dup3), SCMP_SYS(fcntl),
	SCMP_SYS(lseek), SCMP_SYS(fallocate), SCMP_SYS(truncate), SCMP_SYS(ftruncate),
	SCMP_SYS(copy_file_range), SCMP_SYS(fsync), SCMP_SYS(mmap), SCMP_SYS(mremap),
	SCMP_SYS(munmap), SCMP_SYS(mlock), SCMP_SYS(mprotect), SCMP_SYS(madvise), SCMP_SYS(mincore), SCMP_SYS(brk),
	/* names and attributes */
	SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(statx),
	SCMP_SYS(statfs), SCMP_SYS(fstatfs), SCMP_SYS(access), SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2), SCMP_SYS(getdents64), SCMP_SYS(readlink), SCMP_SYS(readlinkat),
	SCMP_SYS(link), SCMP_SYS(linkat), SCMP_SYS(symlink), SCMP_SYS(symlinkat), SCMP_SYS(mknod),
	SCMP_SYS(mknodat), SCMP_SYS(unlink), SCMP_SYS(unlinkat), SCMP_SYS(rename),
	SCMP_SYS(renameat), SCMP_SYS(renameat2), SCMP_SYS(chmod), SCMP_SYS(fchmod),
	SCMP_SYS(fchmodat), SCMP_SYS(fchown), SCMP_SYS(fchownat), SCMP_SYS(utimensat),
	SCMP_SYS(mkdirat), SCMP_SYS(name_to_handle_at), SCMP_SYS(open_by_handle_at),
	SCMP_SYS(getxattr), SCMP_SYS(listxattr), SCMP_SYS(setxattr), SCMP_SYS(removexattr),
	SCMP_SYS(memfd_create), SCMP_SYS(umask), SCMP_SYS(unshare), SCMP_SYS(chdir),
	/* identity */
	SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid),
	SCMP_SYS(getgroups), SCMP_SYS(setgroups), SCMP_SYS(setfsuid), SCMP_SYS(setfsgid),
	SCMP_SYS(capget), SCMP_SYS(capset), SCMP_SYS(prctl), SCMP_SYS(getpid), SCMP_SYS(getppid),
	SCMP_SYS(gettid), SCMP_SYS(setsid), SCMP_SYS(pidfd_open), SCMP_SYS(pidfd_send_signal), SYS_cachestat,
	/* threads, signals, time */
	SCMP_SYS(clone), SCMP_SYS(clone3), SCMP_SYS(set_robust_list), SCMP_SYS(rseq),
	SCMP_SYS(set_tid_address), SCMP_SYS(futex), SCMP_SYS(sched_yield),
	SCMP_SYS(sched_getaffinity), SCMP_SYS(setpriority), SCMP_SYS(getrusage), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigtimedwait), SCMP_SYS(sigaltstack), SCMP_SYS(kill), SCMP_SYS(wait4),
	SCMP_SYS(tgkill), SCMP_SYS(restart_syscall), SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep), SCMP_SYS(gettimeofday), SCMP_SYS(time),
	SCMP_SYS(getrandom), SCMP_SYS(getrlimit), SCMP_SYS(setrlimit), SCMP_SYS(prlimit64),
	SCMP_SYS(sysinfo), SCMP_SYS(uname), SCMP_SYS(exit), SCMP_SYS(exit_group),
	/* the same, under the names that 32-bit C libraries use */
	SCMP_SYS(mmap2), SCMP_SYS(_llseek), SCMP_SYS(fcntl64), SCMP_SYS(truncate64), SCMP_SYS(ftruncate64),
	SCMP_SYS(stat64), SCMP_SYS(lstat64), SCMP_SYS(fstat64), SCMP_SYS(fstatat64),
	SCMP_SYS(statfs64), SCMP_SYS(fstatfs64), SCMP_SYS(fchown32), SCMP_SYS(getuid32), SCMP_SYS(geteuid32),
	SCMP_SYS(getgid32), SCMP_SYS(getegid32), SCMP_SYS(getgroups32), SCMP_SYS(setgroups32),
	SCMP_SYS(setfsuid32), SCMP_SYS(setfsgid32), SCMP_SYS(ugetrlimit), SCMP_SYS(sigreturn),
	SCMP_SYS(waitpid), SCMP_SYS(clock_gettime64), SCMP_SYS(clock_nanosleep_time64), SCMP_SYS(futex_time64),
	SCMP_SYS(ppoll_time64), SCMP_SYS(utimensat_time64), SCMP_SYS(rt_sigtimedwait_time64),
	/* syslog(3) */
	SCMP_SYS(socket), SCMP_SYS(connect), SCMP_SYS(sendto), SCMP_SYS(sendmsg),
};
/* clang-format on */

static int filter_calls(bool unmounts)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	int r = filter ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < sizeof(needed_calls) / sizeof(needed_calls[0]); i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, needed_calls[i], 0);
	if (r == 0 && unmounts)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(umount2), 0);
	if (r == 0)
		r = seccomp_load(filter);
	seccomp_release(filter);
	return r;
}

#else

static int filter_calls(bool unmounts)
{
	(void)unmounts;
	return 0;
}

#endif

int harden_server(bool unmounts)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return filter_calls(unmounts);
}
