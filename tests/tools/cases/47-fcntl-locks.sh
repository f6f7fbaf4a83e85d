# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# fcntl locks between processes.
python3 - <<'P'
import fcntl, os, struct, sys, time
f = open("lock", "w+b")
f.write(b"x" * 100)
f.flush()

def child(action):
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        g = open("lock", "r+b")
        try:
            action(g)
            code = 0
        except OSError as error:
            print("child:", error.strerror)
            code = 1
        sys.stdout.flush()
        os._exit(code)
    print("child exit", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))

def try_lock(kind, start, length):
    return lambda g: fcntl.lockf(g, kind | fcntl.LOCK_NB, length, start)

def ask(g):
    data = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
    kind, whence, start, length, pid = struct.unpack("hhqqi4x", fcntl.fcntl(g, fcntl.F_GETLK, data))
    print("in the way:", kind, start, length, pid == os.getppid())

def is_waited_for(f):
    with open("/proc/locks") as locks:
        return any("->" in line and f":{os.fstat(f.fileno()).st_ino} " in line for line in locks)

fcntl.lockf(f, fcntl.LOCK_EX, 10, 20)
child(try_lock(fcntl.LOCK_EX, 0, 20))
child(try_lock(fcntl.LOCK_EX, 25, 1))
child(try_lock(fcntl.LOCK_SH, 29, 5))
child(try_lock(fcntl.LOCK_EX, 30, 0))
child(ask)
fcntl.lockf(f, fcntl.LOCK_UN, 5, 20)
child(try_lock(fcntl.LOCK_EX, 20, 5))
child(try_lock(fcntl.LOCK_EX, 20, 6))
fcntl.lockf(f, fcntl.LOCK_SH, 0, 0)
child(try_lock(fcntl.LOCK_SH, 0, 0))
child(try_lock(fcntl.LOCK_EX, 99, 1))
# Closing any descriptor of the file drops the process's locks.
open("lock").close()
child(try_lock(fcntl.LOCK_EX, 0, 0))
# A waiting lock is granted when the holder goes.
fcntl.lockf(f, fcntl.LOCK_EX)
sys.stdout.flush()
pid = os.fork()
if pid == 0:
    g = open("lock", "r+b")
    fcntl.lockf(g, fcntl.LOCK_EX)
    print("the waiter has it")
    sys.stdout.flush()
    os._exit(0)
while not is_waited_for(f):
    time.sleep(0.01)
print("letting go")
sys.stdout.flush()
fcntl.lockf(f, fcntl.LOCK_UN)
os.waitpid(pid, 0)
# Open file description locks.
F_OFD_SETLK = 37
other = open("lock", "r+b")
data = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 10, 0)
fcntl.fcntl(f, F_OFD_SETLK, data)
try:
    fcntl.fcntl(other, F_OFD_SETLK, data)
    print("both?")
except OSError as error:
    print(error.strerror)
f.close()
fcntl.fcntl(other, F_OFD_SETLK, data)
print("done")
P
