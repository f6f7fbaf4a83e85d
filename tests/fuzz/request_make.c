/* SPDX-License-Identifier: MIT */
#include "request.h"

#include <string.h>

enum { NAME_MAX_SENT = 300 };

void request_put(struct request *r, const void *bytes, size_t size)
{
	HOLDS(r->size + size <= sizeof(r->body));
	memcpy(r->body + r->size, bytes, size);
	r->size += size;
}

void request_put_text(struct request *r, const char *text)
{
	request_put(r, text, strlen(text) + 1);
}

void request_put_name(struct request *r)
{
	static const char *const usual[] = {"a", "b", "c", "d", "e", "f", "...", "%2F"};
	const uint8_t byte = take_byte(r->in);
	char name[NAME_MAX_SENT];

	if (byte < 224) {
		request_put_text(r, usual[byte % 8]);
		return;
	}
	take_text(r->in, '\n', name, sizeof(name));
	for (char *slash = name; (slash = strchr(slash, '/'));)
		*slash = '%';
	/* The kernel sends none of these. */
	request_put_text(
		r, *name == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ? "g" : name);
}

struct node_known *request_node(struct input *in)
{
	return &nodes_known[take_byte(in) % node_count];
}

const void *request_send(struct request *r, uint32_t opcode, size_t *ret_size)
{
	return ask(opcode, r->node->id, r->ids, r->body, r->size, false, ret_size);
}

void request_send_only(struct request *r, uint32_t opcode)
{
	size_t size;

	request_send(r, opcode, &size);
}

void request_send_for_entry(struct request *r, uint32_t opcode)
{
	size_t size;
	const struct fuse_entry_out *entry = request_send(r, opcode, &size);

	if (!entry)
		return;
	HOLDS(size == sizeof(*entry));
	known_add(entry);
}

uint32_t request_mode(struct request *r)
{
	return take_number(r->in) & 07777;
}
