# SPDX-License-Identifier: MIT
"""Two instances of one program, with names that cannot be changed, in two namespaces at once."""
import os
import socket
import struct
import subprocess

from world import (OBJECTS, PYTHON, ROOT, USER, WORK, Running, environment, host_map, host_names,
                   output, program, started, test)


def read_sum(name):
    return struct.unpack("l", host_map(name)[:8])[0]


@test(ROOT, USER)
def counting_with_a_semaphore(caller):
    tally = program("tally")
    with started(caller, "blue", tally, "4", "5000") as blue, \
            started(caller, "green", tally, "3", "7000") as green, \
            Running([*caller.become, tally, "2", "3000"]) as host:
        together = (blue, green, host)
        assert [each.line() for each in together] == ["ready"] * 3
        for each in together:
            each.process.stdin.write("go\n")
            each.process.stdin.flush()
        assert [each.line() for each in together] == ["20000", "21000", "6000"]
        assert [each.end() for each in together] == [0, 0, 0]
    assert host_names() == {
        "blue/", "blue/tally", "blue/sem.tally", "green/", "green/tally",
        "green/sem.tally", "tally", "sem.tally"}
    assert [read_sum(name) for name in ("blue/tally", "green/tally", "tally")] == [
        20000, 21000, 6000]
    for name in host_names():
        assert os.stat(f"{OBJECTS}/{name}").st_uid == caller.uid, name
    # The objects stay: the next instance goes on with them.
    assert output(caller, "blue", tally, "1", "5", stdin="go\n") == "ready\n20005\n"


def expect_two_boards(caller, *argv):
    with started(caller, "blue", *argv, "roses") as blue, \
            started(caller, "green", *argv, "trees") as green:
        assert (blue.line(), green.line()) == ("roses", "trees")
        assert {"blue/board", "green/board"} <= host_names()
        assert "board" not in host_names()
        assert host_map("blue/board")[:8] == b"roses\0\0\0"
        assert host_map("green/board")[:8] == b"trees\0\0\0"
        # A store of the host is seen by that instance, and by that one only.
        host_map("blue/board")[:5] = b"skies"
        assert (blue.ask(), green.ask()) == ("skies", "trees")
        assert (blue.end(), green.end()) == (0, 0)
    assert host_names() == {"blue/", "green/"}


@test(ROOT, USER)
def python_shared_memory(caller):
    expect_two_boards(caller, PYTHON, program("board.py"))


@test(ROOT, USER)
def perl_mapping(caller):
    expect_two_boards(caller, "perl", program("board.pl"))


def ask_at(path):
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
        return client.makefile().read()


@test(ROOT, USER)
def sockets_and_subdirectories(caller):
    rooms = (PYTHON, program("rooms.py"))
    with started(caller, "blue", *rooms, "serve", "roses") as blue, \
            started(caller, "green", *rooms, "serve", "trees") as green:
        assert (blue.line(), green.line()) == ("ready", "ready")
        assert output(caller, "blue", *rooms, "ask") == "roses\n"
        assert output(caller, "green", *rooms, "ask") == "trees\n"
        assert {"blue/rooms/", "blue/rooms/door"} <= host_names()
        assert ask_at(OBJECTS + "/green/rooms/door") == "trees"
        assert (blue.end(), green.end()) == (0, 0)
    assert host_names() == {"blue/", "green/"}


@test(ROOT, USER)
def nested_namespaces(caller):
    script = "echo {0} >/dev/shm/x; read line; cat /dev/shm/x; ls /dev/shm"
    with started(caller, "team/blue", "sh", "-c", script.format("roses")) as blue, \
            started(caller, "team/green", "sh", "-c", script.format("trees")) as green:
        assert (blue.ask(), green.ask()) == ("roses", "trees")
        assert (blue.line(), green.line()) == ("x", "x")
        assert (blue.end(), green.end()) == (0, 0)
    assert host_names() == {
        "team/", "team/blue/", "team/blue/x", "team/green/", "team/green/x"}
    assert output(caller, "team", "cat", "/dev/shm/green/x") == "trees\n"


@test(ROOT, USER)
def from_inside_another_namespace(caller):
    script = '"$0" run inner -- sh -c "echo y >/dev/shm/y"; echo x >/dev/shm/x; "$0" run --rm gone true'
    output(caller, "outer", "sh", "-c", script, WORK + "/shmfs")
    assert host_names() == {"outer/", "outer/x", "outer/inner/", "outer/inner/y"}


# The eight of them use one and the same object, and one semaphore.
INSTANCE = f"echo | {program('tally')} 2 $0"


@test(ROOT, USER)
def eight_at_once_by_xargs(caller):
    run = ["xargs", "-P", "8", "-n", "1", WORK + "/shmfs", "run", "--unique", "--", "sh", "-c",
           INSTANCE]
    out = subprocess.run([*caller.become, *run], env=environment(), input="1 2 3 4 5 6 7 8",
                         capture_output=True, text=True, check=True).stdout
    assert sorted(out.split()) == sorted(["ready"] * 8 + [str(2 * i) for i in range(1, 9)]), out
    assert host_names() == set()


@test(ROOT, USER)
def eight_at_once_by_make(caller):
    rule = f"%:\n\t@{WORK}/shmfs run --rm job-$@ -- sh -c '{INSTANCE.replace('$', '$$')}' $@\n"
    run = ["make", "-s", "-j", "8", "-f", "-", *(str(i) for i in range(1, 9))]
    out = subprocess.run([*caller.become, *run], env=environment(), input=rule,
                         capture_output=True, text=True, check=True, cwd="/").stdout
    assert sorted(out.split()) == sorted(["ready"] * 8 + [str(2 * i) for i in range(1, 9)]), out
    assert host_names() == set()
