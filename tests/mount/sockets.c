/* SPDX-License-Identifier: MIT */
/* Sockets of the UNIX domain, bound and found through the mount. */
#include "harness.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct sockaddr_un address_of(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	strcpy(address.sun_path, path);
	return address;
}

static int bind_to(int sock, const char *path)
{
	const struct sockaddr_un address = address_of(path);

	return bind(sock, (const struct sockaddr *)&address, sizeof(address));
}

static int connect_to(int sock, const char *path)
{
	const struct sockaddr_un address = address_of(path);

	return connect(sock, (const struct sockaddr *)&address, sizeof(address));
}

static int stream_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

/*
 * A user that may not connect to a socket gets another one through the mount, which has no
 * listener: the kernel does not ask a mount. The connection is refused, with another errno.
 */
static void note_reach(struct side *s, const char *path)
{
	const int client = stream_socket();

	note(s, "reaches the server: %d", connect_to(client, path) == 0);
	close(client);
}

/* A new client: does it get through to the server, and do bytes? */
static void talk(struct side *s, int server, const char *path)
{
	const int client = stream_socket();
	char bytes[8] = "";
	int accepted;

	if (T(s, connect_to(client, path)) == 0) {
		accepted = T_FD(s, accept4(server, NULL, NULL, SOCK_CLOEXEC));
		T(s, write(client, "hello", 5));
		T(s, read(accepted, bytes, sizeof(bytes)));
		note(s, "%s", bytes);
		close(accepted);
	}
	close(client);
}

static void servers_and_clients(struct side *s)
{
	const int server = stream_socket(), other = stream_socket();

	T(s, mkdir("d", 0755));
	T(s, connect_to(other, "d/s"));
	T(s, bind_to(server, "d/s"));
	note_lstat(s, "d/s");
	T(s, bind_to(other, "d/s"));
	T(s, bind_to(other, "d"));
	T(s, bind_to(other, "missing/s"));
	T(s, bind_to(other, "d/s/s"));
	T(s, connect_to(other, "d/s"));
	T(s, listen(server, 64));
	talk(s, server, "d/s");
	talk(s, server, "./d/../d/s");
	T(s, bind_to(other, "t"));
	T(s, connect_to(other, "d"));
	note_lstat(s, "t");
}

/* A socket is found by all names that it gets, and not by those that it loses. */
static void names_of_sockets(struct side *s)
{
	const int server = stream_socket();

	T(s, mkdir("d", 0755));
	T(s, bind_to(server, "s"));
	T(s, listen(server, 64));
	T(s, link("s", "d/second"));
	note_lstat(s, "s");
	talk(s, server, "s");
	talk(s, server, "d/second");
	T(s, rename("s", "d/third"));
	talk(s, server, "d/third");
	talk(s, server, "s");
	T(s, rename("d", "e"));
	talk(s, server, "e/second");
	T(s, symlink("e/second", "link"));
	talk(s, server, "link");
	T(s, unlink("e/second"));
	T(s, unlink("e/third"));
	talk(s, server, "link");
	note_lstat(s, "e");
}

/* Two servers one after another: the name has to be removed between. */
static void a_server_comes_again(struct side *s)
{
	int server = stream_socket();

	T(s, bind_to(server, "s"));
	T(s, listen(server, 64));
	T(s, close(server));
	server = stream_socket();
	T(s, connect_to(server, "s"));
	T(s, bind_to(server, "s"));
	T(s, unlink("s"));
	T(s, bind_to(server, "s"));
	T(s, listen(server, 64));
	talk(s, server, "s");
}

static void modes_of_sockets(struct side *s)
{
	const int server = stream_socket();

	umask(017);
	T(s, fchmod(server, 0640));
	T(s, bind_to(server, "s"));
	note_lstat(s, "s");
	T(s, listen(server, 64));
	T(s, chown("s", ALICE.uid, ALICE.gid));
	for (mode_t mode = 0600; mode <= 0666; mode += 06) {
		T(s, chmod("s", mode));
		AS(s, BOB)
		{
			note_reach(s, "s");
			T(s, access("s", W_OK));
		}
	}
	note_lstat(s, "s");
	note_open(s, "s", O_RDWR, 0);
	note_open(s, "s", O_PATH, 0);
	T(s, truncate("s", 0));
	T(s, utimensat(AT_FDCWD, "s", NULL, 0));
}

/* Its owner may not even write to it when it comes into being. */
static void a_mode_that_comes_later(struct side *s)
{
	const int server = stream_socket();

	make_outside_dir(s, "d", 0, 0, 0777);
	AS(s, ALICE)
	{
		umask(0777);
		T(s, bind_to(server, "d/s"));
		note_lstat(s, "d/s");
	}
	T(s, listen(server, 64));
	T(s, chmod("d/s", 0666));
	note_reach(s, "d/s");
	AS(s, ALICE)
	note_reach(s, "d/s");
	AS(s, BOB)
	note_reach(s, "d/s");
}

static void who_may_bind(struct side *s)
{
	make_outside_dir(s, "closed", ALICE.uid, ALICE.gid, 0755);
	make_outside_dir(s, "open", ALICE.uid, ALICE.gid, 02777);
	AS(s, BOB)
	{
		T(s, bind_to(stream_socket(), "closed/s"));
		T(s, bind_to(stream_socket(), "open/s"));
	}
	AS(s, ALICE)
	{
		T(s, bind_to(stream_socket(), "closed/s"));
		note_reach(s, "open/s");
	}
}

static void datagrams(struct side *s)
{
	const int a = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	const int b = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un from = {0};
	socklen_t len = sizeof(from);
	char bytes[16] = "";

	T(s, mkdir("d", 0755));
	T(s, bind_to(a, "d/a"));
	T(s, bind_to(b, "d/b"));
	T(s, connect_to(b, "d/a"));
	T(s, write(b, "datagram", 8));
	T(s, recvfrom(a, bytes, sizeof(bytes), 0, (struct sockaddr *)&from, &len));
	note(s, "%s from %s", bytes, from.sun_path);
	T(s, connect_to(stream_socket(), "d/a"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		COMPARED(servers_and_clients),
		COMPARED(names_of_sockets),
		COMPARED(a_server_comes_again),
		COMPARED(modes_of_sockets),
		COMPARED(a_mode_that_comes_later),
		COMPARED(who_may_bind),
		COMPARED(datagrams),
	};

	return RUN_MOUNTED(tests);
}
