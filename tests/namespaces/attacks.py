# SPDX-License-Identifier: MIT
"""Attacks on a namespace by another user, who owns objects of their own in /dev/shm."""
import os
import shutil
import subprocess

from world import (OBJECTS, OTHER, PYTHON, ROOT, USER, WORK, Running, environment, expect_failure,
                   host_names, make_directory, output, program, shmfs_run, test)

ROUNDS = 20


@test(ROOT, USER)
def a_squatted_directory(caller):
    for mode in (0o700, 0o755, 0o777, 0o1777):
        make_directory("blue", OTHER, mode)
        for name in ("blue", "blue/below"):
            closed = caller.uid and mode == 0o700 and name == "blue"
            word = "Permission denied" if closed else "another user's directory"
            for options in ((), ("--rm",), ("--fresh",), ("--size", "1M")):
                expect_failure(shmfs_run(caller, *options, name, "true"), 125, word)
        assert "blue/" in host_names()
        for name in sorted(host_names(), reverse=True):
            os.rmdir(f"{OBJECTS}/{name}")
    make_directory("blue", OTHER, 0o1777)
    output(caller, "--shared", "blue", "touch", "/dev/shm/x")
    assert host_names() == {"blue/", "blue/x"}


@test(ROOT, USER)
def a_directory_that_others_may_change(caller):
    make_directory("blue", caller, 0o777)
    make_directory("green", caller, 0o770)
    make_directory("green/below", caller, 0o700)
    for name in ("blue", "green", "green/below"):
        expect_failure(shmfs_run(caller, name, "true"), 125, "other users may change it")
        output(caller, "--shared", name, "true")
    make_directory("sticky", caller, 0o1777)
    output(caller, "sticky", "true")


@test(ROOT, USER)
def planted_links(caller):
    precious = make_directory("precious", caller, 0o700)
    for target in (precious, "precious", ".", "/"):
        subprocess.run([*OTHER.become, "ln", "-s", target, OBJECTS + "/blue"], check=True)
        for name in ("blue", "blue/below"):
            for options in (("--rm",), ("--fresh",), ("--shared", "--rm")):
                expect_failure(shmfs_run(caller, *options, name, "true"), 125, "symbolic link")
        os.unlink(OBJECTS + "/blue")
    assert host_names() == {"precious/"}


# In a new namespace other users make nothing, link nothing, see no names, and lock nothing.
@test(ROOT, USER)
def planted_objects(caller):
    output(caller, "blue", "sh", "-c", "touch /dev/shm/x; mkdir /dev/shm/d")
    attempts = ("touch blue/y", "mkdir blue/y", "mkfifo blue/y", "ln -s /etc/passwd blue/y",
                "ln theirs blue/y", "mv theirs blue/y", "rm -f blue/x", "mv blue/x theirs", "ls blue",
                "rmdir blue", "mv blue other", "flock -n blue true", "rmdir blue/d")
    subprocess.run([*OTHER.become, "touch", OBJECTS + "/theirs"], check=True)
    for attempt in attempts:
        done = subprocess.run([*OTHER.become, "sh", "-c", attempt], cwd=OBJECTS, check=False,
                              capture_output=True)
        assert done.returncode != 0, attempt
    assert host_names() == {"blue/", "blue/x", "blue/d/", "theirs"}


# A swap of two names is one call: nothing is missing in between.
class Swapping:
    """Another user swaps two of their names all the time."""

    def __init__(self, one, other):
        self.process = subprocess.Popen([*OTHER.become, PYTHON, program("swap.py"), one, other],
                                        env=environment(), stdout=subprocess.PIPE)

    def __enter__(self):
        self.process.stdout.read(1)

    def __exit__(self, kind, value, trace):
        self.process.kill()
        self.process.communicate()


def make_precious():
    make_directory("precious", ROOT, 0o755)
    make_directory("precious/job", ROOT, 0o755)
    make_directory("precious/sub", ROOT, 0o755)
    kept = set()
    for directory in ("precious", "precious/job", "precious/sub"):
        for name in ("object", "sem.x"):
            with open(f"{OBJECTS}/{directory}/{name}", "wb"):
                kept.add(f"{directory}/{name}")
    return kept | {"precious/", "precious/job/", "precious/sub/"}


# All that is inside is the attacker's, so that the caller needs --shared to go there at all.
@test(ROOT)
def a_component_is_swapped_for_a_link(caller):
    kept = make_precious()
    make_directory("theirs", OTHER, 0o755)
    make_directory("theirs/jobs", OTHER, 0o755)
    os.symlink("../precious", OBJECTS + "/theirs/link")
    os.lchown(OBJECTS + "/theirs/link", OTHER.uid, OTHER.gid)
    look = "test ! -e /dev/shm/object && mkdir -p /dev/shm/sub && touch /dev/shm/y /dev/shm/sub/y"
    statuses, number = set(), 0
    with Swapping("theirs/jobs", "theirs/link"):
        while number < ROUNDS or statuses != {0, 125}:  # the attack has to hit, and to miss
            number += 1
            options = ("--rm", "--fresh") if number % 2 else ("--rm",)
            done = shmfs_run(caller, "--shared", *options, "theirs/jobs/job", "sh", "-c", look)
            assert done.returncode in (0, 125), done
            statuses.add(done.returncode)
    assert kept <= host_names(), kept - host_names()


# While the namespace is removed, its subdirectories become links, and come back.
@test(ROOT)
def a_subdirectory_is_swapped_during_the_removal(caller):
    kept = make_precious()
    fill = "for i in 1 2 3 4 5 6 7 8 9; do mkdir -p /dev/shm/sub/$i/sub; touch /dev/shm/sub/$i/sub/o; done"
    for _ in range(ROUNDS):
        make_directory("theirs", OTHER, 0o777)
        output(caller, "--shared", "theirs", "sh", "-c", fill)
        for directory, _, _ in os.walk(OBJECTS + "/theirs"):
            os.chown(directory, OTHER.uid, OTHER.gid)
        os.symlink("../precious/sub", OBJECTS + "/theirs/link")
        os.lchown(OBJECTS + "/theirs/link", OTHER.uid, OTHER.gid)
        os.chmod(OBJECTS + "/theirs", 0o1777)
        with Swapping("theirs/sub", "theirs/link"):
            done = shmfs_run(caller, "--shared", "--fresh", "theirs", "true")
        assert done.returncode in (0, 125), done
        # A refused call leaves the names as the last swap had them.
        shutil.rmtree(OBJECTS + "/theirs")
    assert kept <= host_names(), kept - host_names()


# A mount in a namespace is another file system.
@test(ROOT)
def a_mount_in_the_namespace_is_not_entered(caller):
    output(caller, "blue", "mkdir", "/dev/shm/mounted", "/dev/shm/other")
    elsewhere = WORK + "/elsewhere"
    os.makedirs(elsewhere + "/below")
    subprocess.run(["mount", "--bind", elsewhere, OBJECTS + "/blue/mounted"], check=True)
    try:
        done = shmfs_run(caller, "--rm", "blue", "true")
        assert done.returncode == 125 and "mounted" in done.stderr, done
        assert os.listdir(elsewhere) == ["below"]
        expect_failure(shmfs_run(caller, "blue/mounted", "true"), 125, "another file system")
    finally:
        subprocess.run(["umount", OBJECTS + "/blue/mounted"], check=True)
    assert host_names() == {"blue/", "blue/mounted/"}


# A guard is believed only if it is of the same user.
@test(USER)
def a_false_guard(caller):
    make_directory("blue", ROOT, 0o1777)
    with Running([*OTHER.become, PYTHON, program("false_guard.py"), OBJECTS + "/blue"]) as false:
        assert false.line() == "ready"
        assert output(caller, "blue", "stat", "-fc", "%T", "/dev/shm") == "tmpfs\n"
        expect_failure(shmfs_run(caller, "--size", "1M", "blue", "true"), 125, "in use by process")
        assert false.end() == 0


# No descriptor of a program's /dev/shm leads out of it.
@test(ROOT, USER)
def descriptors_lead_nowhere(caller):
    script = "for fd in /proc/$$/fd/*; do test ! -e $fd/../host || exit 9; done"
    with open(OBJECTS + "/host", "wb"):
        pass
    for options in ((), ("--rm",), ("--check",), ("--size", "1M"), ("--reserve",)):
        done = shmfs_run(caller, *options, "blue", "sh", "-c", script)
        assert done.returncode == 0, (options, done)

