# SPDX-License-Identifier: MIT
"""The end of a namespace: --rm, --fresh, --unique, and SIGKILL."""
import os
import re
import signal

from world import (OBJECTS, PYTHON, ROOT, USER, Running, command, expect_failure, guards, host_names,
                   make_directory, output, processes, shmfs_run, started, test, wait_until)

WAIT = ("sh", "-c", "touch /dev/shm/$0; echo ready; read x; exit 0")

# A daemon as they are in the books: it closes all descriptors, so it has no lock.
DAEMON = """
import os, sys, time
os.closerange(0, 1000)
if os.fork() == 0:
    os.setsid()
    open("/dev/shm/daemon", "w").close()
    while os.path.exists("/dev/shm/daemon"):
        time.sleep(0.01)
"""


def running(caller, *args):
    blue = Running(command(caller, *args))
    assert blue.line() == "ready"
    return blue


@test(ROOT, USER)
def the_namespace_is_removed(caller):
    fill = "cd /dev/shm && touch a b && mkdir -p c/d && ln -s a l && mkfifo p c/d/e && cat >f"
    output(caller, "green", "touch", "/dev/shm/stays")
    output(caller, "--rm", "team/blue", "sh", "-c", fill, stdin="through stdin")
    assert host_names() == {"green/", "green/stays", "team/"}
    done = shmfs_run(caller, "--rm", "green", "sh", "-c", "exit 9")
    assert (done.returncode, done.stdout, done.stderr) == (9, "", "")
    assert host_names() == {"team/"}


# Deeper than a process has descriptors, with directories that their owner may not look into.
@test(ROOT, USER)
def a_deep_tree_is_removed(caller):
    dig = """
import os
os.chdir("/dev/shm")
for i in range(1500):
    open(f"f{i}", "w").close()
    os.mkdir("x" * 200)
    os.chdir("x" * 200)
os.chdir("/dev/shm")
os.makedirs("closed/closed")
os.chmod("closed/closed", 0)
os.chmod("closed", 0)
os.chmod(".", 0o500)
"""
    output(caller, "--rm", "blue", PYTHON, "-c", dig)
    assert host_names() == set()


@test(USER)
def what_cannot_be_removed_is_told(caller):
    output(caller, "blue", "mkdir", "/dev/shm/closed")
    os.chown(OBJECTS + "/blue/closed", 0, 0)
    with open(OBJECTS + "/blue/closed/x", "wb"):
        pass
    done = shmfs_run(caller, "--rm", "blue", "true")
    assert done.returncode == 125
    assert "cannot remove the namespace: x: Permission denied" in done.stderr, done


# A process named as a user lives, also after the end of the program that was started.
@test(ROOT, USER)
def a_guard_holds_its_own_lock(caller):
    with running(caller, "blue", *WAIT, "a") as other:
        done = shmfs_run(caller, "--rm", "blue", "sh", "-c",
                         "sleep 1000 >/dev/null 2>&1 </dev/null & echo $!")
        assert other.end() == 0
    refused = shmfs_run(caller, "--fresh", "blue", "true")
    expect_failure(refused, 125, f"blue: in use by process {guards()[0]} (shmfs-guard-r)")
    os.kill(int(done.stdout), signal.SIGKILL)
    wait_until(lambda: host_names() == set())


@test(ROOT, USER)
def the_last_one_removes(caller):
    with running(caller, "--rm", "blue", *WAIT, "a") as first, \
            running(caller, "--rm", "blue", *WAIT, "b") as second:
        assert first.end() == 0
        assert host_names() == {"blue/", "blue/a", "blue/b"}
        assert second.end() == 0
        wait_until(lambda: host_names() == set())


# The run with --rm does not wait; the directory is removed when the other run has ended.
@test(ROOT, USER)
def somebody_else_goes_on(caller):
    with running(caller, "blue", *WAIT, "a") as other:
        for _ in range(5):
            output(caller, "--rm", "blue", "touch", "/dev/shm/b")
        assert host_names() == {"blue/", "blue/a", "blue/b"}
        assert 1 <= len(guards()) <= 2  # one that waits is enough
        output(caller, "blue", "touch", "/dev/shm/c")
        assert other.end() == 0
        wait_until(lambda: host_names() == set())


# No directory is removed in which another run is just starting.
@test(ROOT, USER)
def start_and_removal_race(caller):
    loop = 'for i in 1 2 3 4 5 6 7 8; do "$@" || exit; done'
    argv = command(caller, "--rm", "blue", "sh", "-c", "echo $$ >/dev/shm/$$; cat /dev/shm/$$")
    racers = [Running(["sh", "-c", loop, "sh", *argv]) for _ in range(4)]
    for racer in racers:
        out, err = racer.process.communicate()
        assert (racer.process.returncode, err) == (0, ""), err
        assert len(out.split()) == 8, out
    wait_until(lambda: host_names() == set())


@test(ROOT, USER)
def a_daemon_of_the_program_goes_on(caller):
    output(caller, "--rm", "blue", PYTHON, "-c", DAEMON)
    wait_until(lambda: "blue/daemon" in host_names())
    assert len(guards()) == 1
    os.unlink(OBJECTS + "/blue/daemon")
    wait_until(lambda: host_names() == set())


@test(ROOT, USER)
def a_daemon_without_lock_and_guard_goes_on(caller):
    output(caller, "blue", PYTHON, "-c", DAEMON)
    wait_until(lambda: "blue/daemon" in host_names())
    output(caller, "--rm", "blue", "true")
    expect_failure(shmfs_run(caller, "--fresh", "blue", "true"), 125, "in use by process")
    assert "blue/daemon" in host_names()
    os.unlink(OBJECTS + "/blue/daemon")
    wait_until(lambda: host_names() == set())


# Not even when a reader waits for the end of the program's output.
@test(ROOT, USER)
def the_caller_does_not_wait_for_daemons(caller):
    done = shmfs_run(caller, "--rm", "blue", "sh", "-c",
                     "sleep 1000 >/dev/null 2>&1 </dev/null & echo $!")
    assert "blue/" in host_names()
    os.kill(int(done.stdout), signal.SIGKILL)
    wait_until(lambda: host_names() == set())


@test(ROOT, USER)
def sigkill_of_the_guard(caller):
    with running(caller, "--rm", "blue", "sh", "-c", "echo $$ >/dev/shm/pid; echo ready; read x") as blue:
        with open(OBJECTS + "/blue/pid", encoding="ascii") as file:
            pid = int(file.read())
        os.kill(guards()[0], signal.SIGKILL)
        assert blue.process.wait() == 125
        assert "guard process was killed" in blue.process.stderr.readline()
        assert os.path.exists(f"/proc/{pid}")
        expect_failure(shmfs_run(caller, "--fresh", "blue", "true"), 125, f"process {pid} (sh)")
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: pid not in processes("sh"))
    assert output(caller, "--rm", "--fresh", "blue", "ls", "/dev/shm") == ""
    assert host_names() == set()


@test(ROOT, USER)
def fresh_begins_with_nothing(caller):
    output(caller, "blue", "sh", "-c", "cd /dev/shm; touch x; mkdir -p d/e; ln -s x l")
    before = os.stat(OBJECTS + "/blue").st_ino
    assert output(caller, "--fresh", "blue", "ls", "-A", "/dev/shm") == ""
    assert (host_names(), os.stat(OBJECTS + "/blue").st_ino) == ({"blue/"}, before)


@test(ROOT, USER)
def fresh_is_refused_while_in_use(caller):
    for options in ((), ("--rm",)):
        with running(caller, *options, "blue", *WAIT, "a") as other:
            done = shmfs_run(caller, "--fresh", "blue", "true")
            expect_failure(done, 125, "blue: in use by process ")
            named = int(re.search(r"process (\d+)", done.stderr)[1])
            assert named in [other.process.pid, *guards()], done
            assert "blue/a" in host_names()
            assert other.end() == 0


# By a mapping or a descriptor of an object, from outside of the namespace.
@test(ROOT, USER)
def fresh_is_refused_while_an_object_is_held(caller):
    output(caller, "blue", "sh", "-c", "mkdir /dev/shm/d; echo text >/dev/shm/d/x")
    hold = """
import mmap, os, sys
fd = os.open("/dev/shm/blue/d/x", os.O_RDWR)
area = mmap.mmap(fd, 5)
if sys.argv[1] == "descriptor":
    area.close()
else:
    os.close(fd)
print("ready", flush=True)
sys.stdin.read()
"""
    for how in ("descriptor", "mapping"):
        with Running([*caller.become, PYTHON, "-c", hold, how]) as holder:
            assert holder.line() == "ready"
            expect_failure(shmfs_run(caller, "--fresh", "blue", "true"), 125,
                           f"in use by process {holder.process.pid} ")
            assert holder.end() == 0 and "blue/d/x" in host_names()
    output(caller, "--fresh", "blue", "true")
    assert host_names() == {"blue/"}


@test(ROOT, USER)
def a_name_is_made_up(caller):
    done = shmfs_run(caller, "-v", "--unique", "--", "/bin/sh", "-c", "ls -id /dev/shm; exit 4")
    name = re.fullmatch(r"shmfs run: namespace (sh\.[0-9a-f]{16})\n", done.stderr)[1]
    assert (done.returncode, host_names()) == (4, set()), name
    with started_unique(caller) as one, started_unique(caller) as two:
        assert (one.line(), two.line()) == ("ready", "ready")
        assert len([each for each in host_names() if each.endswith("/x")]) == 2
        assert (one.end(), two.end()) == (0, 0)
    assert host_names() == set()


def started_unique(caller):
    return Running(command(caller, "--unique", *WAIT, "x"))


# A namespace that root has made beforehand is not the user's to remove, and still can be used.
@test(USER)
def a_namespace_of_root(caller):
    make_directory("blue", ROOT, 0o1777)
    output(caller, "blue", "touch", "/dev/shm/x")
    with started(caller, "blue", *WAIT, "y") as blue:
        assert blue.line() == "ready"
        assert blue.end() == 0
    assert host_names() == {"blue/", "blue/x", "blue/y"}
