# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# renameat2 with its flags, O_TMPFILE aside.
echo a >a
echo b >b
python3 - <<'P'
import ctypes, errno, os
libc = ctypes.CDLL(None, use_errno=True)
def rename(old, new, flags):
    r = libc.renameat2(-100, old.encode(), -100, new.encode(), flags)
    print(old, new, flags, "ok" if r == 0 else errno.errorcode[ctypes.get_errno()])
def names():
    print({n: open(n).read().strip() for n in sorted(os.listdir("."))})
NOREPLACE, EXCHANGE, WHITEOUT = 1, 2, 4
rename("a", "b", NOREPLACE)
rename("a", "c", NOREPLACE)
names()
rename("b", "c", EXCHANGE)
names()
rename("b", "missing", EXCHANGE)
rename("missing", "b", EXCHANGE)
rename("missing", "b", NOREPLACE)
rename("b", "c", NOREPLACE | EXCHANGE)
rename("b", "b", EXCHANGE)
rename("b", "b", NOREPLACE)
rename("b", "b", 0)
rename("b", "c", 64)
names()
f = open("b")
os.link("b", "d")
rename("b", "d", EXCHANGE)
rename("b", "d", 0)
names()
rename("b", "c", 0)
print(f.read().strip(), os.fstat(f.fileno()).st_nlink)
names()
g = open("c")
rename("c", "d", EXCHANGE)
print(g.read().strip())
names()
P
show -- *
