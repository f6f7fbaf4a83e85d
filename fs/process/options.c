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

/* The state of the parser: flags of options that it has met, which change the defaults. */
struct parser {
	struct options *options;
	bool help, version, allow, fsname, subtype, remount, exec, suid, dev;
	char unknown[128]; /* the first unknown option; or empty */
};

static void print_version(void)
{
	printf("shmfs %s\nlibfuse %s\n", SHMFS_VERSION, fuse_pkgversion());
}

static char *copy_text(const char *text)
{
	char *copied = strdup(text);

	if (!copied)
		log_error("out of memory");
	return copied;
}

/* The last of up to two operands is the mount point; mount(8) gives the source before it. */
static int take_operand(struct parser *parser, const char *arg)
{
	struct options *options = parser->options;

	if (options->source) {
		log_error("more than one mount point: %s", arg);
		return -1;
	}
	options->source = options->mount_point;
	options->mount_point = copy_text(arg);
	return options->mount_point ? 0 : -1;
}

static int take_passthrough(struct parser *parser, const char *arg)
{
	const char *value = strchr(arg, '=') + 1;
	static const char *const values[] = {
		[PASSTHROUGH_AUTO] = "auto", [PASSTHROUGH_ON] = "on", [PASSTHROUGH_OFF] = "off"};

	for (unsigned i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		if (strcmp(value, values[i]) == 0) {
			parser->options->passthrough = (enum passthrough_wish)i;
			return 0;
		}
	log_error("passthrough can be auto, on or off, not \"%s\"", value);
	return -1;
}

/* libfuse gets this option, too, and the value again later: see op_init(). */
static int take_max_read(struct parser *parser, const char *arg)
{
	const char *value = strchr(arg, '=') + 1;
	char *end;
	unsigned long size;

	errno = 0;
	size = strtoul(value, &end, 10);
	if (value[0] < '0' || value[0] > '9' || *end != '\0' || errno != 0 || size > UINT_MAX) {
		log_error("max_read is a number of bytes, not \"%s\"", value);
		return -1;
	}
	parser->options->max_read = (unsigned)size;
	return 1;
}

/* In seconds. A longer timeout would be no bound in practice. */
#define TIMEOUT_MAX (24 * 60 * 60)

/* unit: of the number in the option, in seconds. */
static int parse_timeout(double *ret_seconds, const char *arg, double unit)
{
	const char *value = strchr(arg, '=') + 1;
	char *end;
	const double seconds = strtod(value, &end) * unit;

	/* Refuses signs, exponents, hexadecimal numbers and "inf", which strtod(3) accepts. */
	if (value[strspn(value, "0123456789.")] != '\0' || value == end || *end != '\0' ||
		!(seconds <= TIMEOUT_MAX)) {
		log_error("%.*s is a number of %s up to a day, not \"%s\"", (int)(value - 1 - arg),
			arg, unit < 1 ? "milliseconds" : "seconds", value);
		return -1;
	}
	*ret_seconds = seconds;
	return 0;
}

/*
 * With this option listings carry attributes, too. The timeout for names that do not exist stays,
 * so the kernel looks them up each time.
 */
static int take_cache(struct parser *parser, const char *arg)
{
	struct options *options = parser->options;
	const int r = parse_timeout(&options->attr_timeout, arg, 0.001);

	options->entry_timeout = options->attr_timeout;
	return r;
}

static int take_entry_timeout(struct parser *parser, const char *arg)
{
	return parse_timeout(&parser->options->entry_timeout, arg, 1);
}

static int take_attr_timeout(struct parser *parser, const char *arg)
{
	return parse_timeout(&parser->options->attr_timeout, arg, 1);
}

static int take_negative_timeout(struct parser *parser, const char *arg)
{
	return parse_timeout(&parser->options->negative_timeout, arg, 1);
}

static int take_keeper(struct parser *parser, const char *arg)
{
	parser->options->keeper = strcmp(arg, "keeper") == 0 ? KEEPER_ON : KEEPER_OFF;
	return 0;
}

static int take_debug(struct parser *parser, const char *arg)
{
	(void)arg;
	parser->options->traces = parser->options->foreground = true;
	return 0;
}

/*
 * This function only notes the option: the error of remount comes first, because mount(8) then
 * passes options from the kernel's list of mounts, too.
 */
static int take_unknown(struct parser *parser, const char *arg)
{
	/* mount(8) reserves these prefixes for options of user space. */
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

/* libfuse, fusermount3 or the kernel handles these options. */
static const char *const passed[] = {"auto_unmount",
	"context=", "fscontext=", "defcontext=", "rootcontext=", "ro", "rw", "nosuid", "nodev",
	"sync", "async", "dirsync"};

/* These options are for mount(8) and systemd, or have no meaning here. */
static const char *const ignored[] = {"defaults", "default_permissions", "auto", "noauto", "nofail",
	"user", "user=", "nouser", "users", "owner", "group", "_netdev", "comment=", "relatime",
	"norelatime", "strictatime", "nostrictatime", "diratime", "nodiratime", "lazytime",
	"nolazytime", "silent", "loud"};

#define LENGTH(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* The parser handles any other option by calling `take`, or by setting a flag. */
struct option {
	const char *name; /* as fuse_opt_parse(3) matches it */
	int (*take)(struct parser *parser, const char *arg);
	enum { OF_OPTIONS, OF_PARSER } owner; /* of the flag */
	size_t flag;                          /* offset */
	bool value;
	bool is_passed; /* libfuse gets it as well */
};

#define SET(name, flag, value, passed)                                                \
	{                                                                             \
		name, NULL, OF_OPTIONS, offsetof(struct options, flag), value, passed \
	}
#define NOTE(name, flag, passed)                                                   \
	{                                                                          \
		name, NULL, OF_PARSER, offsetof(struct parser, flag), true, passed \
	}
#define TAKE(name, take)                               \
	{                                              \
		name, take, OF_PARSER, 0, false, false \
	}

static const struct option table[] = {
	NOTE("-h", help, false),
	NOTE("--help", help, false),
	NOTE("-V", version, false),
	NOTE("--version", version, false),
	TAKE("-d", take_debug),
	TAKE("debug", take_debug),
	SET("-f", foreground, true, false),
	SET("-s", single_thread, true, false),
	SET("nonempty", nonempty, true, false),
	SET("atime", noatime, false, false),
	SET("noatime", noatime, true, true),
	TAKE("passthrough=", take_passthrough),
	SET("reserve", reserve, true, false),
	SET("xattr", noxattr, false, false),
	SET("noxattr", noxattr, true, false),
	SET("acl", acl, true, false),
	SET("noacl", acl, false, false),
	TAKE("cache=", take_cache),
	TAKE("entry_timeout=", take_entry_timeout),
	TAKE("attr_timeout=", take_attr_timeout),
	TAKE("negative_timeout=", take_negative_timeout),
	NOTE("exec", exec, true),
	NOTE("noexec", exec, true),
	NOTE("suid", suid, true),
	NOTE("dev", dev, true),
	TAKE("keeper", take_keeper),
	TAKE("nokeeper", take_keeper),
	TAKE("max_read=", take_max_read),
	NOTE("allow_other", allow, true),
	NOTE("allow_root", allow, true),
	NOTE("fsname=", fsname, true),
	NOTE("subtype=", subtype, true),
	NOTE("remount", remount, false),
};

/*
 * A callback of fuse_opt_parse(3): 1 keeps the argument for libfuse, 0 drops it, -1 is an error.
 * The key is the index into the table.
 */
static int take_argument(void *data, const char *arg, int key, struct fuse_args *args)
{
	struct parser *parser = data;
	const struct option *option = &table[key < 0 ? 0 : key];
	char *owner = option->owner == OF_PARSER ? (char *)parser : (char *)parser->options;

	(void)args;
	if (key == FUSE_OPT_KEY_NONOPT)
		return take_operand(parser, arg);
	if (key < 0)
		return take_unknown(parser, arg);
	if (option->take)
		return option->take(parser, arg);
	*(bool *)(owner + option->flag) = option->value;
	return option->is_passed;
}

/* FUSE_OPT_KEY() would make clang warn of its implicit conversion from -1U. */
static struct fuse_opt option_template(const char *name, int key)
{
	return (struct fuse_opt){name, UINT_MAX, key};
}

static int parse_arguments(struct parser *parser)
{
	struct fuse_opt templates[LENGTH(table) + LENGTH(passed) + LENGTH(ignored) + 1];
	int n = 0;

	for (int i = 0; i < LENGTH(table); i++)
		templates[n++] = option_template(table[i].name, i);
	for (int i = 0; i < LENGTH(passed); i++)
		templates[n++] = option_template(passed[i], FUSE_OPT_KEY_KEEP);
	for (int i = 0; i < LENGTH(ignored); i++)
		templates[n++] = option_template(ignored[i], FUSE_OPT_KEY_DISCARD);
	templates[n] = (struct fuse_opt){NULL, 0, 0};
	return fuse_opt_parse(&parser->options->args, parser, templates, take_argument);
}

/* The operands have been taken. With "--" left, libfuse would treat added options as operands. */
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
 * Adds the restrictions with which /dev/shm itself is mounted, unless the options lift them.
 * mount.fuse3(8), which gives a source, adds suid and dev by itself, so they do not count there.
 * libfuse adds nosuid and nodev by default.
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

/* Adds "-o" with the defaults that the command line does not override. */
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
	if (parse_arguments(&parser) < 0 || !is_acceptable(&parser))
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
			break; /* libfuse has logged it */
	return args;
}

void options_free(struct options *options)
{
	free(options->mount_point);
	free(options->source);
	fuse_opt_free_args(&options->args);
}
