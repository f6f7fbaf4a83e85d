# SPDX-License-Identifier: MIT
"""What the tests of shmfs-run start from: callers, running programs, the host's view, TAP.

All of it happens in mount and PID namespaces of its own (run.py), where /dev/shm and /run are new
tmpfs: whatever goes wrong ends with them.
"""
import _posixshmem
import glob
import mmap
import os
import signal
import subprocess
import time
import traceback

PATIENCE = 600  # seconds for one test; thousands of times what it needs
WORK = os.environ.get("SHMFS_NAMESPACES_WORK", "")
MOUNT = "/run/shmfs"
PYTHON = "/usr/bin/python3"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Caller:
    """Who runs shmfs-run: root, or somebody by setpriv(1)."""

    def __init__(self, name, uid, gid, groups=()):
        self.name, self.uid, self.gid, self.groups = name, uid, gid, groups
        self.become = []
        if uid != 0:
            self.become = ["setpriv", f"--reuid={uid}", f"--regid={gid}"]
            self.become += ["--groups=" + ",".join(map(str, groups))] if groups else [
                "--clear-groups"]
            self.become += ["--"]


ROOT = Caller("root", 0, 0)
USER = Caller("user", 4711, 4712, (4712, 4713))
NOBODY = Caller("nobody", 65534, 65534)  # fusermount3 wants somebody in /etc/passwd


def shmfs():
    return WORK + "/shmfs"


def program(name):
    return f"{WORK}/tests/programs/{name}"


def environment(**more):
    env = {name: value for name, value in os.environ.items()
           if not name.startswith("SHMFS") and name != "XDG_RUNTIME_DIR"}
    return env | {"PATH": PATH, "LC_ALL": "C.UTF-8", "SHELL": "/bin/sh"} | more


def command(caller, *args):
    return [*caller.become, WORK + "/shmfs-run", *args]


def shmfs_run(caller, *args, env=None, stdin="", cwd="/"):
    """Runs it to its end: .returncode, .stdout, .stderr."""
    return subprocess.run(command(caller, *args), env=environment(**(env or {})), input=stdin,
                          cwd=cwd, capture_output=True, text=True, check=False)


def output(caller, *args, **options):
    """The same, and it has to succeed without a word on stderr."""
    done = shmfs_run(caller, *args, **options)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


class Running:
    """A program that runs and answers: it ends when its standard input does."""

    def __init__(self, argv, **env):
        self.process = subprocess.Popen(argv, env=environment(**env), cwd="/", text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def line(self):
        line = self.process.stdout.readline()
        assert line.endswith("\n"), f"it ended: {self.process.stderr.read()}"
        return line[:-1]

    def ask(self, question=""):
        self.process.stdin.write(question + "\n")
        self.process.stdin.flush()
        return self.line()

    def end(self):
        """Its exit status; it must not have said anything more."""
        out, err = self.process.communicate()
        assert (out, err) == ("", ""), (out, err)
        return self.process.returncode


def started(caller, name, *argv):
    return Running(command(caller, name, "--", *argv))


def wait_until(holds):
    while not holds():  # the alarm of the test ends it
        time.sleep(0.01)


# --- the host's view ------------------------------------------------------------------------------

def host_names():
    return set(os.listdir("/dev/shm"))


def host_map(name):
    """The object as a program of the host has it: by shm_open and mmap."""
    fd = _posixshmem.shm_open(name, os.O_RDWR, 0o600)
    try:
        return mmap.mmap(fd, 0)
    finally:
        os.close(fd)


def daemons():
    """Process ids of the daemons that live. One that serves for another does not count."""
    parents = {}
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path, encoding="utf-8") as file:
                pid, name, state, parent = file.read().split()[:4]
        except OSError:
            continue
        if name == "(shmfs)" and state != "Z":
            parents[int(pid)] = int(parent)
    return [pid for pid, parent in parents.items() if parent not in parents]


def mount_shmfs(directory, *options):
    os.makedirs(directory, exist_ok=True)
    subprocess.run([shmfs(), *options, directory], env=environment(), check=True)


def umount(directory):
    subprocess.run(["umount", directory], check=True)


# --- tests ----------------------------------------------------------------------------------------

TESTS = []


def test(*callers, needs_mmap=True):
    """Registers a function as a test for each of these callers."""
    def register(function):
        TESTS.extend((function, caller, needs_mmap) for caller in callers)
        return function
    return register


def expect_failure(done, status, word):
    """One line on stderr says why."""
    assert done.returncode == status, done
    assert done.stdout == "", done
    assert done.stderr.startswith("shmfs-run: ") and done.stderr.count("\n") == 1, done
    assert word in done.stderr, (word, done.stderr)


def sweep():
    for name in host_names():
        os.unlink("/dev/shm/" + name)


def give_up_mounts():
    """After a failure: the next test starts from nothing."""
    with open("/proc/self/mounts", encoding="utf-8") as table:
        for fields in map(str.split, table):
            if fields[2] == "fuse.shmfs":
                subprocess.run(["umount", "--lazy", fields[1]], check=False)


def on_alarm(_signal, _frame):
    raise TimeoutError(f"not done after {PATIENCE} seconds")


def run_tests(no_mmap):
    """Prints TAP; returns whether all went well. What needs mmap is skipped if there is a reason."""
    failures = 0
    signal.signal(signal.SIGALRM, on_alarm)
    print(f"1..{len(TESTS)}")
    for number, (function, caller, needs_mmap) in enumerate(TESTS, 1):
        name = f"{number} - {caller.name}: {function.__name__}"
        if needs_mmap and no_mmap:
            print(f"ok {name} # SKIP {no_mmap}")
            continue
        signal.alarm(PATIENCE)
        try:
            function(caller)
            sweep()
            print(f"ok {name}", flush=True)
        except Exception:  # pylint: disable=broad-except
            failures += 1
            print(f"not ok {name}")
            print("".join("# " + line + "\n" for line in traceback.format_exc().splitlines()),
                  end="", flush=True)
            give_up_mounts()
            sweep()
        finally:
            signal.alarm(0)
    return failures == 0
