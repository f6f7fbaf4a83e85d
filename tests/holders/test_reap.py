# SPDX-License-Identifier: MIT
"""shmfs reap."""
import fcntl
import json
import os
import struct
import subprocess
import time

from world import SHM, USER, Keeper, from_json, in_namespace, make, reaped, shmfs

IMMUTABLE = 0x10


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
        assert done == {"free": ("would-remove", "not held")}, done
        assert os.path.exists(f"{SHM}/free")
        done = reaped("--older-than", "0", "--name", "f*")
        assert done == {"free": ("removed", "not held")}, done
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
    """Empty namespaces go, unless a program runs in them, has the lock, or lives there."""
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
    """All names of an object without a holder go; one object in several directories stays whole."""
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
    """An object that a killed reap has left aside gets its name back."""
    path = make("precious")
    ino = os.stat(path).st_ino
    with subprocess.Popen(["true"]) as dead:
        pass
    os.rename(path, f"{SHM}/.shmfs-reap-{dead.pid}-{ino}-precious")
    done = from_json("reap", status=1)
    assert [row["reason"] for row in done["reaped"]] == ["has its name again"], done
    assert os.listdir(SHM) == ["precious"]


def test_reap_waits_for_nobody():
    """A process has a lease on an object: it is held, and an open would wait for 45 s."""
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
