# SPDX-License-Identifier: MIT
"""With --rm `shmfs run` waits for the program, and hands signals on."""
import signal
import subprocess

from world import (PYTHON, ROOT, USER, Running, command, host_names, program, shmfs_run, test,
                   wait_until)


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
        while "blue/" not in host_names():
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


# The guard then removes the namespace when the program ends.
@test(ROOT, USER)
def the_namespace_is_removed_even_after_sigkill(caller):
    with listening(caller) as blue:
        assert blue.line() == "ready"
        blue.process.kill()
        assert blue.process.wait() == -signal.SIGKILL
        assert "blue/" in host_names()
        subprocess.run(["pkill", "-TERM", "-f", "programs/signals.py$"], check=True)
        wait_until(lambda: host_names() == set())
