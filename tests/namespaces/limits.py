# SPDX-License-Identifier: MIT
"""--size, --reserve and --ipc: limits that a program gets, and refusals."""
import os
import signal

from world import (OBJECTS, PYTHON, ROOT, USER, Running, command, expect_failure, guards, host_names,
                   output, shmfs_run, test, wait_until)

MEGABYTE = 1 << 20

FULL = """
import errno, mmap, os, signal, sys
def refused(call):
    try:
        call()
    except OSError as error:
        assert error.errno == errno.ENOSPC, error
        return True
os.chdir("/dev/shm")
way = sys.argv[1]
fd = os.open("x", os.O_RDWR | os.O_CREAT, 0o600)
if way == "write":
    block = bytes(1 << 20)
    for _ in range(8):
        assert os.write(fd, block) == 1 << 20
    assert refused(lambda: os.write(fd, b"x"))
if way == "fallocate":
    assert refused(lambda: os.posix_fallocate(fd, 0, (8 << 20) + 1))
    os.posix_fallocate(fd, 0, 8 << 20)
if way == "fault":
    os.ftruncate(fd, 9 << 20)
    area = mmap.mmap(fd, 9 << 20)
    for page in range(9 << 8):
        area[page << 12] = 1
"""


@test(ROOT, USER)
def full_is_full(caller):
    for way in ("write", "fallocate", "fault"):
        done = shmfs_run(caller, "--size", "8M", "blue", PYTHON, "-c", FULL, way)
        assert done.stderr == "", done
        assert done.returncode == (-signal.SIGBUS if way == "fault" else 0), (way, done)
        assert host_names() == set()
    assert output(caller, "--size", "8M", "blue", "df", "--output=size", "-B1", "/dev/shm").split()[
        -1] == str(8 * MEGABYTE)
    # Nothing else is mounted at /dev/shm for root.
    if caller is ROOT:
        said = output(caller, "--size=1", "blue", "findmnt", "-nr", "-o", "FSTYPE", "-T", "/dev/shm")
        assert said.split() == ["tmpfs"]


def holder(caller, *options, script="echo ready; read x; exit 0"):
    blue = Running(command(caller, *options, "blue", "sh", "-c", script))
    assert blue.line() == "ready"
    return blue


@test(ROOT, USER)
def others_join_the_tmpfs(caller):
    with holder(caller, "--size", "8M", script="echo x >/dev/shm/x; echo ready; read x") as blue:
        assert host_names() == {"blue/"}
        size = ("sh", "-c", "pwd; cat /dev/shm/x; df --output=size -B1 /dev/shm | tail -n 1")
        for options in ((), ("--rm",), ("--size", "8M"), ("--check",)):
            out = output(caller, *options, "blue", *size, cwd="/tmp")
            assert out.split() == ["/tmp", "x", str(8 * MEGABYTE)], (options, out)
        expect_failure(shmfs_run(caller, "--size", "4M", "blue", "true"), 125, "another --size")
        expect_failure(shmfs_run(caller, "--fresh", "blue", "true"), 125, "in use")
        with open(OBJECTS + "/host", "wb"):
            os.chmod(OBJECTS + "/host", 0o666)
        expect_failure(shmfs_run(caller, "--share", "host", "blue", "true"), 125, "--size")
        done = shmfs_run(caller, "--check", "blue", "touch", "/dev/shm/left")
        assert (done.returncode, "left, 0 bytes" in done.stderr) == (124, True), done
        blue.process.communicate("")
    wait_until(lambda: host_names() == {"host"})


# The first run makes it; no run is refused because another one begins or ends just now.
@test(ROOT, USER)
def many_begin_and_end_at_once(caller):
    loop = 'for i in 1 2 3 4 5 6; do "$@" || exit; done'
    argv = command(caller, "--size", "1M", "--ipc", "blue", "df", "--output=size", "/dev/shm")
    racers = [Running(["sh", "-c", loop, "sh", *argv]) for _ in range(4)]
    for racer in racers:
        out, err = racer.process.communicate()
        assert (racer.process.returncode, err) == (0, ""), err
        assert out.split() == ["1K-blocks", "1024"] * 6, out
    wait_until(lambda: host_names() == set())


# The last one takes it along.
@test(ROOT, USER)
def the_tmpfs_outlives_the_first(caller):
    with holder(caller, "--size", "8M", script="echo x >/dev/shm/x; echo ready; read x") as first, \
            holder(caller, script="echo ready; read y; cat /dev/shm/x; read z") as second:
        first.process.communicate("")
        assert second.ask() == "x"
        assert output(caller, "blue", "cat", "/dev/shm/x") == "x\n"
        second.process.communicate("")
    wait_until(lambda: host_names() == set())


@test(ROOT, USER)
def a_tmpfs_hides_nothing(caller):
    output(caller, "blue", "touch", "/dev/shm/x")
    expect_failure(shmfs_run(caller, "--size", "8M", "blue", "true"), 125, "--fresh")
    with holder(caller):
        expect_failure(shmfs_run(caller, "--size", "8M", "blue", "true"), 125, "has no --size")
    wait_until(lambda: shmfs_run(caller, "--fresh", "--size", "8M", "blue", "true").returncode == 0)
    assert host_names() == set()


RESERVE = """
import errno, os, threading
def size_and_blocks():
    st = os.fstat(fd)
    return st.st_size, st.st_blocks * 512
def cut(length):
    try:
        os.ftruncate(fd, length)
    except OSError as error:
        return error.errno
fd = os.open("/dev/shm/x", os.O_RDWR | os.O_CREAT, 0o600)
assert cut(1 << 20) is None and size_and_blocks() == (1 << 20, 1 << 20)
assert cut(1 << 40) == errno.ENOSPC and size_and_blocks() == (1 << 20, 1 << 20)
assert cut(9 << 20) == errno.ENOSPC and size_and_blocks() == (1 << 20, 1 << 20)
assert cut(5000) is None and size_and_blocks() == (5000, 8192)
answers = []
thread = threading.Thread(target=lambda: answers.append(cut(4 << 20)))
thread.start()
thread.join()
assert answers == [None] and size_and_blocks() == (4 << 20, 4 << 20)
assert cut(-1) == errno.EINVAL and cut(0) is None and size_and_blocks() == (0, 0)
if os.fork() == 0:
    assert cut(4096) is None and size_and_blocks() == (4096, 4096)
    os._exit(0)
assert os.wait()[1] == 0
os.close(fd)
assert cut(1) == errno.EBADF
fd = os.open("/dev/shm/x", os.O_RDONLY)
assert cut(1 << 20) == errno.EINVAL
fd = os.open("/tmp", os.O_RDWR | os.O_TMPFILE, 0o600)
assert cut(1 << 30) is None and size_and_blocks()[1] < 1 << 20
"""


@test(ROOT, USER)
def ftruncate_reserves(caller):
    output(caller, "--size", "8M", "--reserve", "blue", PYTHON, "-c", RESERVE)
    done = shmfs_run(caller, "--reserve", "--rm", "blue", PYTHON, "-c",
                     "import os; os.ftruncate(os.open('/dev/shm/x', os.O_RDWR | os.O_CREAT), 1 << 50)")
    assert done.returncode == 1 and "No space left" in done.stderr, done
    nested = (os.environ["SHMFS_NAMESPACES_WORK"] + "/shmfs", "run", "--reserve", "inner", "true")
    expect_failure(shmfs_run(caller, "--reserve", "blue", *nested), 125, "--reserve")


QUEUE = "import ctypes; print(ctypes.CDLL(None).mq_open(b'/q', {}, 0o600, None) >= 0)"
CREATE, OPEN = f"{PYTHON} -c \"{QUEUE.format(0o102)}\"", f"{PYTHON} -c \"{QUEUE.format(2)}\""


@test(ROOT, USER)
def ipc_comes_along(caller):
    count = "ipcs -m | grep -c 0x"
    outside = shmfs_run(caller, "blue", "sh", "-c", count).stdout
    make = f"ipcmk -M 100 >/dev/null; {CREATE}; echo ready; read x"
    with Running(command(caller, "--ipc", "blue", "sh", "-c", make)) as blue:
        assert (blue.line(), blue.line()) == ("True", "ready")
        for options in ((), ("--ipc",), ("--rm", "--ipc")):
            out = output(caller, *options, "blue", "sh", "-c", f"{count}; {OPEN}")
            assert out.split() == ["1", "True"], (options, out)
        assert shmfs_run(caller, "green", "sh", "-c", count).stdout == outside
        assert output(caller, "green", "sh", "-c", OPEN) == "False\n"
        blue.process.communicate("")
    wait_until(lambda: not guards())
    # With the last program it is gone.
    assert output(caller, "--rm", "--ipc", "blue", "sh", "-c", f"{count}; true") == "0\n"
    with holder(caller):
        expect_failure(shmfs_run(caller, "--ipc", "blue", "true"), 125, "has no --ipc")
