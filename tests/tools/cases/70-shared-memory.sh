# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# A program's POSIX shared memory seen as a file.
python3 - <<'P'
import mmap, os, ctypes
rt = ctypes.CDLL(None, use_errno=True)
fd = rt.shm_open(b"/shmfs-t-segment", os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
assert fd >= 0
os.ftruncate(fd, 10000)
shared = mmap.mmap(fd, 10000)
shared[0:5] = b"hello"
f = open("shmfs-t-segment", "r+b", buffering=0)
print(f.read(8), os.fstat(f.fileno()).st_size, oct(os.stat("shmfs-t-segment").st_mode))
shared[0:5] = b"HELLO"
print(os.pread(f.fileno(), 5, 0))
os.pwrite(f.fileno(), b"file", 5000)
print(bytes(shared[5000:5004]))
shared[9999] = 7
print(os.pread(f.fileno(), 10, 9995))
private = mmap.mmap(f.fileno(), 10000, flags=mmap.MAP_PRIVATE)
print(bytes(private[0:5]), bytes(private[5000:5004]))
private[0:5] = b"priva"
print(bytes(shared[0:5]), os.pread(f.fileno(), 5, 0))
os.truncate("shmfs-t-segment", 20000)
print(os.fstat(fd).st_size)
os.unlink("shmfs-t-segment")
print(rt.shm_unlink(b"/shmfs-t-segment"), bytes(shared[0:5]), os.pread(f.fileno(), 5, 0))
open("made-here", "wb").write(b"x" * 5000)
fd = rt.shm_open(b"/made-here", os.O_RDWR, 0)
again = mmap.mmap(fd, 5000)
print(len(again), bytes(again[0:3]))
again[4999] = 0x79
print(open("made-here", "rb").read()[-3:])
print(rt.shm_unlink(b"/made-here"), os.listdir("."))
P
cat >"$SCRATCH/sem.py" <<'P'
import ctypes, os
c = ctypes.CDLL(None, use_errno=True)
c.sem_open.restype = ctypes.c_void_p
c.sem_post.argtypes = c.sem_getvalue.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
sem = c.sem_open(b"/shmfs-t", os.O_CREAT | os.O_EXCL, 0o600, 3)
print(os.listdir("."), os.stat("sem.shmfs-t").st_size, os.stat("sem.shmfs-t").st_nlink)
c.sem_post(sem, None)
value = ctypes.c_int()
c.sem_getvalue(sem, ctypes.byref(value))
print(value.value, open("sem.shmfs-t", "rb").read()[:4])
os.unlink("sem.shmfs-t")
P
python3 "$SCRATCH/sem.py"
ls
