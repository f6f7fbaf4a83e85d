/* SPDX-License-Identifier: MIT */
#include "text.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* Length of the printable UTF-8 sequence that text begins with; 0 if it is none. RFC 3629. */
static size_t printable(const unsigned char *text)
{
	static const struct {
		unsigned char mask, lead;
		size_t length;
		uint32_t least;
	} forms[] = {{0xe0, 0xc0, 2, 0x80}, {0xf0, 0xe0, 3, 0x800}, {0xf8, 0xf0, 4, 0x10000}};

	if (text[0] < 0x80)
		return text[0] >= 0x20 && text[0] != 0x7f && text[0] != '\\';
	for (size_t form = 0; form < 3; form++) {
		uint32_t code = text[0] & (unsigned char)~forms[form].mask;

		if ((text[0] & forms[form].mask) != forms[form].lead)
			continue;
		for (size_t i = 1; i < forms[form].length; i++) {
			if ((text[i] & 0xc0) != 0x80)
				return 0;
			code = code << 6 | (text[i] & 0x3f);
		}
		if (code < forms[form].least || code < 0xa0 || code > 0x10ffff ||
			(code >= 0xd800 && code <= 0xdfff) || (code >= 0x200b && code <= 0x200f) ||
			(code >= 0x2028 && code <= 0x202e) || (code >= 0x2060 && code <= 0x206f) ||
			code == 0xfeff || code == 0xad)
			return 0;
		return forms[form].length;
	}
	return 0;
}

const char *text_safe(const char *bytes, char *ret_text, size_t size)
{
	const unsigned char *from = (const unsigned char *)bytes;
	size_t to = 0;

	while (*from && to + 5 < size) {
		size_t length = printable(from);

		if (length == 0)
			to += (size_t)snprintf(ret_text + to, size - to, "\\x%02x", *from++);
		for (; length > 0; length--)
			ret_text[to++] = (char)*from++;
	}
	ret_text[to] = '\0';
	return ret_text;
}

const char *text_size(uint64_t bytes, bool exact, char ret_text[TEXT_SHORT])
{
	static const char units[] = "BKMGTPE";
	double size = (double)bytes;
	size_t unit = 0;

	if (exact) {
		snprintf(ret_text, TEXT_SHORT, "%llu", (unsigned long long)bytes);
		return ret_text;
	}
	for (; size >= 1024 && unit < sizeof(units) - 2; unit++)
		size /= 1024;
	snprintf(ret_text, TEXT_SHORT, "%.1f", size);
	if (strcmp(strchr(ret_text, '.'), ".0") == 0)
		*strchr(ret_text, '.') = '\0';
	snprintf(strchr(ret_text, '\0'), 2, "%c", units[unit]);
	return ret_text;
}

const char *text_age(double seconds, char ret_text[TEXT_SHORT])
{
	static const struct {
		double limit, unit;
		char name;
	} forms[] = {{120, 1, 's'}, {7200, 60, 'm'}, {172800, 3600, 'h'}, {1e18, 86400, 'd'}};
	size_t form = 0;

	while (form < 3 && seconds >= forms[form].limit)
		form++;
	snprintf(ret_text, TEXT_SHORT, "%.0f%c", seconds > 0 ? seconds / forms[form].unit : 0,
		forms[form].name);
	return ret_text;
}

const char *text_time(time_t when, char ret_text[TEXT_SHORT])
{
	/* Many objects are made in one second. */
	static char last_text[TEXT_SHORT];
	static time_t last = -1;
	struct tm parts;
	size_t length;

	*ret_text = '\0';
	if (last == when)
		return strcpy(ret_text, last_text);
	if (!localtime_r(&when, &parts))
		return ret_text;
	length = strftime(ret_text, TEXT_SHORT - 1, "%Y-%m-%dT%H:%M:%S%z", &parts);
	if (length > 2) { /* +0000 becomes +00:00, as RFC 3339 has it */
		memmove(ret_text + length - 1, ret_text + length - 2, 3);
		ret_text[length - 2] = ':';
	}
	last = when;
	strcpy(last_text, ret_text);
	return ret_text;
}

const char *text_mode(mode_t mode, char ret_text[TEXT_SHORT])
{
	static const char letters[] = "rwxrwxrwx";

	ret_text[0] = S_ISDIR(mode) ? 'd' : '-';
	for (int i = 0; i < 9; i++)
		ret_text[i + 1] = mode & (0400U >> i) ? letters[i] : '-';
	if (mode & S_ISUID)
		ret_text[3] = mode & S_IXUSR ? 's' : 'S';
	if (mode & S_ISGID)
		ret_text[6] = mode & S_IXGRP ? 's' : 'S';
	if (mode & S_ISVTX)
		ret_text[9] = mode & S_IXOTH ? 't' : 'T';
	ret_text[10] = '\0';
	return ret_text;
}

/* Asking for a name may ask a server: each number is asked for once. */
struct known {
	unsigned id;
	char name[TEXT_SHORT];
};

struct cache {
	struct known *known;
	size_t count;
};

static const char *find_name(struct cache *cache, unsigned id, bool is_group)
{
	const struct passwd *user;
	const struct group *group;
	struct known *known;

	for (size_t i = 0; i < cache->count; i++)
		if (cache->known[i].id == id)
			return cache->known[i].name;
	known = reallocarray(cache->known, cache->count + 1, sizeof(*known));
	if (!known)
		return "?";
	cache->known = known;
	known += cache->count++;
	known->id = id;
	user = is_group ? NULL : getpwuid(id);
	group = is_group ? getgrgid(id) : NULL;
	if (user || group)
		snprintf(known->name, sizeof(known->name), "%s",
			user ? user->pw_name : group->gr_name);
	else
		snprintf(known->name, sizeof(known->name), "%u", id);
	return known->name;
}

const char *text_user(uid_t uid)
{
	static struct cache users;

	return find_name(&users, uid, false);
}

const char *text_group(gid_t gid)
{
	static struct cache groups;

	return find_name(&groups, gid, true);
}

bool text_parse_duration(const char *text, double *ret_seconds)
{
	static const char units[] = "smhdw";
	static const double seconds[] = {1, 60, 3600, 86400, 604800};
	const char *unit;
	char *end;
	double value;

	errno = 0;
	value = strtod(text, &end);
	if (end == text || errno || !(value >= 0) || value > 1e12)
		return false;
	unit = *end ? strchr(units, *end) : units;
	if (!unit || (*end && end[1]))
		return false;
	*ret_seconds = value * seconds[unit - units];
	return true;
}
