# SPDX-License-Identifier: MIT
"""Which mount shmfs-run uses, or starts, and which it refuses."""
import errno
import os
import subprocess

from world import (MOUNT, NOBODY, ROOT, USER, WORK, Running, command, daemons, environment,
                   expect_failure, host_names, mount_shmfs, output, shmfs, shmfs_run, started, test,
                   umount, wait_until)

READ_AND_WRITE = ("sh", "-c", "cat >/dev/shm/x; cat /dev/shm/x")


def no_daemon_is_left():
    wait_until(lambda: not daemons())


def end_mount():
    if os.path.ismount(MOUNT):
        umount(MOUNT)
    no_daemon_is_left()


@test(ROOT)
def a_mount_is_started_once(caller):
    end_mount()
    with started(caller, "blue", "sh", "-c", "read x; echo blue") as blue, \
            started(caller, "green", "sh", "-c", "read x; echo green") as green:
        assert (blue.ask(), green.ask()) == ("blue", "green")
        assert len(daemons()) == 1
        assert os.path.ismount(MOUNT)
        assert (blue.end(), green.end()) == (0, 0)
    first = daemons()
    output(caller, "blue", "true")
    assert daemons() == first


# The daemon keeps neither the pipe that somebody reads to its end, nor other descriptors.
@test(ROOT)
def the_daemon_keeps_nothing_of_the_caller(caller):
    end_mount()
    ours, theirs = os.pipe()
    subprocess.run(command(caller, "blue", "true"), env=environment(), check=True,
                   stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs, pass_fds=(theirs,))
    os.close(theirs)
    assert os.read(ours, 1) == b""
    os.close(ours)


def stat_error(path):
    try:
        os.stat(path)
    except OSError as error:
        return error.errno
    return 0


@test(ROOT)
def a_dead_mount_is_replaced(caller):
    output(caller, "blue", "touch", "/dev/shm/x")
    os.kill(daemons()[0], 9)
    no_daemon_is_left()
    wait_until(lambda: stat_error(MOUNT) == errno.ENOTCONN)
    expect_failure(shmfs_run(caller, "-m", MOUNT, "blue", "true"), 125, "not connected")
    assert output(caller, "blue", "ls", "/dev/shm") == "x\n"


@test(ROOT, USER)
def a_namespace_goes_on_without_its_mount(caller):
    output(ROOT, "other", "true")
    script = "while read x; do echo $x >/dev/shm/x; cat /dev/shm/x; done"
    with started(caller, "blue", "sh", "-c", script) as blue:
        assert blue.ask("before") == "before"
        umount(MOUNT)
        assert blue.ask("after") == "after"
        assert blue.end() == 0
    no_daemon_is_left()
    output(ROOT, "other", "true")


def expect_mapped(caller, *where, env=None):
    expect_failure(shmfs_run(caller, *where, "blue", "true", env=env), 125, "--without-mmap")
    out = output(caller, *where, "--without-mmap", "blue", *READ_AND_WRITE, stdin="text", env=env)
    assert out == "text"


@test(ROOT, USER, needs_mmap=False)
def a_mount_without_passthrough_is_refused(caller):
    end_mount()
    mapped = WORK + "/mapped"
    mount_shmfs(mapped, "-o", "passthrough=off")
    expect_mapped(caller, "-m", mapped)
    expect_mapped(caller, env={"SHMFS_MOUNT": mapped})
    assert host_names() == {"blue%2F", "blue%2Fx"}
    umount(mapped)
    no_daemon_is_left()


@test(USER, NOBODY)
def a_mount_with_passthrough_is_preferred(caller):
    end_mount()
    for name, options in (("1", "passthrough=off"), ("2", "ro"), ("3", "auto"),
                          ("4", "passthrough=off")):
        mount_shmfs(f"{WORK}/{name}", "-o", options)
    used = int(output(caller, "blue", "stat", "-c", "%d", "/dev/shm"))
    assert used == os.stat(WORK + "/3").st_dev
    for name in "1234":
        umount(f"{WORK}/{name}")
    no_daemon_is_left()


# Programs ask what is mounted there, and take one answer.
@test(ROOT)
def nothing_is_mounted_but_the_namespace(caller):
    said = output(caller, "blue", "findmnt", "-nr", "-o", "FSTYPE", "-T", "/dev/shm")
    assert said.split() == ["fuse.shmfs"], said


@test(ROOT)
def a_mount_below_the_objects_is_refused(caller):
    end_mount()
    below = "/dev/shm/below"
    elsewhere = WORK + "/elsewhere"
    mount_shmfs(elsewhere)
    os.mkdir(below)
    subprocess.run(["mount", "--bind", elsewhere, below], check=True)
    umount(elsewhere)
    expect_failure(shmfs_run(caller, "-m", below, "blue", "true"), 125, "below /dev/shm")
    output(caller, "blue", "true")
    assert os.path.ismount(MOUNT)
    umount(below)
    os.rmdir(below)


def let_users_allow_others():
    configuration = WORK + "/fuse.conf"
    with open(configuration, "w", encoding="ascii") as file:
        file.write("user_allow_other\n")
    subprocess.run(["mount", "--bind", configuration, "/etc/fuse.conf"], check=True)


def device_used(caller, *options):
    out = output(caller, "--without-mmap", *options, "blue", "stat", "-c", "%d", "/dev/shm")
    return int(out)


# Whoever has mounted it sees, and may change, what others do in there.
@test(ROOT, needs_mmap=False)
def a_mount_of_somebody_else_is_not_found(caller):
    end_mount()
    theirs = WORK + "/theirs"
    os.mkdir(theirs)
    os.chown(theirs, NOBODY.uid, NOBODY.gid)
    let_users_allow_others()
    subprocess.run([*NOBODY.become, shmfs(), "-o", "allow_other,fsname=user_id=0", theirs],
                   env=environment(), check=True)
    device = os.stat(theirs).st_dev
    expect_failure(shmfs_run(USER, "--without-mmap", "blue", "true"), 125, "XDG_RUNTIME_DIR")
    assert device_used(NOBODY) == device
    assert device_used(caller, "-m", theirs) == device
    assert not os.path.ismount(MOUNT)
    assert device_used(caller) == os.stat(MOUNT).st_dev
    assert device_used(USER) == os.stat(MOUNT).st_dev
    umount("/etc/fuse.conf")
    umount(theirs)
    end_mount()


@test(ROOT, USER, needs_mmap=False)
def what_is_no_mount_is_refused(caller):
    for directory, word in (("/tmp", "not a mount of shmfs"), ("/no/where", "No such file"),
                            ("/dev/shm", "below /dev/shm")):
        expect_failure(shmfs_run(caller, "-m", directory, "blue", "true"), 125, word)
    done = shmfs_run(caller, "blue", "true", env={"SHMFS": "/no/where"})
    expect_failure(done, 125, "/no/where")


@test(NOBODY, needs_mmap=False)
def an_ordinary_user_without_roots_mount(caller):
    end_mount()
    expect_failure(shmfs_run(caller, "blue", "true"), 125, "XDG_RUNTIME_DIR")
    runtime = WORK + "/runtime"
    os.mkdir(runtime, 0o700)
    os.chown(runtime, caller.uid, caller.gid)
    own = {"XDG_RUNTIME_DIR": runtime}
    expect_mapped(caller, env=own)
    assert len(daemons()) == 1
    with Running(command(caller, "--without-mmap", "blue", *READ_AND_WRITE), **own) as blue, \
            Running(command(caller, "--without-mmap", "green", *READ_AND_WRITE), **own) as green:
        assert blue.process.communicate("roses")[0] == "roses"
        assert green.process.communicate("trees")[0] == "trees"
    assert {"blue%2Fx", "green%2Fx"} <= host_names()
    assert len(daemons()) == 1
    subprocess.run([*caller.become, "fusermount3", "-u", runtime + "/shmfs"], check=True)
    no_daemon_is_left()


# The last test of all.
@test(ROOT, needs_mmap=False)
def everything_ends_cleanly(_caller):
    end_mount()
    assert host_names() == set()
