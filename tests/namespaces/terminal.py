# SPDX-License-Identifier: MIT
"""A program at a terminal: interrupts, job control, hangup; with a guard and without."""
import fcntl
import os
import pty
import signal
import subprocess
import termios

from world import PYTHON, ROOT, USER, command, environment, host_names, program, test, wait_until


def take_terminal():
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def at_terminal(argv, terminal):
    return subprocess.Popen(argv, env=environment(), stdin=terminal, stdout=subprocess.PIPE,
                            text=True, preexec_fn=take_terminal)


# The terminal sends it to the program itself. Signals are handled in the order of their numbers, so
# that a second SIGINT would come before SIGTERM.
@test(ROOT, USER)
def an_interrupt_at_the_terminal_comes_once(caller):
    ours, theirs = pty.openpty()
    with at_terminal(command(caller, "--rm", "blue", PYTHON, program("signals.py")),
                     theirs) as blue:
        os.close(theirs)
        assert blue.stdout.readline() == "ready\n"
        os.write(ours, b"\x03")
        assert blue.stdout.readline() == "SIGINT\n"
        blue.terminate()
        assert blue.stdout.read() == "SIGTERM\n"
        assert blue.wait() == 7
    os.close(ours)
    assert host_names() == set()


# A shell with job control starts it, sees it stopped, and continues it.
@test(ROOT, USER)
def a_job_is_stopped_and_continued(caller):
    for options in ((), ("--rm",), ("--rm", "--reserve")):
        argv = command(caller, *options, "blue", PYTHON, "-u", program("job.py"))
        ours, theirs = pty.openpty()
        with at_terminal(["bash", "--norc", "-ci", 'set -m; "$@"; echo "stopped $?"; fg >/dev/null; '
                          'echo "ended $?"', "bash", *argv], theirs) as shell:
            os.close(theirs)
            assert shell.stdout.readline() == "ready in the foreground\n"
            os.write(ours, b"\x1a")
            assert shell.stdout.readline() == f"stopped {128 + signal.SIGTSTP}\n" or options
            assert shell.stdout.readline() == "continued in the foreground\n"
            os.write(ours, b"\n")
            ended = shell.stdout.readline()
            assert ended == "ended 7\n", (options, ended)
            assert shell.wait() == 0
        os.close(ours)


def state(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        return file.read().rsplit(") ", 1)[1][0]


# `shmfs run` and the program stop and continue together, whichever of them gets the signal.
@test(ROOT, USER)
def a_stop_of_the_program_is_followed(caller):
    argv = command(caller, "--rm", "blue", "sh", "-c", "echo $$; read x; exit 3")
    with subprocess.Popen(argv, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as blue:
        pid = int(blue.stdout.readline())
        os.kill(pid, signal.SIGSTOP)
        wait_until(lambda: state(pid) == "T" and state(blue.pid) == "T")
        os.kill(pid, signal.SIGCONT)
        wait_until(lambda: state(pid) == "S" and state(blue.pid) == "S")
        blue.send_signal(signal.SIGTSTP)
        wait_until(lambda: state(pid) == "T" and state(blue.pid) == "T")
        blue.send_signal(signal.SIGCONT)
        wait_until(lambda: state(pid) == "S" and state(blue.pid) == "S")
        assert blue.communicate("\n")[0] == ""
        assert blue.returncode == 3
    assert host_names() == set()


@test(ROOT, USER)
def a_hangup_ends_the_program(caller):
    ours, theirs = pty.openpty()
    with at_terminal(command(caller, "--rm", "blue", "sh", "-c", "echo ready; exec sleep 1000"),
                     theirs) as blue:
        os.close(theirs)
        assert blue.stdout.readline() == "ready\n"
        os.close(ours)
        assert blue.wait() == -signal.SIGHUP
    assert host_names() == set()
