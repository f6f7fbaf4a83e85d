#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A zoo of shared memory objects, held in every way there is: what shmfs ls, who and reap tell is
compared with what the zoo's keeper knows. Prints TAP.

usage: zoo.py
environment:
  SHMFS, SHMFS_KEEPER   the program, and that of keeper.c
  SHMFS_SCHEMA          doc/shmfs.schema.json
  SHMFS_TEST_MUST_RUN   1: what would be skipped fails

All of it happens in a mount namespace of its own, with a tmpfs of its own on /dev/shm.
"""
import datetime
import fcntl
import json
import os
import pathlib
import re
import shutil
import signal
import stat
import struct
import subprocess
import sys
import tempfile
import termios
import time
import traceback

SHM = "/dev/shm"
USER = 1000000 + os.getpid()  # nobody else's, and not that of another run
IMMUTABLE = 0x10

with open(os.environ["SHMFS_SCHEMA"], encoding="utf-8") as schema:
    SCHEMA = json.load(schema)


class Keeper:
    """A process that holds an object; it ends with the block."""

    def __init__(self, how, path, before=()):
        self.process = subprocess.Popen([*before, os.environ["SHMFS_KEEPER"], how, path],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n", (how, path)
        self.pid = self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.communicate()


def shmfs(*args, user=None):
    """Runs a verb: .returncode, .stdout, .stderr."""
    become = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user else []
    return subprocess.run([*become, os.environ["SHMFS"], *args], capture_output=True, text=True,
                          check=False)


TYPES = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool,
         "null": type(None)}


def check_schema(value, form, where):
    """As much of JSON Schema as doc/shmfs.schema.json uses; unknown members are errors here."""
    if "$ref" in form:
        form = SCHEMA["$defs"][form["$ref"].split("/")[-1]]
    if "enum" in form:
        assert value in form["enum"], (where, value)
        return
    types = form["type"] if isinstance(form["type"], list) else [form["type"]]
    assert any(isinstance(value, TYPES[name]) and (name == "boolean" or not isinstance(value, bool))
               for name in types), (where, value, types)
    if isinstance(value, str) and "pattern" in form:
        assert re.search(form["pattern"], value), (where, value)
    if isinstance(value, str) and form.get("format") == "date-time":
        datetime.datetime.fromisoformat(value)
    if isinstance(value, int) and "minimum" in form:
        assert value >= form["minimum"], (where, value)
    if isinstance(value, list):
        for item in value:
            check_schema(item, form["items"], where + "[]")
    if isinstance(value, dict):
        assert set(form["required"]) <= set(value), (where, value)
        for name, member in value.items():
            check_schema(member, form["properties"][name], where + "." + name)


def from_json(verb, *args, user=None, status=0):
    done = shmfs(verb, *args, "--json", user=user)
    assert done.returncode == status and done.stderr == "", done
    parsed = json.loads(done.stdout)
    check_schema(parsed, SCHEMA["$defs"][verb], verb)
    return parsed


def listed(*args, user=None):
    """Rows of shmfs ls by their name."""
    return {row["name"]: row for row in from_json("ls", *args, user=user)["objects"]}


def make(name, size=8192, mode=0o640, owner=(0, 0)):
    path = f"{SHM}/{name}"
    with open(path, "wb") as file:
        file.write(b"x" * size)
    os.chown(path, *owner)
    os.chmod(path, mode)
    return path


def clean():
    for name in os.listdir(SHM):
        path = f"{SHM}/{name}"
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.unlink(path)


def holders_of(row):
    return [(holder["pid"], holder["how"]) for holder in row["held-by"] if not holder["daemon"]]


# --- ls ------------------------------------------------------------------------------------------

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
    """So many that threads share the work: objects that nobody holds are free by all their names."""
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
    # The kernel tells the owner of an object even what they cannot see.
    assert shmfs("who", "mine", user=USER).returncode == 1


# --- through other doors ---------------------------------------------------------------------------

def in_namespace(*setup):
    """To be put before a command: it runs in a mount namespace where this was done before."""
    script = " && ".join([*setup, 'exec "$@"'])
    return ["unshare", "-m", "--propagation", "private", "sh", "-c", script, "sh"]


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
    point = tempfile.mkdtemp(prefix="shmfs-zoo-")
    subprocess.run([os.environ["SHMFS"], point], check=True)
    passthrough = "passthrough\n" in shmfs("-o", "status", point).stdout
    try:
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
    finally:
        subprocess.run(["umount", point], check=True)
        os.rmdir(point)


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


# --- reap ------------------------------------------------------------------------------------------

def reaped(*args, status=0):
    """Names by what was done with them."""
    rows = from_json("reap", *args, status=status)["reaped"]
    return {row["name"]: (row["action"], row["reason"]) for row in rows}


def test_reap():
    """Only what nobody holds goes; and what is young, or a semaphore or lock, only when told."""
    for name in ("free", "held", "young"):
        make(name)
    make("sem.gate", 32)
    make("index.lock")
    make("empty", 0)
    with Keeper("map", f"{SHM}/held"), Keeper("path", make("looked-at")):
        assert all(done == ("kept", "too young") for done in reaped(status=1).values())
        done = reaped("--older-than", "0", "--dry-run", "--name", "free")
        assert done == {"free": ("would-remove", "held by nobody")}, done
        assert os.path.exists(f"{SHM}/free")
        done = reaped("--older-than", "0", "--name", "f*")
        assert done == {"free": ("removed", "held by nobody")}, done
        done = reaped("--older-than", "0")
        assert done["held"] == done["looked-at"] == ("kept", "held"), done
        assert done["young"][0] == "removed", done
        assert {done[name][0] for name in ("sem.gate", "index.lock", "empty")} == {"kept"}, done
        done = reaped("--older-than", "0", "--semaphores")
        assert {done[name][0] for name in ("sem.gate", "index.lock", "empty")} == {"removed"}, done
        assert sorted(os.listdir(SHM)) == ["held", "looked-at"]


def test_reap_selects():
    os.mkdir(f"{SHM}/web1")
    os.mkdir(f"{SHM}/web10")
    make("web1/a")
    make("web10/a")
    make("theirs", owner=(USER, USER))
    done = from_json("reap", "--older-than", "0", "--namespace", "/web1/")["reaped"]
    assert [(row["namespace"], row["name"]) for row in done] == [("web1", "a")], done
    assert list(reaped("--older-than", "0", "--user", str(USER))) == ["theirs"]
    assert os.path.exists(f"{SHM}/web10/a")
    # A user's semaphore goes without a word when the user has no process that may come back.
    make("sem.theirs", 32, owner=(USER, USER))
    assert reaped("--older-than", "0", "--user", str(USER))["sem.theirs"][0] == "removed"


def test_reap_namespaces():
    """Empty namespaces go, unless somebody runs in them, has the lock, or lives there."""
    for name in ("free", "inhabited", "locked", "lived-in"):
        os.mkdir(f"{SHM}/{name}")
    make("elsewhere")
    lock = os.open(f"{SHM}/locked", os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_SH)
    setup = (f"mount --bind {SHM} /mnt", f"mount --bind {SHM}/inhabited {SHM}")
    with Keeper("map", "/mnt/elsewhere", in_namespace(*setup)), subprocess.Popen(
            ["cat"], stdin=subprocess.PIPE, cwd=f"{SHM}/lived-in") as living:
        done = reaped("--older-than", "0")
        living.communicate()
    os.close(lock)
    assert done["free"][0] == "removed", done
    assert all(done[name] == ("kept", "held") for name in ("inhabited", "locked", "lived-in")), done


def test_reap_links():
    """All names of an object that nobody holds go; one object in several directories stays whole."""
    os.mkdir(f"{SHM}/web1")
    os.link(make("shared"), f"{SHM}/web1/shared")
    done = from_json("reap", "--older-than", "0")
    assert [row["action"] for row in done["reaped"]] == ["removed", "removed"], done
    assert done["sum"]["freed"] == 8192, done


def test_reap_fails():
    """An object that the kernel does not let go keeps its name."""
    path = make("immutable")
    fd = os.open(path, os.O_RDONLY)
    try:
        fcntl.ioctl(fd, 0x40086602, struct.pack("l", IMMUTABLE))
    except OSError:
        return "no immutable files on this kernel's tmpfs"
    finally:
        os.close(fd)
    try:
        done = reaped("--older-than", "0", status=3)
        assert done["immutable"][0] == "failed" and os.listdir(SHM) == ["immutable"], done
    finally:
        fd = os.open(path, os.O_RDONLY)
        fcntl.ioctl(fd, 0x40086602, struct.pack("l", 0))
        os.close(fd)
    return None


def test_reap_doubt():
    """A user may not judge what belongs to others, nor remove it."""
    make("roots", mode=0o666)
    make("own", owner=(USER, USER))
    done = json.loads(shmfs("reap", "--older-than", "0", "--json", user=USER).stdout)
    actions = {row["name"]: row["action"] for row in done["reaped"]}
    assert actions == {"roots": "doubt", "own": "removed"}, done


def test_reap_left_aside():
    """What a reap that was killed has left aside gets its name back."""
    path = make("precious")
    ino = os.stat(path).st_ino
    with subprocess.Popen(["true"]) as dead:
        pass
    os.rename(path, f"{SHM}/.shmfs-reap-{dead.pid}-{ino}-precious")
    done = from_json("reap", status=1)
    assert [row["reason"] for row in done["reaped"]] == ["has its name again"], done
    assert os.listdir(SHM) == ["precious"]


def test_reap_waits_for_nobody():
    """Somebody has a lease on an object: it is held, and an open would wait for 45 s."""
    make("leased", owner=(USER, USER))
    script = ("import fcntl, os, sys; fd = os.open(sys.argv[1], os.O_RDONLY);"
              "fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK); print('ready', flush=True);"
              "import signal; signal.signal(signal.SIGIO, signal.SIG_IGN); sys.stdin.read()")
    with subprocess.Popen(["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups",
                           "/usr/bin/python3", "-c", script, f"{SHM}/leased"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "ready\n"
        start = time.monotonic()
        assert reaped("--older-than", "0", status=1)["leased"] == ("kept", "held")
        assert shmfs("ls", "-l").returncode == 0
        assert time.monotonic() - start < 20
        holder.communicate()


# --- watch -----------------------------------------------------------------------------------------

def watched(act, *args, end, directory=SHM):
    """What shmfs watch tells while act() runs, up to the removal of `end` in `directory`."""
    with subprocess.Popen([os.environ["SHMFS"], "watch", "--json", *args], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as watch:
        if "watching" not in watch.stderr.readline():
            return None
        act()
        os.close(os.open(f"{directory}/{end}", os.O_CREAT | os.O_RDWR))
        os.unlink(f"{directory}/{end}")
        records = []
        for line in watch.stdout:
            records.append(json.loads(line))
            check_schema(records[-1], SCHEMA["$defs"]["watch"], "watch")
            if (records[-1]["action"], records[-1]["name"]) == ("remove", end):
                break
        watch.kill()
    return [record for record in records if record["name"] != end]


def own_command():
    with open("/proc/self/comm", encoding="utf-8") as comm:
        return comm.read().rstrip("\n")


def told(records):
    return [(record["action"], record["name"], record["to"], record["detail"])
            for record in records]


def test_watch():
    """Each kind of change, one line each, with the process that did it."""
    os.mkdir(f"{SHM}/web1")

    steps = [
        (lambda: os.close(os.open(f"{SHM}/a", os.O_CREAT | os.O_RDWR, 0o600)),
         ("create", "a", None, "0600")),
        (lambda: os.link(f"{SHM}/a", f"{SHM}/web1/b"), ("link", "web1/b", None, "0600")),
        (lambda: os.rename(f"{SHM}/a", f"{SHM}/web1/c"), ("rename", "a", "web1/c", None)),
        (lambda: os.chmod(f"{SHM}/web1/c", 0o644), ("chmod", "web1/c", None, "0600 0644")),
        (lambda: os.truncate(f"{SHM}/web1/c", 100), ("resize", "web1/c", None, "0 100")),
        (lambda: os.chown(f"{SHM}/web1/c", USER, USER),
         ("chown", "web1/c", None, f"0:0 {USER}:{USER}")),
        (lambda: os.mkdir(f"{SHM}/d", 0o700), ("mkdir", "d", None, "0700")),
        (lambda: os.rmdir(f"{SHM}/d"), ("rmdir", "d", None, None)),
        (lambda: os.unlink(f"{SHM}/web1/b"), ("remove", "web1/b", None, None)),
    ]
    os.umask(0)
    for number, (act, expected) in enumerate(steps):
        records = watched(act, end="end")
        if records is None:
            return "fanotify(7) cannot tell names or processes here"
        assert told(records) == [expected], (number, records)
        assert (records[0]["pid"], records[0]["uid"], records[0]["user"]) == (
            os.getpid(), 0, "root"), records
        assert (records[0]["command"], records[0]["door"]) == (own_command(), SHM), records
    return None


def test_watch_one_namespace():
    os.mkdir(f"{SHM}/web1")
    os.mkdir(f"{SHM}/web10")

    def act():
        make("web1/in")
        make("web10/out")
        make("out")
        os.rename(f"{SHM}/out", f"{SHM}/web1/moved")
        os.unlink(f"{SHM}/web1/in")
        os.unlink(f"{SHM}/web1/moved")

    records = watched(act, "/web1", end="web1/end")
    if records is None:
        return "fanotify(7) cannot tell names or processes here"
    names = {record["name"] for record in records}
    assert names == {"web1/in", "out", "web1/moved"}, records
    assert [record["to"] for record in records if record["name"] == "out"] == ["web1/moved"]
    return None


def test_watch_ended():
    """Processes that have ended before anybody can look at them: the maker is known by the object."""
    script = f"exec 5>{SHM}/made-$1"
    become = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]

    def act():
        for number in range(20):
            subprocess.run([*become, "sh", "-c", script, "sh", str(number)], check=True)

    records = watched(act, end="end")
    if records is None:
        return "fanotify(7) cannot tell names or processes here"
    made = [record for record in records if record["action"] == "create"]
    assert len(made) == 20 and {record["uid"] for record in made} == {USER}, records
    assert {record["command"] for record in made} <= {"sh", None}, records
    return None


def test_watch_mount():
    """Through a mount: the process that asked, and not the daemon."""
    point = tempfile.mkdtemp(prefix="shmfs-zoo-")
    subprocess.run([os.environ["SHMFS"], point], check=True)
    try:
        records = watched(lambda: os.close(os.open(f"{point}/new", os.O_CREAT | os.O_RDWR)),
                          end="end", directory=point)
    finally:
        subprocess.run(["umount", point], check=True)
        os.rmdir(point)
    if records is None:
        return "fanotify(7) cannot tell names or processes here"
    created = [record for record in records if record["action"] == "create"]
    assert len(created) == 1, records
    if created[0]["door"] == SHM:
        return "fanotify(7) cannot watch FUSE here"
    assert (created[0]["pid"], created[0]["command"], created[0]["door"]) == (
        os.getpid(), own_command(), point), records
    return None


def test_status():
    """All mounts, by name or not; what is none is told."""
    point = tempfile.mkdtemp(prefix="shmfs-zoo-")
    subprocess.run([os.environ["SHMFS"], point], check=True)
    try:
        done = shmfs("status", "--json", point)
        mount = json.loads(done.stdout)["mounts"][0]
        check_schema({"mounts": [{name: mount[name] for name in (
            "mountpoint", "answers", "version", "pid", "worker", "worker-restarts", "open-objects",
            "requests-answered", "users-above-their-share")}]}, SCHEMA["$defs"]["status"], "status")
        assert (mount["mountpoint"], mount["answers"]) == (point, True) and "data-path" in mount, mount
        mounts = json.loads(shmfs("status", "--json").stdout)["mounts"]
        assert any(mount["mountpoint"] == point and mount["user"] == "root" for mount in mounts)
    finally:
        subprocess.run(["umount", point], check=True)
        os.rmdir(point)
    done = shmfs("status", "/etc")
    assert done.returncode == 1 and "not a mount of shmfs" in done.stderr, done


def stop(pid):
    """Stops all threads of a process, and waits until each has stopped."""
    os.kill(pid, signal.SIGSTOP)
    while not all("State:\tT" in pathlib.Path(f"/proc/{pid}/task/{task}/status").read_text()
                  for task in os.listdir(f"/proc/{pid}/task")):
        time.sleep(0.01)


def test_status_waits_for_nobody():
    """A daemon that is stopped does not answer."""
    point = tempfile.mkdtemp(prefix="shmfs-zoo-")
    subprocess.run([os.environ["SHMFS"], "-o", "nokeeper", point], check=True)
    pid = json.loads(shmfs("status", "--json", point).stdout)["mounts"][0]["pid"]
    stop(pid)
    try:
        done = shmfs("status", point)
        assert done.returncode == 1 and "does not answer" in done.stderr, done
        make("seen")
        assert list(listed()) == ["seen"] and shmfs("who", "seen").returncode == 1
    finally:
        os.kill(pid, signal.SIGCONT)
        subprocess.run(["umount", point], check=True)
        os.rmdir(point)


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
    point = tempfile.mkdtemp(prefix="shmfs-zoo-")
    make("source")
    os.mkdir(f"{SHM}/locked")
    os.chown(f"{SHM}/locked", USER, USER)
    path = make("locked/object", owner=(USER, USER))
    subprocess.run([os.environ["SHMFS"], "-o", "nokeeper,passthrough=off", point], check=True)
    pid = json.loads(shmfs("status", "--json", point).stdout)["mounts"][0]["pid"]
    writer = subprocess.Popen(["/usr/bin/python3", "-c", STUCK_WRITER, f"{point}/source", path],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    remover = None
    try:
        assert writer.stdout.readline() == "ready\n"
        os.kill(pid, signal.SIGSTOP)
        writer.stdin.write("go\n")
        writer.stdin.flush()
        wait_until_stuck(writer)
        remover = subprocess.Popen(["rm", "-f", path])
        wait_until_stuck(remover)
        make("free")
        done = from_json("ls")
        assert {row["name"] for row in done["objects"]} == {"source", "free"}, done
        assert done["unseen"]["directories"] == 1, done
        assert shmfs("who", "free").returncode == 1
        assert reaped("--older-than", "0", "--name", "free")["free"][0] == "removed"
    finally:
        os.kill(pid, signal.SIGCONT)
        writer.communicate()
        if remover:
            remover.wait()
        subprocess.run(["umount", point], check=True)
        os.rmdir(point)


def test_watch_needs_root():
    done = shmfs("watch", user=USER)
    assert done.returncode == 1 and "only root" in done.stderr, done


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


# --- the frame -------------------------------------------------------------------------------------

def enter_private_shm():
    """Runs this program again in a mount namespace of its own."""
    if "SHMFS_ZOO_INSIDE" not in os.environ:
        private_mounts = os.path.join(os.path.dirname(__file__), "../../scripts/private-mounts")
        os.execve(private_mounts, [private_mounts, sys.executable, *sys.argv],
                  os.environ | {"SHMFS_ZOO_INSIDE": "1"})
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=1777", "zoo", SHM], check=True)


def run(number, name, test):
    try:
        skipped = test()
        print(f"ok {number} {name}" + (f" # SKIP {skipped}" if skipped else ""), flush=True)
        return True
    except Exception:  # a failure of any kind is a result
        print(f"not ok {number} {name}")
        for line in traceback.format_exc().splitlines():
            print("# " + line, flush=True)
        return False
    finally:
        clean()


def main():
    if os.geteuid() != 0:
        print("1..0 # SKIP needs root, for a mount namespace of its own", flush=True)
        return 1 if os.environ.get("SHMFS_TEST_MUST_RUN") == "1" else 0
    enter_private_shm()
    with tempfile.TemporaryDirectory(prefix="shmfs-zoo-") as work:
        # Other users run them, too, and the build may lie where they cannot go.
        os.chmod(work, 0o755)
        for variable in ("SHMFS", "SHMFS_KEEPER"):
            os.environ[variable] = shutil.copy(os.environ[variable], work)
        wanted = sys.argv[1:]
        tests = [(name, test) for name, test in globals().items()
                 if name.startswith("test_") and (not wanted or name in wanted)]
        print(f"1..{len(tests)}")
        results = [run(number, name, test) for number, (name, test) in enumerate(tests, 1)]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
