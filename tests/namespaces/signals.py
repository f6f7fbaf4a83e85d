# SPDX-License-Identifier: MIT
"""With --rm shmfs-run waits for the program: signals, and what is gone afterwards."""
import fcntl
import os
import pty
import signal
import subprocess
import termios

from world import (MOUNT, PYTHON, ROOT, USER, Running, command, environment, host_names, output,
                   program, shmfs_run, test, wait_until)


def listening(caller):
    return Running(command(caller, "--rm", "blue", PYTHON, program("signals.py")))


@test(ROOT, USER)
def signals_are_forwarded(caller):
    with listening(caller) as blue:
        assert blue.line() == "ready"
        for name in ("SIGHUP", "SIGINT", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGTERM"):
            blue.process.send_signal(signal.Signals[name])
            assert blue.line() == name
        assert blue.end() == 7
    assert host_names() == set()


@test(ROOT, USER)
def death_by_a_signal_is_passed_on(caller):
    for name in ("TERM", "KILL", "INT", "HUP", "USR1", "ABRT"):
        number = signal.Signals["SIG" + name]
        kill = ("sh", "-c", f"ulimit -c 0; kill -{name} $$")
        assert shmfs_run(caller, "blue", *kill).returncode == -number, name
        assert shmfs_run(caller, "--rm", "blue", *kill).returncode == -number, name
        assert host_names() == set(), name


@test(ROOT, USER)
def a_signal_before_the_program_is_ready(caller):
    with Running(command(caller, "--rm", "blue", "sleep", "1000")) as blue:
        while "blue%2F" not in host_names():
            pass
        blue.process.terminate()
        assert blue.end() == -signal.SIGTERM
    assert host_names() == set()


@test(ROOT, USER)
def a_signal_ends_a_program_that_does_not_handle_it(caller):
    with Running(command(caller, "--rm", "blue", "sh", "-c", "echo ready; exec sleep 1000")) as blue:
        assert blue.line() == "ready"
        blue.process.terminate()
        assert blue.end() == -signal.SIGTERM
    assert host_names() == set()


def take_terminal():
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


# The terminal sends it to the program itself. Signals are handled in the order of their numbers, so
# that a second SIGINT would come before SIGTERM.
@test(ROOT, USER)
def an_interrupt_at_the_terminal_comes_once(caller):
    ours, theirs = pty.openpty()
    with subprocess.Popen(command(caller, "--rm", "blue", PYTHON, program("signals.py")),
                          env=environment(), stdin=theirs, stdout=subprocess.PIPE, text=True,
                          preexec_fn=take_terminal) as blue:
        os.close(theirs)
        assert blue.stdout.readline() == "ready\n"
        os.write(ours, b"\x03")
        assert blue.stdout.readline() == "SIGINT\n"
        blue.terminate()
        assert blue.stdout.read() == "SIGTERM\n"
        assert blue.wait() == 7
    os.close(ours)
    assert host_names() == set()


@test(ROOT, USER)
def the_namespace_is_removed(caller):
    fill = "cd /dev/shm && touch a b && mkdir -p c/d && ln -s a l && mkfifo p c/d/e && cat >f"
    output(caller, "green", "touch", "/dev/shm/stays")
    output(caller, "--rm", "team/blue", "sh", "-c", fill, stdin="through stdin")
    assert host_names() == {"green%2F", "green%2Fstays", "team%2F"}
    done = shmfs_run(caller, "--rm", "green", "sh", "-c", "exit 9")
    assert (done.returncode, done.stdout, done.stderr) == (9, "", "")
    assert host_names() == {"team%2F"}


# What is left then removes the namespace when the program ends.
@test(ROOT, USER)
def the_namespace_is_removed_even_after_sigkill(caller):
    with listening(caller) as blue:
        assert blue.line() == "ready"
        blue.process.kill()
        assert blue.process.wait() == -signal.SIGKILL
        assert "blue%2F" in host_names()
        subprocess.run(["pkill", "-TERM", "-f", "programs/signals.py$"], check=True)
        wait_until(lambda: host_names() == set())


@test(USER)
def what_cannot_be_removed_is_told(caller):
    output(caller, "blue", "mkdir", "/dev/shm/closed")
    os.chown(MOUNT + "/blue/closed", 0, 0)
    with open(MOUNT + "/blue/closed/x", "wb"):
        pass
    done = shmfs_run(caller, "--rm", "blue", "true")
    assert done.returncode == 125
    assert "cannot remove the namespace" in done.stderr
