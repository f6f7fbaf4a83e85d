# SPDX-License-Identifier: MIT
"""shmfs ls and shmfs who: every way to hold an object, and every column."""
import datetime
import fcntl
import os
import stat
import struct
import subprocess
import termios

from world import SHM, USER, Keeper, from_json, holders_of, listed, make, shmfs

WAYS = {"map": "map rw", "private": "map r", "fd-r": "fd r", "fd-w": "fd w", "fd-rw": "fd rw",
        "path": "fd path", "both": "map rw, fd rw", "leader": "map rw", "thread": "fd r",
        "undumpable": "map rw"}


def test_ways():
    """Map only, descriptor only, both, by a thread whose group's first thread has exited, ..."""
    for how, told in WAYS.items():
        path = make("animal")
        with Keeper(how, path) as keeper:
            row = listed()["animal"]
            assert holders_of(row) == [(keeper.pid, told)], (how, row)
            assert row["status"] == "held"
            holder = row["held-by"][0]
            assert (holder["user"], holder["uid"], holder["command"], holder["door"]) == (
                "root", 0, "keeper", SHM), holder
            assert shmfs("who", "animal").returncode == 0
        row = listed()["animal"]
        assert (row["held-by"], row["status"]) == ([], "free"), (how, row)
        assert shmfs("who", "animal").returncode == 1


def test_columns():
    """Every column of an object in a namespace, of another user."""
    os.mkdir(f"{SHM}/web1")
    path = make("web1/counter", 5000, 0o4604, (USER, USER + 1))
    os.link(path, f"{SHM}/web1.counter")
    os.utime(path, (1, 1700000000))
    st = os.stat(path)
    row = listed("web1/*")["counter"]
    assert row["namespace"] == "web1" and row["deleted"] is False, row
    assert (row["used"], row["size"]) == (8192, 5000), row
    assert (row["mode"], row["perms"]) == (stat.filemode(st.st_mode), "4604"), row
    assert (row["owner"], row["uid"], row["group"], row["gid"]) == (
        str(USER), USER, str(USER + 1), USER + 1), row
    assert (row["links"], row["ino"], row["sval"]) == (2, st.st_ino, None), row
    assert 0 <= row["age"] < 600 and row["btime"] and row["ctime"], row
    assert datetime.datetime.fromisoformat(row["mtime"]).timestamp() == 1700000000, row
    assert row["status"] == "free" and row["held-by"] == [], row
    assert listed()["web1.counter"]["namespace"] is None


def test_names():
    """Names have any bytes in them; output stays readable, and JSON stays JSON."""
    os.close(os.open(f"{SHM}/".encode() + b"a\nb\xff\\ \xc3\xa4", os.O_CREAT | os.O_RDWR))
    shown = "a\\x0ab\\xff\\x5c \u00e4"
    assert shown in listed()
    lines = shmfs("ls", "-n", "-o", "INO,NAME").stdout.splitlines()
    assert len(lines) == 1 and lines[0].endswith(" " + shown), lines
    lines = shmfs("ls", "-r", "-o", "NAME,STATUS").stdout.splitlines()
    assert lines == ["NAME STATUS", shown.replace(" ", "\\x20") + " free"], lines


def test_many():
    """So many that threads share the work: objects without a holder are free by all their names."""
    for number in range(2000):
        os.link(make(f"a{number}", 1, owner=(USER, USER)), f"{SHM}/b{number}")
    with Keeper("map", f"{SHM}/b1000"):
        rows = listed(user=USER)
        held = {name for name, row in rows.items() if row["status"] != "free"}
        assert len(rows) == 4000 and held == {"a1000", "b1000"}, held
        total = from_json("ls", user=USER)["shm"][0]
        assert (total["objects"], total["held"], total["used"]) == (4000, 2, 2000 * 4096), total


def test_terminal():
    """Where the terminal is too narrow, only the holders are cut."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 24, 60, 0, 0))
    with Keeper("map", make("counter")), Keeper("map", f"{SHM}/counter"):
        subprocess.run([os.environ["SHMFS"], "ls", "-l"], stdout=theirs, check=True)
    os.close(theirs)
    lines = os.read(ours, 65536).decode().splitlines()
    os.close(ours)
    assert lines[0].split() == ["NAMESPACE", "NAME", "USED", "SIZE", "MODE", "OWNER", "AGE",
                                "HELD-BY", "STATUS", "SVAL", "GROUP", "LINKS", "INO"], lines
    assert lines[1].split()[6][:7] == "keeper[" and " held " in lines[1], lines


def test_deleted():
    """Without a name, and still held: name, size and holder are told."""
    path = make("gone", 100000)
    with Keeper("map", path) as keeper:
        os.unlink(path)
        row = listed("--deleted")["gone"]
        assert row["deleted"] is True and holders_of(row) == [(keeper.pid, "map rw")], row
        assert (row["size"], row["links"]) == (100000, 0), row
        assert "gone (deleted)" in shmfs("ls").stdout
        assert from_json("ls")["shm"][0]["used-by-deleted"] == row["used"]
    assert not listed("--deleted")


def test_in_flight():
    """A descriptor on its way between processes is no process's, and still holds the object."""
    with Keeper("flight", make("letter")):
        row = listed()["letter"]
        assert (row["status"], row["held-by"]) == ("held", []), row
        assert from_json("ls")["unseen"]["in-flight"] >= 1
        assert from_json("who", "letter")["holders"][0]["pid"] is None
        done = shmfs("who", "letter")
        assert done.returncode == 0 and "(not seen)" in done.stdout, done
        done = shmfs("reap", "--older-than", "0")
        assert done.returncode == 1 and os.path.exists(f"{SHM}/letter"), done


def test_semaphores():
    """Values are decoded; what is too small for a semaphore kills nobody."""
    script = "import ctypes; ctypes.CDLL('libc.so.6').sem_open(b'/gate', 0o100, 0o600, 41)"
    subprocess.run(["/usr/bin/python3", "-c", script], check=True)
    make("sem.empty", 0)
    make("sem.short", 7)
    rows = listed()
    assert rows["sem.gate"]["sval"] == 41, rows
    assert rows["sem.empty"]["sval"] is None and rows["sem.short"]["sval"] is None


def test_orphans_and_order():
    for name, size in (("small", 10), ("large", 100000), ("held", 50000)):
        make(name, size)
    with Keeper("map", f"{SHM}/held"):
        assert sorted(listed("--orphans")) == ["large", "small"]
        names = shmfs("ls", "-r", "-n", "--sort", "size", "-o", "NAME").stdout.split()
        assert names == ["large", "held", "small"], names
        names = shmfs("ls", "-r", "-n", "-o", "NAME", "h?ld", "/sm*").stdout.split()
        assert names == ["held", "small"], names


def test_other_user():
    """Held by another user; and as that user, who may not look at root's processes."""
    mine, roots = make("mine", owner=(USER, USER)), make("roots", mode=0o666)
    become = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]
    with Keeper("map", mine, become) as keeper, Keeper("map", roots):
        row = listed()["mine"]
        assert [holder["uid"] for holder in row["held-by"]] == [USER], row
        rows = from_json("ls", user=USER)
        assert rows["unseen"]["processes"] > 0, rows
        row = {row["name"]: row for row in rows["objects"]}
        assert holders_of(row["mine"]) == [(keeper.pid, "map rw")], row
        assert (row["roots"]["status"], row["roots"]["held-by"]) == ("unknown", []), row
        done = shmfs("who", "roots", user=USER)
        assert done.returncode == 2 and "not seen" in done.stderr, done
    # The kernel tells the owner of an object even the holders that they cannot see.
    assert shmfs("who", "mine", user=USER).returncode == 1
