# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Two processes write their own halves of one file, one by each door.
truncate -s 2000000 f
cat >"$SCRATCH/half.py" <<'P'
import os, random, sys
path, which = sys.argv[1], int(sys.argv[2])
rng = random.Random(which)
fd = os.open(path, os.O_RDWR)
base = which * 1000000
model = bytearray(1000000)
for i in range(400):
    offset = rng.randrange(990000)
    data = rng.randbytes(rng.randrange(1, 10000))
    os.pwrite(fd, data, base + offset)
    model[offset:offset + len(data)] = data
    if i % 20 == 0:
        assert os.pread(fd, 1000000, base) == model, i
assert os.pread(fd, 1000000, base) == model
P
python3 "$SCRATCH/half.py" f 0 &
python3 "$SCRATCH/half.py" "$HOST/f" 1 &
wait
sha256sum f
cmp f "$HOST/f"
