#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Runs programs in namespaces, by `shmfs run`. Prints TAP.

usage: run.py
environment:
  SHMFS                the program
  SHMFS_TALLY          the program of programs/tally.c
  SHMFS_TEST_MUST_RUN  1: a skipped test fails

Debian packages that it needs: bash libfile-map-perl make perl procps python3 util-linux.
"""
import importlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile

import world

HERE = os.path.dirname(os.path.abspath(__file__))


def refuse(reason):
    if os.environ.get("SHMFS_TEST_MUST_RUN") == "1":
        print(f"cannot run here, and SHMFS_TEST_MUST_RUN is set: {reason}", file=sys.stderr)
        return 1
    print(f"1..0 # SKIP {reason}")
    return 0


def copy_what_is_used(work):
    """The sources may lie where other users cannot read them."""
    shutil.copy(os.environ["SHMFS"], work + "/shmfs")
    os.symlink("shmfs", work + "/shmfs-run")
    shutil.copytree(HERE, work + "/tests")
    shutil.copy(os.environ["SHMFS_TALLY"], work + "/tests/programs/tally")
    subprocess.run(["chmod", "-R", "a+rX", work], check=True)


def outside():
    if os.geteuid() != 0:
        return refuse("acting as several users needs root")
    work = tempfile.mkdtemp(prefix="shmfs-t-ns-", dir="/tmp")
    try:
        copy_what_is_used(work)
        return subprocess.run(
            ["setpriv", "--pdeathsig=KILL", "--", HERE + "/../../scripts/private-mounts", "--slave",
             "unshare", "--mount", "--propagation=slave", "--pid", "--fork", "--kill-child",
             "--mount-proc", "--", "/usr/bin/python3", "-B", work + "/tests/run.py"],
            env=os.environ | {"SHMFS_NAMESPACES_WORK": work},
            check=False).returncode
    finally:
        shutil.rmtree(work)


def mount(*args):
    subprocess.run(["mount", *args], check=True)


def prepare():
    """Only /tmp and /dev/shm can be written to, and the latter is new."""
    mount("--bind", "/tmp", "/tmp")
    mount("-t", "tmpfs", "-o", "mode=1777", "shmfs-test", "/dev/shm")
    mount("-o", "remount,bind,ro", "/")
    os.umask(0o022)


def inside():
    # Each of them registers its tests, in this order.
    for module in ("command_line", "side_by_side", "signals", "terminal", "lifetime", "attacks",
                   "limits", "share", "check", "containers", "mounts"):
        importlib.import_module(module)
    prepare()
    # A shell's background job may have been told to ignore them, and hands that on.
    for ignored in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        signal.signal(ignored, signal.SIG_DFL)
    return 0 if world.run_tests() else 1


sys.exit(inside() if world.WORK else outside())
