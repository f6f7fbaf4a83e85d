# SPDX-License-Identifier: MIT
"""The world of the tests of `shmfs run`: callers, running programs, the host's view, TAP.

All of it happens in mount and PID namespaces of its own (run.py), where /dev/shm is a new
tmpfs: whatever goes wrong ends with them.
"""
import glob
import mmap
import os
import shutil
import signal
import subprocess
import time
import traceback

PATIENCE = 600  # seconds for one test; thousands of times its usual time
WORK = os.environ.get("SHMFS_NAMESPACES_WORK", "")
OBJECTS = "/dev/shm"
PYTHON = "/usr/bin/python3"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Caller:
    """The caller of `shmfs run`: root, or another user by setpriv(1)."""

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
OTHER = Caller("other", 65534, 65534)


def shmfs():
    return WORK + "/shmfs"


def program(name):
    return f"{WORK}/tests/programs/{name}"


def environment(**more):
    env = {name: value for name, value in os.environ.items() if not name.startswith("SHMFS")}
    return env | {"PATH": PATH, "LC_ALL": "C.UTF-8", "SHELL": "/bin/sh"} | more


def command(caller, *args):
    return [*caller.become, WORK + "/shmfs", "run", *args]


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
    """All that is in /dev/shm, at any depth; directories have a slash at the end."""
    names = set()
    for top, directories, others in os.walk(OBJECTS):
        prefix = top[len(OBJECTS) + 1:] + "/" if top != OBJECTS else ""
        names.update(prefix + name for name in others)
        names.update(prefix + name + ("" if os.path.islink(f"{top}/{name}") else "/")
                     for name in directories)
    return names


def host_map(name):
    """The object, mapped by its path."""
    fd = os.open(f"{OBJECTS}/{name}", os.O_RDWR)
    try:
        return mmap.mmap(fd, 0)
    finally:
        os.close(fd)


def processes(name):
    """Process ids of those that live and have this name."""
    found = []
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path, encoding="utf-8") as file:
                pid, rest = file.read().split(" (", 1)
        except OSError:
            continue
        if rest.startswith(name) and ") Z " not in rest:
            found.append(int(pid))
    return found


def guards():
    return processes("shmfs-guard")


def make_directory(name, owner, mode):
    path = f"{OBJECTS}/{name}"
    os.mkdir(path)
    os.chown(path, owner.uid, owner.gid)
    os.chmod(path, mode)
    return path


# --- tests ----------------------------------------------------------------------------------------

TESTS = []


def test(*callers, needs=lambda: None):
    """Registers a function as a test for each of these callers. needs: the reason to skip it."""
    def register(function):
        TESTS.extend((function, caller, needs) for caller in callers)
        return function
    return register


def expect_failure(done, status, word):
    """One line on stderr says why."""
    assert done.returncode == status, done
    assert done.stdout == "", done
    assert done.stderr.startswith("shmfs run: ") and done.stderr.count("\n") == 1, done
    assert word in done.stderr, (word, done.stderr)


def sweep():
    """A mounted file system stays: its directory cannot be removed."""
    for name in os.listdir(OBJECTS):
        path = f"{OBJECTS}/{name}"
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.unlink(path)


def on_alarm(_signal, _frame):
    raise TimeoutError(f"not done after {PATIENCE} seconds")


def explain_skip(name, reason):
    if os.environ.get("SHMFS_TEST_MUST_RUN") == "1":
        print(f"not ok {name}\n# cannot run, and SHMFS_TEST_MUST_RUN is set: {reason}", flush=True)
        return False
    print(f"ok {name} # SKIP {reason}", flush=True)
    return True


def run_test(name, function, caller):
    """Nothing may be left running: a guard outlives a failure only."""
    signal.alarm(PATIENCE)
    try:
        function(caller)
        wait_until(lambda: not guards())
        print(f"ok {name}", flush=True)
        return True
    except Exception:  # pylint: disable=broad-except
        print(f"not ok {name}")
        print("".join("# " + line + "\n" for line in traceback.format_exc().splitlines()),
              end="", flush=True)
        return False
    finally:
        signal.alarm(0)
        sweep()


def run_tests():
    """Prints TAP; returns whether all went well."""
    passed = True
    signal.signal(signal.SIGALRM, on_alarm)
    print(f"1..{len(TESTS)}")
    for number, (function, caller, needs) in enumerate(TESTS, 1):
        name = f"{number} - {caller.name}: {function.__name__}"
        reason = needs()
        if reason:
            passed = explain_skip(name, reason) and passed
        else:
            passed = run_test(name, function, caller) and passed
    return passed
