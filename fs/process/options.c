/* SPDX-License-Identifier: MIT */
#include "options.h"

#include "object.h"
#include "request/log.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum key {
	KEY_HELP,
	KEY_VERSION,
	KEY_DEBUG,
	KEY_FOREGROUND,
	KEY_SINGLE_THREAD,
	KEY_NONEMPTY,
	KEY_ATIME,
	KEY_NOATIME,
	KEY_PASSTHROUGH,
	KEY_RESERVE,
	KEY_XATTR,
	KEY_NOXATTR,
	KEY_ACL,
	KEY_NOACL,
	KEY_CACHE,
	KEY_ENTRY_TIMEOUT,
	KEY_ATTR_TIMEOUT,
	KEY_NEGATIVE_TIMEOUT,
	KEY_EXEC,
	KEY_SUID,
	KEY_DEV,
	KEY_KEEPER,
	KEY_NOKEEPER,
	KEY_MAX_READ,
	KEY_ALLOW,
	KEY_FSNAME,
	KEY_SUBTYPE,
	KEY_REMOUNT,
	KEY_PASS, /* libfuse, fusermount3 or the kernel knows it */
};

/* What the options that were met say about the defaults. */
struct parser {
	struct options *options;
	bool help, version, allow, fsname, subtype, remount, exec, suid, dev;
	char unknown[128]; /* the first option that is not known; empty: none */
};

/* FUSE_OPT_KEY(), but without its implicit conversion from -1U, which clang warns of. */
#define KEY(text, key)              \
	{                           \
		text, UINT_MAX, key \
	}
#define IGNORE(text) KEY(text, FUSE_OPT_KEY_DISCARD)
#define PASS(text) KEY(text, KEY_PASS)

static const struct fuse_opt templates[] = {
	KEY("-h", KEY_HELP),
	KEY("--help", KEY_HELP),
	KEY("-V", KEY_VERSION),
	KEY("--version", KEY_VERSION),
	KEY("-d", KEY_DEBUG),
	KEY("debug", KEY_DEBUG),
	KEY("-f", KEY_FOREGROUND),
	KEY("-s", KEY_SINGLE_THREAD),
	KEY("nonempty", KEY_NONEMPTY),
	KEY("atime", KEY_ATIME),
	KEY("noatime", KEY_NOATIME),
	KEY("passthrough=", KEY_PASSTHROUGH),
	KEY("reserve", KEY_RESERVE),
	KEY("xattr", KEY_XATTR),
	KEY("noxattr", KEY_NOXATTR),
	KEY("acl", KEY_ACL),
	KEY("noacl", KEY_NOACL),
	KEY("cache=", KEY_CACHE),
	KEY("entry_timeout=", KEY_ENTRY_TIMEOUT),
	KEY("attr_timeout=", KEY_ATTR_TIMEOUT),
	KEY("negative_timeout=", KEY_NEGATIVE_TIMEOUT),
	KEY("exec", KEY_EXEC),
	KEY("noexec", KEY_EXEC),
	KEY("suid", KEY_SUID),
	KEY("dev", KEY_DEV),
	KEY("keeper", KEY_KEEPER),
	KEY("nokeeper", KEY_NOKEEPER),
	KEY("max_read=", KEY_MAX_READ),
	KEY("allow_other", KEY_ALLOW),
	KEY("allow_root", KEY_ALLOW),
	KEY("fsname=", KEY_FSNAME),
	KEY("subtype=", KEY_SUBTYPE),
	KEY("remount", KEY_REMOUNT),

	PASS("auto_unmount"),
	PASS("context="),
	PASS("fscontext="),
	PASS("defcontext="),
	PASS("rootcontext="),
	PASS("ro"),
	PASS("rw"),
	PASS("nosuid"),
	PASS("nodev"),
	PASS("sync"),
	PASS("async"),
	PASS("dirsync"),

	/* For mount(8) and systemd, or without a meaning here. */
	IGNORE("defaults"),
	IGNORE("default_permissions"),
	IGNORE("auto"),
	IGNORE("noauto"),
	IGNORE("nofail"),
	IGNORE("user"),
	IGNORE("user="),
	IGNORE("nouser"),
	IGNORE("users"),
	IGNORE("owner"),
	IGNORE("group"),
	IGNORE("_netdev"),
	IGNORE("comment="),
	IGNORE("relatime"),
	IGNORE("norelatime"),
	IGNORE("strictatime"),
	IGNORE("nostrictatime"),
	IGNORE("diratime"),
	IGNORE("nodiratime"),
	IGNORE("lazytime"),
	IGNORE("nolazytime"),
	IGNORE("silent"),
	IGNORE("loud"),
	FUSE_OPT_END,
};

void options_print_help(void)
{
	printf("usage: shmfs [options] MOUNTPOINT\n"
	       "\n"
	       "Shows the POSIX shared memory objects of this machine as files.\n"
	       "To unmount: fusermount3 -u MOUNTPOINT, or umount MOUNTPOINT\n"
	       "\n"
	       "    -f             stay in the foreground, log to stderr\n"
	       "    -d             the same, and print a line for each request\n"
	       "    -s             serve with a single thread\n"
	       "    -h             print this help\n"
	       "    -V             print the versions\n"
	       "    -o OPT[,OPT]   mount options:\n"
	       "\n"
	       "    ro, noexec, nosuid, nodev, noatime, sync, ... as in mount(8)\n"
	       "    allow_other    other users may use the mount; always so when root mounts\n"
	       "    allow_root     root may use the mount of an ordinary user\n"
	       "                   (for a user both need user_allow_other in /etc/fuse.conf)\n"
	       "    auto_unmount   unmount when the daemon dies (fusermount3 3.14: not for root)\n"
	       "    passthrough=auto|on|off   let the kernel itself read, write and map objects:\n"
	       "                   where it can (default), or refuse to mount, or never\n"
	       "    reserve        growing an object with truncate allocates its memory at once\n"
	       "    nokeeper       serve from one process, whose death ends the mount\n"
	       "    keeper         refuse to mount where no second process can take over "
	       "(default:\n"
	       "                   use one where the kernel can)\n"
	       "    max_read=N     the kernel asks for at most N bytes at once (without "
	       "passthrough)\n"
	       "    acl            the kernel also grants by ACLs at the mount, at the price of a\n"
	       "                   question more where a mode does not decide\n"
	       "    noxattr        no extended attributes and no ACLs\n"
	       "    cache=MS       names and attributes may be MS milliseconds old; also\n"
	       "                   entry_timeout=, attr_timeout=, negative_timeout= in seconds\n"
	       "    context=..., fscontext=..., defcontext=..., rootcontext=...\n"
	       "                   handed to the kernel\n"
	       "    nonempty       mount over a directory that is not empty\n"
	       "    fsname=NAME    what df and mount show as source\n"
	       "    status         mount nothing: print who serves MOUNTPOINT, and how\n");
}

static void print_version(void)
{
	printf("shmfs %s\nlibfuse %s\n", SHMFS_VERSION, fuse_pkgversion());
}

static char *copy(const char *text)
{
	char *copied = strdup(text);

	if (!copied)
		log_error("out of memory");
	return copied;
}

/* The last of up to two operands is the mount point; mount(8) gives the source before it. */
static int take_operand(struct options *options, const char *arg)
{
	if (options->source) {
		log_error("more than one mount point: %s", arg);
		return -1;
	}
	options->source = options->mount_point;
	options->mount_point = copy(arg);
	return options->mount_point ? 0 : -1;
}

static int take_passthrough(struct options *options, const char *value)
{
	static const char *const values[] = {
		[PASSTHROUGH_AUTO] = "auto", [PASSTHROUGH_ON] = "on", [PASSTHROUGH_OFF] = "off"};

	for (unsigned i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		if (strcmp(value, values[i]) == 0) {
			options->passthrough = (enum passthrough_wish)i;
			return 0;
		}
	log_error("passthrough can be auto, on or off, not \"%s\"", value);
	return -1;
}

/* Also for libfuse, which wants to hear it twice: see op_init(). */
static int take_max_read(struct options *options, const char *value)
{
	char *end;
	unsigned long size;

	errno = 0;
	size = strtoul(value, &end, 10);
	if (value[0] < '0' || value[0] > '9' || *end != '\0' || errno != 0 || size > UINT_MAX) {
		log_error("max_read is a number of bytes, not \"%s\"", value);
		return -1;
	}
	options->max_read = (unsigned)size;
	return 1;
}

/* A number of seconds, or what of them `unit` is. More than a day would be no bound. */
#define TIMEOUT_MAX (24 * 60 * 60)

static int take_timeout(double *ret_seconds, const char *arg, double unit)
{
	const char *value = strchr(arg, '=') + 1;
	char *end;
	const double seconds = strtod(value, &end) * unit;

	/* Neither a sign nor what else strtod(3) takes for a number. */
	if (value[strspn(value, "0123456789.")] != '\0' || value == end || *end != '\0' ||
		!(seconds <= TIMEOUT_MAX)) {
		log_error("%.*s is a number of %s up to a day, not \"%s\"", (int)(value - 1 - arg),
			arg, unit < 1 ? "milliseconds" : "seconds", value);
		return -1;
	}
	*ret_seconds = seconds;
	return 0;
}

/* Also listings come with attributes then. Names that do not exist are asked for each time. */
static int take_cache(struct options *options, const char *arg)
{
	const int r = take_timeout(&options->attr_timeout, arg, 0.001);

	options->entry_timeout = options->attr_timeout;
	return r;
}

/* With remount, mount(8) passes options that only the kernel's list of mounts has. */
static int take_unknown(struct parser *parser, const char *arg)
{
	/* Options for user space alone: see mount(8). */
	const bool alone = strncmp(arg, "x-", 2) == 0 || strncmp(arg, "X-", 2) == 0;

	if (!alone && parser->unknown[0] == '\0')
		snprintf(parser->unknown, sizeof(parser->unknown), "%s", arg);
	return 0;
}

static bool is_acceptable(const struct parser *parser)
{
	if (parser->remount)
		log_error("a mount cannot be changed with remount: unmount it and mount it again");
	else if (parser->unknown[0] != '\0')
		log_error("unknown option %s (shmfs -h lists them)", parser->unknown);
	return !parser->remount && parser->unknown[0] == '\0';
}

/* As fuse_opt_parse(3) wants it: 1 keeps the argument for libfuse, 0 drops it, -1 is an error. */
static int take(void *data, const char *arg, int key, struct fuse_args *args)
{
	struct parser *parser = data;

	(void)args;
	switch (key) {
	case KEY_HELP:
		parser->help = true;
		return 0;
	case KEY_VERSION:
		parser->version = true;
		return 0;
	case KEY_DEBUG:
		parser->options->traces = parser->options->foreground = true;
		return 0;
	case KEY_FOREGROUND:
		parser->options->foreground = true;
		return 0;
	case KEY_SINGLE_THREAD:
		parser->options->single_thread = true;
		return 0;
	case KEY_NONEMPTY:
		parser->options->nonempty = true;
		return 0;
	case KEY_ATIME:
		parser->options->noatime = false;
		return 0;
	case KEY_NOATIME:
		parser->options->noatime = true;
		return 1;
	case KEY_PASSTHROUGH:
		return take_passthrough(parser->options, strchr(arg, '=') + 1);
	case KEY_RESERVE:
		parser->options->reserve = true;
		return 0;
	case KEY_XATTR:
	case KEY_NOXATTR:
		parser->options->noxattr = key == KEY_NOXATTR;
		return 0;
	case KEY_ACL:
	case KEY_NOACL:
		parser->options->acl = key == KEY_ACL;
		return 0;
	case KEY_CACHE:
		return take_cache(parser->options, arg);
	case KEY_ENTRY_TIMEOUT:
		return take_timeout(&parser->options->entry_timeout, arg, 1);
	case KEY_ATTR_TIMEOUT:
		return take_timeout(&parser->options->attr_timeout, arg, 1);
	case KEY_NEGATIVE_TIMEOUT:
		return take_timeout(&parser->options->negative_timeout, arg, 1);
	case KEY_EXEC:
		parser->exec = true;
		return 1;
	case KEY_SUID:
		parser->suid = true;
		return 1;
	case KEY_DEV:
		parser->dev = true;
		return 1;
	case KEY_KEEPER:
		parser->options->keeper = KEEPER_ON;
		return 0;
	case KEY_NOKEEPER:
		parser->options->keeper = KEEPER_OFF;
		return 0;
	case KEY_MAX_READ:
		return take_max_read(parser->options, strchr(arg, '=') + 1);
	case KEY_ALLOW:
		parser->allow = true;
		return 1;
	case KEY_FSNAME:
		parser->fsname = true;
		return 1;
	case KEY_SUBTYPE:
		parser->subtype = true;
		return 1;
	case KEY_REMOUNT:
		parser->remount = true;
		return 0;
	case KEY_PASS:
		return 1;
	case FUSE_OPT_KEY_NONOPT:
		return take_operand(parser->options, arg);
	default:
		return take_unknown(parser, arg);
	}
}

/* All operands have been taken: libfuse is not to take options for some. */
static void drop_separator(struct fuse_args *args)
{
	for (int i = 1; i < args->argc; i++)
		if (strcmp(args->argv[i], "--") == 0) {
			free(args->argv[i]);
			memmove(&args->argv[i], &args->argv[i + 1],
				(size_t)(args->argc - i) * sizeof(args->argv[0]));
			args->argc--;
			return;
		}
}

/*
 * What /dev/shm itself is mounted with, unless the options say otherwise. mount.fuse3(8), which
 * gives a source, adds suid and dev to what its user says: these do not count. libfuse adds nosuid
 * and nodev where nothing is said.
 */
static int add_inherited(const struct parser *parser, char **list)
{
	const bool by_mount = parser->options->source;
	struct statvfs st;
	int r = 0;

	if (statvfs(SHMFS_OBJECT_DIR, &st) < 0)
		return 0;
	if ((st.f_flag & ST_NOEXEC) && !parser->exec)
		r |= fuse_opt_add_opt(list, "noexec");
	if ((st.f_flag & ST_NOSUID) && (by_mount || !parser->suid))
		r |= fuse_opt_add_opt(list, "nosuid");
	if ((st.f_flag & ST_NODEV) && (by_mount || !parser->dev))
		r |= fuse_opt_add_opt(list, "nodev");
	return r;
}

/* "-o" with what the command line does not set otherwise. */
static int add_defaults(const struct parser *parser)
{
	struct options *options = parser->options;
	const char *source = options->source && options->source[0] ? options->source : "shmfs";
	char *list = NULL;
	int r = 0;

	r |= fuse_opt_add_opt(&list, "default_permissions");
	r |= add_inherited(parser, &list);
	if (!parser->subtype)
		r |= fuse_opt_add_opt(&list, "subtype=shmfs");
	if (!parser->allow && geteuid() == 0)
		r |= fuse_opt_add_opt(&list, "allow_other");
	if (list && r == 0)
		r = fuse_opt_add_arg(&options->args, "-o") | fuse_opt_add_arg(&options->args, list);
	free(list);
	list = NULL;
	if (!parser->fsname && r == 0) {
		char name[4096];

		snprintf(name, sizeof(name), "fsname=%s", source);
		r = fuse_opt_add_opt_escaped(&list, name) | fuse_opt_add_arg(&options->args, "-o") |
		    fuse_opt_add_arg(&options->args, list ? list : "");
		free(list);
	}
	return r;
}

enum options_result options_parse(struct options *ret_options, int argc, char **argv)
{
	struct parser parser = {.options = ret_options};

	*ret_options = (struct options){.args = FUSE_ARGS_INIT(argc, argv)};
	if (fuse_opt_parse(&ret_options->args, &parser, templates, take) < 0 ||
		!is_acceptable(&parser))
		return OPTIONS_WRONG;
	drop_separator(&ret_options->args);
	if (parser.version) {
		print_version();
		return OPTIONS_DONE;
	}
	if (parser.help)
		return OPTIONS_HELP;
	if (!ret_options->mount_point) {
		log_error("no mount point given (usage: shmfs [options] MOUNTPOINT)");
		return OPTIONS_WRONG;
	}
	return add_defaults(&parser) < 0 ? OPTIONS_WRONG : OPTIONS_MOUNT;
}

struct fuse_args options_copy_args(const struct options *options)
{
	struct fuse_args args = FUSE_ARGS_INIT(0, NULL);

	for (int i = 0; i < options->args.argc; i++)
		if (fuse_opt_add_arg(&args, options->args.argv[i]) < 0)
			break; /* libfuse has told it */
	return args;
}

void options_free(struct options *options)
{
	free(options->mount_point);
	free(options->source);
	fuse_opt_free_args(&options->args);
}
