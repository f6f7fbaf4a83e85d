# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# sendfile, copy_file_range, splice, lseek for holes.
bytes 200000 2 >src
python3 - <<'P'
import errno, hashlib, os
def attempt(what, f, *args):
    try:
        print(what, f(*args))
    except OSError as error:
        print(what, errno.errorcode[error.errno])
def digest(name):
    return hashlib.sha256(open(name, "rb").read()).hexdigest()[:16]
src = os.open("src", os.O_RDONLY)
dst = os.open("dst", os.O_RDWR | os.O_CREAT)
def all_of(call):
    total = 0
    while True:
        n = call()
        if n == 0:
            return total
        total += n
attempt("copy_file_range", all_of, lambda: os.copy_file_range(src, dst, 1 << 20))
print(digest("dst") == digest("src"))
attempt("cfr offsets", os.copy_file_range, src, dst, 100, 5, 300000)
attempt("cfr at eof", os.copy_file_range, src, dst, 100, 200000, 0)
attempt("cfr past eof", os.copy_file_range, src, dst, 100, 1 << 40, 0)
attempt("cfr itself", os.copy_file_range, dst, dst, 1000, 0, 400000)
attempt("cfr overlap", os.copy_file_range, dst, dst, 1000, 0, 500)
attempt("cfr to ro", os.copy_file_range, src, src, 10, 0, 100000)
print(digest("dst"), os.fstat(dst).st_size, os.fstat(dst).st_blocks)
other = os.open(os.environ["SCRATCH"] + "/other", os.O_RDWR | os.O_CREAT)
os.lseek(src, 0, os.SEEK_SET)
# Across file systems the kernel may refuse it or do it by splice.
attempt("sendfile out", lambda: all_of(lambda: os.sendfile(other, src, None, 70000)))
attempt("sendfile in", lambda: os.sendfile(dst, other, 0, 50000))
print(digest(os.environ["SCRATCH"] + "/other") == digest("src"))
r, w = os.pipe()
os.lseek(src, 1000, os.SEEK_SET)
attempt("splice to pipe", os.splice, src, w, 4096)
attempt("splice from pipe", os.splice, r, dst, 4096, None, 10000)
attempt("splice eof", os.splice, src, w, 100, 200000)
print(digest("dst"))
app = os.open("app", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
attempt("cfr append", os.copy_file_range, src, app, 10)
attempt("sendfile append", os.sendfile, app, src, 0, 10)
holes = os.open("holes", os.O_RDWR | os.O_CREAT)
os.ftruncate(holes, 1 << 30)
attempt("data in hole", os.lseek, holes, 0, os.SEEK_DATA)
attempt("hole at 0", os.lseek, holes, 0, os.SEEK_HOLE)
os.pwrite(holes, b"x", 1 << 20)
os.pwrite(holes, b"y" * 5000, (3 << 20) + 5)
for start in (0, 1, 1 << 20, (1 << 20) + 4095, (1 << 20) + 4096, 2 << 20, 3 << 20,
              (3 << 20) + 9000, (1 << 30) - 1, 1 << 30, 1 << 40):
    attempt(f"data {start}", os.lseek, holes, start, os.SEEK_DATA)
    attempt(f"hole {start}", os.lseek, holes, start, os.SEEK_HOLE)
attempt("data -1", os.lseek, holes, -1, os.SEEK_DATA)
print(os.fstat(holes).st_blocks)
empty = os.open("empty", os.O_RDWR | os.O_CREAT)
attempt("data empty", os.lseek, empty, 0, os.SEEK_DATA)
attempt("hole empty", os.lseek, empty, 0, os.SEEK_HOLE)
attempt("position", os.lseek, holes, 0, os.SEEK_CUR)
hcopy = os.open("hcopy", os.O_RDWR | os.O_CREAT)
attempt("cfr of a hole", os.copy_file_range, holes, hcopy, 1 << 20, 0, 0)
attempt("cfr of data", os.copy_file_range, holes, hcopy, 8192, 1 << 20, 1 << 20)
print(os.fstat(hcopy).st_size, digest("hcopy"))
os.unlink("hcopy")
P
show -- *
