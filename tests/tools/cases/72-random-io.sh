# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# A thousand random operations; every result and the end are the same.
python3 - <<'P'
import hashlib, os, random
rng = random.Random(4711)
fd = os.open("f", os.O_RDWR | os.O_CREAT, 0o644)
app = os.open("f", os.O_RDWR | os.O_APPEND)
model = bytearray()
log = hashlib.sha256()
LIMIT = 700000
def write_at(offset, data):
    if offset > len(model):
        model.extend(bytes(offset - len(model)))
    model[offset:offset + len(data)] = data
for step in range(1500):
    op = rng.choice("wwwrrrtapzoh")
    offset = rng.choice([rng.randrange(LIMIT), rng.randrange(0, LIMIT, 4096)])
    length = rng.choice([1, 13, 4096, rng.randrange(1, 20000), rng.randrange(1, 200000)])
    if op == "w":
        data = rng.randbytes(length)
        assert os.pwrite(fd, data, offset) == length
        write_at(offset, data)
    elif op == "r":
        got = os.pread(rng.choice([fd, app]), length, offset)
        assert got == model[offset:offset + length], (step, offset, length)
        log.update(got)
    elif op == "t":
        os.ftruncate(fd, offset)
        write_at(offset, b"")
        del model[offset:]
    elif op == "a":
        data = rng.randbytes(length % 5000)
        os.write(app, data)
        model.extend(data)
        if len(model) > LIMIT * 2:
            os.ftruncate(app, LIMIT)
            del model[LIMIT:]
    elif op == "p":
        os.posix_fallocate(fd, offset, length)
        if offset + length > len(model):
            model.extend(bytes(offset + length - len(model)))
    elif op == "z":
        with open("f", "r+b", buffering=0) as other:
            other.seek(offset)
            other.write(b"z" * length)
        write_at(offset, b"z" * length)
    elif op == "o":
        os.close(fd)
        fd = os.open("f", os.O_RDWR)
    elif op == "h":
        try:
            log.update(b"%d" % os.lseek(fd, offset, os.SEEK_HOLE))
        except OSError as error:
            log.update(b"%d" % error.errno)
    size = os.fstat(fd).st_size
    assert size == len(model), (step, op, size, len(model))
assert open("f", "rb").read() == model
print(log.hexdigest())
P
show f
sha256sum f
