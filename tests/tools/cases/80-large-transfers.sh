# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Large transfers, again and again on one open object, while the object changes outside.
python3 - <<'P'
import errno, hashlib, mmap, os, random
BLOCK = 256 << 10
SIZE = 4 << 20
host = os.environ["HOST"] + "/"
rng = random.Random(1)
blocks = [rng.randbytes(BLOCK) for i in range(16)]

def show(what, name="f"):
    st = os.stat(name)
    data = os.pread(fd, 1 << 30, 0)
    print(what, oct(st.st_mode), st.st_size, st.st_blocks, hashlib.sha256(data).hexdigest()[:16])
    assert data == open(host + name, "rb").read()

def attempt(what, call):
    try:
        print(what, call())
    except OSError as error:
        print(what, errno.errorcode[error.errno])

fd = os.open("f", os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
for i in range(64):
    os.pwrite(fd, blocks[i * 7 % 16], i % 16 * BLOCK)
show("written")
for i in range(64):
    assert os.pread(fd, BLOCK, i % 16 * BLOCK) == blocks[(48 + i % 16) * 7 % 16]

outside = os.open(host + "f", os.O_RDWR)
view = mmap.mmap(outside, SIZE)
view[BLOCK:BLOCK + 5] = b"store"
print(os.pread(fd, BLOCK, BLOCK)[:5])
os.pwrite(fd, blocks[3], 5 * BLOCK)
print(view[5 * BLOCK:6 * BLOCK] == blocks[3])
os.pwrite(outside, b"outside", 7 * BLOCK)
print(os.pread(fd, BLOCK, 7 * BLOCK)[:7])

os.system("fallocate -p -o 1M -l 1M " + host + "f")
print(os.pread(fd, BLOCK, 1 << 20) == bytes(BLOCK))
print(os.pread(fd, 1 << 20, (1 << 20) - 5000)[5000:] == bytes((1 << 20) - 5000))
show("a hole was made")
os.pwrite(fd, blocks[1], (1 << 20) + 123)
show("and a part of it filled")

os.truncate(host + "f", 1 << 20)
print(os.pread(fd, BLOCK, 2 << 20), len(os.pread(fd, BLOCK, (1 << 20) - 1000)))
show("shrunk")
os.pwrite(fd, blocks[2], 3 << 20)
show("written behind the end")
os.truncate(host + "f", SIZE)
for i in range(16):
    os.pwrite(fd, blocks[i], i * BLOCK)
show("grown")

os.utime("f", ns=(10**18, 10**18))
os.pwrite(fd, blocks[4], 0)
print("mtime", os.stat("f").st_mtime_ns > 10**18)
os.utime("f", ns=(10**18, 10**18))
os.pread(fd, BLOCK, BLOCK)
st = os.stat("f")
print("mtime", st.st_mtime_ns, "atime", st.st_atime_ns > 10**18)
ctime = st.st_ctime_ns
os.pwrite(fd, blocks[4], 0)
print("ctime", os.stat(host + "f").st_ctime_ns > ctime)
os.chmod("f", 0o6755)
os.pwrite(fd, blocks[5], BLOCK)
show("with set-user-ID")

app = os.open("f", os.O_WRONLY | os.O_APPEND)
os.write(app, blocks[6])
os.write(outside, b"")
os.truncate(host + "f", SIZE + 1000)
os.write(app, blocks[7])
show("appended")
os.close(app)

os.ftruncate(fd, 1 << 20)
os.ftruncate(fd, SIZE)
filler = os.open(host + "filler", os.O_WRONLY | os.O_CREAT)
space = os.statvfs(host)
os.posix_fallocate(filler, 0, space.f_bavail * space.f_bsize)
attempt("dense", lambda: os.pwrite(fd, blocks[8], BLOCK))
attempt("hole", lambda: os.pwrite(fd, blocks[9], 2 << 20))
attempt("part", lambda: os.pwrite(fd, blocks[9], (1 << 20) - 8192))
attempt("append", lambda: os.pwrite(fd, blocks[9], SIZE))
attempt("read", lambda: os.pread(fd, BLOCK, 2 << 20) == bytes(BLOCK))
show("on a full file system")
os.unlink(host + "filler")
os.close(filler)
attempt("hole", lambda: os.pwrite(fd, blocks[9], 2 << 20))
show("with room again")

ro = os.open("f", os.O_RDONLY)
wo = os.open("f", os.O_WRONLY)
os.close(fd)
for i in range(64):
    os.pwrite(wo, blocks[i % 16], i % 16 * BLOCK)
    assert os.pread(ro, BLOCK, i % 16 * BLOCK) == blocks[i % 16]
    if i % 10 == 9:
        os.unlink("f")
        assert os.pread(ro, BLOCK, 0) == blocks[0]
        os.ftruncate(wo, (i + 1) * BLOCK)
        os.close(ro)
        os.close(wo)
        wo = os.open("f", os.O_WRONLY | os.O_CREAT, 0o600)
        ro = os.open("f", os.O_RDONLY)
        for j in range(16):
            os.pwrite(wo, blocks[j], j * BLOCK)
P
show f
sha256sum f
