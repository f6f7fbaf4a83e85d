# SPDX-License-Identifier: MIT
"""shmfs status; all verbs when a daemon or a directory does not answer; and their usage."""
import contextlib
import json
import os
import pathlib
import signal
import subprocess
import time

from world import (SCHEMA, SHM, USER, check_schema, daemon_of, from_json, listed, make, mounted,
                   reaped, shmfs)


@contextlib.contextmanager
def stopped(pid):
    """For as long as the block runs, no thread of the process runs."""
    os.kill(pid, signal.SIGSTOP)
    try:
        while not all("State:\tT" in pathlib.Path(f"/proc/{pid}/task/{task}/status").read_text()
                      for task in os.listdir(f"/proc/{pid}/task")):
            time.sleep(0.01)
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_status():
    """All mounts, by name or not; a directory that is no mount."""
    with mounted() as point:
        done = shmfs("status", "--json", point)
        mount = json.loads(done.stdout)["mounts"][0]
        check_schema({"mounts": [{name: mount[name] for name in (
            "mountpoint", "answers", "version", "pid", "worker", "worker-restarts", "open-objects",
            "requests-answered", "users-above-their-share")}]}, SCHEMA["$defs"]["status"], "status")
        assert (mount["mountpoint"], mount["answers"]) == (point, True) and "data-path" in mount, mount
        mounts = json.loads(shmfs("status", "--json").stdout)["mounts"]
        assert any(mount["mountpoint"] == point and mount["user"] == "root" for mount in mounts)
    done = shmfs("status", "/etc")
    assert done.returncode == 1 and "not a mount of shmfs" in done.stderr, done


def test_status_waits_for_nobody():
    """A daemon that is stopped does not answer."""
    with mounted("-o", "nokeeper") as point, stopped(daemon_of(point)):
        done = shmfs("status", point)
        assert done.returncode == 1 and "does not answer" in done.stderr, done
        make("seen")
        assert list(listed()) == ["seen"] and shmfs("who", "seen").returncode == 1


STUCK_WRITER = """
import ctypes, mmap, os, sys
view = os.open(sys.argv[1], os.O_RDONLY)
page = mmap.mmap(view, 4096, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_WRITE)
address = ctypes.addressof(ctypes.c_char.from_buffer(page))
fd = os.open(sys.argv[2], os.O_RDWR)
print("ready", flush=True)
sys.stdin.readline()
ctypes.CDLL(None).write(fd, ctypes.c_void_p(address), 4096)
"""


def wait_until_stuck(process):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with open(f"/proc/{process.pid}/stat", encoding="utf-8") as stat_file:
            if stat_file.read().rsplit(")", 1)[1].split()[0] == "D":
                return
        time.sleep(0.01)
    raise AssertionError("it is not stuck")


def test_locked_directory():
    """A user keeps the lock of their own directory: everything else goes on.

    write(2) to an object holds its lock while it waits for a page of a file system that does not
    answer; unlink(2) of this object waits for that, with the lock of the directory.
    """
    make("source")
    os.mkdir(f"{SHM}/locked")
    os.chown(f"{SHM}/locked", USER, USER)
    path = make("locked/object", owner=(USER, USER))
    with mounted("-o", "nokeeper,passthrough=off") as point, contextlib.ExitStack() as at_end:
        writer = subprocess.Popen(["/usr/bin/python3", "-c", STUCK_WRITER, f"{point}/source", path],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        at_end.callback(writer.communicate)
        assert writer.stdout.readline() == "ready\n"
        with stopped(daemon_of(point)):
            writer.stdin.write("go\n")
            writer.stdin.flush()
            wait_until_stuck(writer)
            remover = subprocess.Popen(["rm", "-f", path])
            at_end.callback(remover.wait)
            wait_until_stuck(remover)
            make("free")
            done = from_json("ls")
            assert {row["name"] for row in done["objects"]} == {"source", "free"}, done
            assert done["unseen"]["directories"] == 1, done
            assert shmfs("who", "free").returncode == 1
            assert reaped("--older-than", "0", "--name", "free")["free"][0] == "removed"


def test_usage():
    for args in (("reap", "--older-than", "soon"), ("reap", "--user", "nobody-such"), ("who",),
                 ("ls", "--sort", "colour"), ("ls", "-o", "COLOUR"), ("reap", "free"),
                 ("reap", "-o", "COLOUR")):
        make("free")
        done = shmfs(*args)
        assert done.returncode != 0 and done.stderr and not done.stdout, done
        assert os.path.exists(f"{SHM}/free")
    for verb in ("ls", "who", "reap", "watch", "status"):
        assert "usage: shmfs " + verb in shmfs(verb, "-h").stdout
