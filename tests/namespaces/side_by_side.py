# SPDX-License-Identifier: MIT
"""Two instances of one program, with names that nobody can change, in two namespaces at once."""
import os
import socket
import struct

from world import (MOUNT, PYTHON, ROOT, USER, Running, host_map, host_names, output, program,
                   started, test)


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
        "blue%2F", "blue%2Ftally", "blue%2Fsem.tally", "green%2F", "green%2Ftally",
        "green%2Fsem.tally", "tally", "sem.tally"}
    assert [read_sum(name) for name in ("/blue%2Ftally", "/green%2Ftally", "/tally")] == [
        20000, 21000, 6000]
    for name in host_names():
        assert os.stat("/dev/shm/" + name).st_uid == caller.uid, name
    # The objects stay: the next instance goes on with them.
    assert output(caller, "blue", tally, "1", "5", stdin="go\n") == "ready\n20005\n"


def expect_two_boards(caller, *argv):
    with started(caller, "blue", *argv, "roses") as blue, \
            started(caller, "green", *argv, "trees") as green:
        assert (blue.line(), green.line()) == ("roses", "trees")
        assert {"blue%2Fboard", "green%2Fboard"} <= host_names()
        assert "board" not in host_names()
        assert host_map("/blue%2Fboard")[:8] == b"roses\0\0\0"
        assert host_map("/green%2Fboard")[:8] == b"trees\0\0\0"
        # What the host stores is seen by that instance, and by that one only.
        host_map("/blue%2Fboard")[:5] = b"skies"
        assert (blue.ask(), green.ask()) == ("skies", "trees")
        assert (blue.end(), green.end()) == (0, 0)
    assert host_names() == {"blue%2F", "green%2F"}


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
        assert {"blue%2Frooms%2F", "blue%2Frooms%2Fdoor"} <= host_names()
        assert ask_at(MOUNT + "/green/rooms/door") == "trees"
        assert (blue.end(), green.end()) == (0, 0)
    assert host_names() == {"blue%2F", "green%2F"}


@test(ROOT, USER)
def nested_namespaces(caller):
    script = "echo {0} >/dev/shm/x; read line; cat /dev/shm/x; ls /dev/shm"
    with started(caller, "team/blue", "sh", "-c", script.format("roses")) as blue, \
            started(caller, "team/green", "sh", "-c", script.format("trees")) as green:
        assert (blue.ask(), green.ask()) == ("roses", "trees")
        assert (blue.line(), green.line()) == ("x", "x")
        assert (blue.end(), green.end()) == (0, 0)
    assert host_names() == {
        "team%2F", "team%2Fblue%2F", "team%2Fblue%2Fx", "team%2Fgreen%2F", "team%2Fgreen%2Fx"}
    assert output(caller, "team", "cat", "/dev/shm/green/x") == "trees\n"


@test(ROOT, USER)
def from_inside_another_namespace(caller):
    script = '"$0" inner -- sh -c "echo y >/dev/shm/y"; echo x >/dev/shm/x'
    output(caller, "outer", "sh", "-c", script, os.path.dirname(program("")) + "/../../shmfs-run")
    assert host_names() == {"outer%2F", "outer%2Fx", "inner%2F", "inner%2Fy"}
