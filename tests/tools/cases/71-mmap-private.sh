# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# A private mapping of a file reads it and leaves it alone.
bytes 100000 5 >a
python3 - <<'P'
import hashlib, mmap, os
f = open("a", "rb")
m = mmap.mmap(f.fileno(), 0, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ)
print(hashlib.sha256(m).hexdigest()[:16], m.find(bytes(f.read(20)[10:])))
m.close()
c = mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_COPY)
c[0:5] = b"inner"
print(c[0:5], os.pread(f.fileno(), 5, 0) == c[0:5])
P
sha256sum a
grep -c . a >/dev/null
LC_ALL=C sort a -o b
wc -c <b
