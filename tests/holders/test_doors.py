# SPDX-License-Identifier: MIT
"""Objects that are held through other mounts and in other mount namespaces."""
import os
import subprocess

from world import (SHM, Keeper, from_json, holders_of, in_namespace, listed, make, mounted, reaped,
                   shmfs)


def test_namespace():
    """A directory over /dev/shm, as shmfs run has it."""
    os.mkdir(f"{SHM}/web1")
    make("web1/counter")
    with Keeper("map", f"{SHM}/counter", in_namespace(f"mount --bind {SHM}/web1 {SHM}")) as keeper:
        row = listed()["counter"]
        assert row["namespace"] == "web1" and holders_of(row) == [(keeper.pid, "map rw")], row
        assert row["held-by"][0]["door"] == f"{SHM} (web1)", row
        assert shmfs("who", "web1/counter").returncode == 0


def test_run():
    """A program that shmfs run has started holds its objects, and its namespace."""
    script = "echo x >/dev/shm/inside; exec 5</dev/shm/inside; echo ready; exec cat"
    with subprocess.Popen([os.environ["SHMFS"], "run", "web1", "/bin/sh", "-c", script],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        if program.stdout.readline() != "ready\n":
            return "shmfs run cannot make namespaces here"
        row = listed()["inside"]
        assert row["namespace"] == "web1" and len(holders_of(row)) == 1, row
        assert row["held-by"][0]["door"] == f"{SHM} (web1)", row
        os.unlink(f"{SHM}/web1/inside")
        assert reaped("--older-than", "0", status=1)["web1"] == ("kept", "held")
        program.communicate()
    assert reaped("--older-than", "0")["web1"][0] == "removed"
    return None


def test_container():
    """Another tmpfs is another world, which -a shows; and objects are told apart by both."""
    path = make("host")
    setup = (f"mount --bind {SHM} /mnt", f"mount -t tmpfs -o size=1m container {SHM}",
             f"head -c 5000 /dev/zero >{SHM}/inside")
    with Keeper("map", "/mnt/host", in_namespace(*setup)) as outer, \
            Keeper("fd-rw", f"{SHM}/inside", ["nsenter", "-m", "-t", str(outer.pid)]) as inner:
        rows = listed()
        assert list(rows) == ["host"] and holders_of(rows["host"]) == [(outer.pid, "map rw")], rows
        assert rows["host"]["held-by"][0]["door"] == "/mnt", rows
        everything = from_json("ls", "-a", "inside")
        row = next(row for row in everything["objects"] if row["name"] == "inside")
        assert holders_of(row) == [(inner.pid, "fd rw")] and row["shm"] != SHM, row
        assert any(part["size"] == 1 << 20 and part["objects"] == 1
                   for part in everything["shm"]), everything["shm"]
    assert os.path.exists(path)


def test_mount():
    """Through a mount of shmfs, in both ways."""
    with mounted() as point:
        passthrough = "passthrough\n" in shmfs("-o", "status", point).stdout
        make("seen")
        with Keeper("map" if passthrough else "fd-rw", f"{point}/seen") as keeper:
            row = listed()["seen"]
            told = "map rw" if passthrough else "fd rw"
            assert holders_of(row) == [(keeper.pid, told)], row
            doors = {holder["pid"]: holder["door"] for holder in row["held-by"]}
            assert doors[keeper.pid] == point, row
            assert {holder["door"] for holder in from_json("who", f"{point}/seen")["holders"]} >= {
                point}
            assert str(keeper.pid) in shmfs("ls", "-r", "-n", "-o", "HELD-BY").stdout
            done = shmfs("reap", "--older-than", "0")
            assert done.returncode == 1 and os.path.exists(f"{SHM}/seen"), done


def test_false_mount():
    """A memory file, a file elsewhere: no objects of /dev/shm, whatever their numbers are."""
    memory = os.memfd_create("memory")
    os.write(memory, b"x")
    assert not listed()
    make("real")
    done = shmfs("who", "/etc/passwd")
    assert done.returncode == 2 and "not shared memory" in done.stderr, done
    assert shmfs("who", "no-such-object").returncode == 2
    os.close(memory)
