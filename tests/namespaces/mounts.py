# SPDX-License-Identifier: MIT
"""--mount: a directory of a mount of shmfs, or of anything else, takes the place of /dev/shm."""
import os
import subprocess

from world import (ROOT, USER, WORK, environment, expect_failure, host_names, make_directory,
                   output, processes, shmfs_run, test, wait_until)

MOUNT = WORK + "/mount"


def no_fuse():
    return None if os.access("/dev/fuse", os.R_OK | os.W_OK) else "no usable /dev/fuse"


class Mount:
    """A mount of shmfs."""

    def __init__(self, *options):
        self.options = options

    def __enter__(self):
        os.makedirs(MOUNT, exist_ok=True)
        subprocess.run([WORK + "/shmfs", *self.options, MOUNT], env=environment(), check=True)

    def __exit__(self, kind, value, trace):
        subprocess.run(["umount", "--lazy", MOUNT], check=True)
        wait_until(lambda: not processes("shmfs)"))


@test(ROOT, USER, needs=no_fuse)
def a_directory_of_a_mount(caller):
    with Mount():
        for options in (("-m", MOUNT), ("--mount=" + MOUNT + "/.",)):
            said = output(caller, *options, "blue", "sh", "-c",
                          "echo text >/dev/shm/x; cat /dev/shm/x; stat -fc %T /dev/shm")
            assert said == "text\nfuseblk\n", said
        with open(MOUNT + "/blue/x", encoding="ascii") as file:
            assert file.read() == "text\n"
        output(caller, "--rm", "-m", MOUNT, "blue", "true")
        assert os.listdir(MOUNT) == []
    assert host_names() == set()


@test(ROOT, USER, needs=no_fuse)
def a_mount_that_cannot_be_written_to(caller):
    with Mount("-o", "ro"):
        expect_failure(shmfs_run(caller, "-m", MOUNT, "blue", "true"), 125, "Read-only")
        make_directory("blue", caller, 0o755)
        if os.path.isdir(MOUNT + "/blue"):
            done = shmfs_run(caller, "-m", MOUNT, "blue", "touch", "/dev/shm/x")
            assert done.returncode == 1 and "Read-only" in done.stderr, done


@test(ROOT, USER)
def any_directory_will_do(caller):
    directory = WORK + "/any"
    os.makedirs(directory)
    os.chown(directory, caller.uid, caller.gid)
    output(caller, "-m", directory, "blue", "touch", "/dev/shm/x")
    assert os.listdir(directory + "/blue") == ["x"]
    output(caller, "--rm", "-m", directory, "blue", "true")
    assert os.listdir(directory) == []
    os.rmdir(directory)


@test(ROOT, USER)
def what_is_no_directory(caller):
    for path, word in (("/no/where", "No such file"), ("/etc/passwd", "Not a directory")):
        expect_failure(shmfs_run(caller, "-m", path, "blue", "true"), 125, word)
    assert host_names() == set()
