# SPDX-License-Identifier: MIT
"""The arguments and environment of `shmfs run`, its exit status, and its refusals."""
import os
import subprocess

from world import (OTHER, PYTHON, ROOT, USER, WORK, command, environment, expect_failure,
                   host_names, make_directory, output, shmfs_run, test)


@test(ROOT, USER)
def the_exit_status_is_the_programs(caller):
    for status in (0, 1, 3, 125, 126, 127, 128, 145, 255):
        for options in ((), ("--rm",)):
            done = shmfs_run(caller, *options, "blue", "--", "sh", "-c", f"exit {status}")
            assert (done.returncode, done.stdout, done.stderr) == (status, "", ""), done


@test(ROOT, USER)
def a_program_that_cannot_be_run(caller):
    for options in ((), ("--rm",)):
        expect_failure(shmfs_run(caller, *options, "blue", "no-such-program"), 127, "not found")
        expect_failure(shmfs_run(caller, *options, "blue", "/no/such"), 127, "not found")
        assert shmfs_run(caller, *options, "blue", "/").returncode == 126
        assert shmfs_run(caller, *options, "blue", "/etc/passwd").returncode == 126


@test(ROOT, USER)
def arguments_and_streams_are_handed_on(caller):
    args = ["a b", "*", "", "--", "-x", "$HOME", "%s\\n", "ä"]
    out = output(caller, "blue", "printf", "<%s>", *args)
    assert out == "".join(f"<{arg}>" for arg in args)
    assert output(caller, "blue", "--", "cat", stdin="text\n") == "text\n"
    assert output(caller, "--rm", "blue", "--", "cat", stdin="text\n") == "text\n"
    done = shmfs_run(caller, "blue", "sh", "-c", "echo out; echo err >&2")
    assert (done.stdout, done.stderr) == ("out\n", "err\n")


# The program finds /dev/null in their place.
@test(ROOT, USER)
def streams_that_are_closed(caller):
    all_open = "test -e /dev/stdin && test -e /dev/stdout && test -e /dev/stderr && exit 3"
    for options in ((), ("--rm",)):
        for closed in ("<&-", ">&-", "2>&-", "<&- >&- 2>&-"):
            argv = command(caller, *options, "blue", "sh", "-c", all_open)
            done = subprocess.run(["sh", "-c", f'exec "$@" {closed}', "sh", *argv], text=True,
                                  env=environment(), input="", capture_output=True, check=False)
            assert (done.returncode, done.stdout, done.stderr) == (3, "", ""), (closed, done)


@test(ROOT, USER)
def the_environment_is_handed_on_unchanged(caller):
    given = environment(name="n", mount="m", shell="s", status="t", unshare="u", environment="e",
                        SHLVL="5", PWD="/elsewhere", ODD="two\nlines", **{"with.dot": "d"})
    for options in ((), ("--rm",)):
        out = subprocess.run(command(caller, *options, "blue", "env", "-0"), env=given, check=True,
                             stdout=subprocess.PIPE, text=True).stdout
        got = dict(entry.split("=", 1) for entry in out.split("\0") if entry)
        assert got == given, set(got.items()) ^ set(given.items())


@test(ROOT, USER)
def the_caller_stays_the_same(caller):
    script = "import os; print(os.getuid(), os.geteuid(), os.getgid(), os.getegid())"
    out = output(caller, "blue", PYTHON, "-c", script)
    assert out == f"{caller.uid} {caller.uid} {caller.gid} {caller.gid}\n"
    capabilities = output(caller, "blue", "grep", "CapEff", "/proc/self/status").split()[1]
    with open("/proc/self/status", encoding="ascii") as status:
        own = next(line.split()[1] for line in status if line.startswith("CapEff"))
    assert capabilities == (own if caller.uid == 0 else "0" * 16)
    output(caller, "blue", "touch", "/dev/shm/made")
    made = os.stat("/dev/shm/blue/made")
    assert (made.st_uid, made.st_gid) == (caller.uid, caller.gid)


# Of the groups only their names are lost in a user namespace.
@test(USER)
def supplementary_groups_count(caller):
    os.chown(make_directory("team", ROOT, 0o770), 0, caller.groups[1])
    output(caller, "--shared", "team", "touch", "/dev/shm/made")
    assert os.stat("/dev/shm/team/made").st_uid == caller.uid


@test(ROOT, USER)
def the_working_directory_is_kept(caller):
    assert output(caller, "blue", "pwd", cwd=WORK) == WORK + "\n"
    assert output(caller, "blue", "tests/programs/../../shmfs", "help", cwd=WORK).startswith("usage: ")
    # By its name: the directory that it was before is out of reach.
    assert output(caller, "blue", "sh", "-c", "touch in-it; ls", cwd="/dev/shm") == "in-it\n"
    assert host_names() == {"blue/", "blue/in-it"}


@test(ROOT, USER)
def another_tmp(caller):
    theirs = WORK + "/tmp-of-theirs"
    os.makedirs(theirs)
    os.chown(theirs, caller.uid, caller.gid)
    try:
        for options in ((), ("--rm",), ("--size", "1M")):
            output(caller, *options, "--tmp", theirs, "blue", "touch", "/tmp/x", "/dev/shm/x")
            assert os.listdir(theirs) == ["x"]
            os.unlink(theirs + "/x")
    finally:
        os.rmdir(theirs)
    expect_failure(shmfs_run(caller, "--tmp", "/no/where", "blue", "true"), 125, "/no/where")


@test(ROOT)
def mounts_made_inside_are_not_seen_outside(caller):
    script = "mount -t tmpfs inside /run && grep -c ^inside /proc/self/mounts"
    assert output(caller, "blue", "sh", "-c", script) == "1\n"
    with open("/proc/self/mounts", encoding="utf-8") as table:
        assert "inside" not in table.read()


@test(ROOT, USER)
def a_shell(caller):
    done = shmfs_run(caller, "--shell", "blue", stdin="echo in $0; ls /dev/shm; exit 4\n")
    assert (done.returncode, done.stdout, done.stderr) == (4, "in /bin/sh\n", "")
    done = shmfs_run(caller, "--rm", "--shell", "blue", stdin="exit 5\n",
                     env={"SHELL": "/bin/bash"})
    assert done.returncode == 5
    assert host_names() == set()
    done = shmfs_run(caller, "--shell", "blue", env={"SHELL": "/no/such"})
    expect_failure(done, 127, "/no/such")


@test(ROOT, USER)
def help_is_no_error(caller):
    for option in ("-h", "--help"):
        assert output(caller, option).startswith("usage: shmfs run ")


@test(ROOT, USER)
def the_link_is_the_verb(caller):
    done = subprocess.run([*caller.become, WORK + "/shmfs-run", "blue", "touch", "/dev/shm/x"],
                          env=environment(), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), done
    assert host_names() == {"blue/", "blue/x"}


@test(ROOT, USER)
def wrong_command_lines(caller):
    for args, word in (
            ((), "no NAME"), (("blue",), "no PROGRAM"), (("blue", "--"), "no PROGRAM"),
            (("--unique",), "no PROGRAM"), (("--bogus", "blue", "true"), "--bogus"),
            (("-x", "blue", "true"), "-x"), (("blue", "--rm", "true"), "--rm"),
            (("--shell", "blue", "true"), "--shell"), (("-m",), "-m"), (("--mount",), "--mount"),
            (("--size", "0", "blue", "true"), "--size"), (("--size", "1X", "blue", "true"), "1X"),
            (("--share", "a/b", "blue", "true"), "a/b"), (("--share", "=x", "blue", "true"), "x"),
            (("--size", "1M", "--share", "x", "blue", "true"), "--share"),
            (("--rm=x", "blue", "true"), "--rm")):
        expect_failure(shmfs_run(caller, *args), 125, word)
    assert host_names() == set()


@test(ROOT, USER)
def names_that_cannot_be(caller):
    for name in ("", "/", ".", "..", "a//b", "/a", "a/./b", "a/../b", "../a", "x" * 256):
        expect_failure(shmfs_run(caller, name, "true"), 125, "not the name of a namespace")
    assert host_names() == set()


@test(ROOT, USER)
def names_that_are_odd(caller):
    for name in ("x" * 255, "a b\n", "a%2Fb", "-", "\\", "a/ä/b"):
        assert output(caller, "--", name, "stat", "-c", "%i", "/dev/shm") == \
            f"{os.stat('/dev/shm/' + name).st_ino}\n"


@test(ROOT, USER)
def what_is_in_the_way(caller):
    output(caller, "target", "true")
    os.symlink("target", "/dev/shm/link")
    with open("/dev/shm/object", "wb"):
        pass
    for name in ("link", "link/below"):
        expect_failure(shmfs_run(caller, name, "true"), 125, "symbolic link")
    for name in ("object", "object/below"):
        expect_failure(shmfs_run(caller, name, "true"), 125, "not a directory")
    assert host_names() == {"target/", "link", "object"}


# No other user lists or makes anything in a new namespace; a shared one is as /dev/shm itself.
@test(ROOT, USER)
def the_modes_of_new_directories(caller):
    output(caller, "team/blue", "true")
    output(caller, "--shared", "all/blue", "true")
    for name, mode in (("team", 0o711), ("team/blue", 0o711), ("all", 0o1777),
                       ("all/blue", 0o1777)):
        made = os.stat("/dev/shm/" + name)
        assert (made.st_mode & 0o7777, made.st_uid) == (mode, caller.uid), name
    output(OTHER, "--shared", "all/blue", "touch", "/dev/shm/x")


@test(USER)
def what_the_caller_may_not(caller):
    make_directory("closed", ROOT, 0o700)
    make_directory("open", ROOT, 0o755)
    for name in ("closed", "closed/below", "open/below"):
        expect_failure(shmfs_run(caller, name, "true"), 125, "Permission denied")
    assert shmfs_run(caller, "open", "touch", "/dev/shm/x").returncode == 1
    assert host_names() == {"closed/", "open/"}


# The directory above need not be readable.
@test(USER)
def a_namespace_below_one_of_root(caller):
    make_directory("team", ROOT, 0o711)
    make_directory("team/blue", caller, 0o700)
    output(caller, "team/blue", "touch", "/dev/shm/x")
    assert "team/blue/x" in host_names()
