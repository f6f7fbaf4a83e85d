# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# needs: patch
# cmp, diff, sums and their checks.
bytes 50000 1 >a
cp a b
bytes 50000 2 >c
cmp a b
try cmp a c
cmp -l a c | wc -l
cmp -n 4 a a
try cmp a <(head -c 100 a)
cmp -i 100:0 a <(tail -c +101 a)
try cmp a missing
seq 100 >x
seq 2 102 >y
try diff x y
try diff -u --label x --label y x y
diff -u --label x --label y x y >patch || true
cp x z
patch -s z <patch
cmp y z
patch -s -R z <patch
cmp x z
patch -s -b z <patch
cmp z.orig x
patch -s -o out x <patch
cmp out y
try patch -s --dry-run x <patch
try diff -q a c
try diff -s a b
diff3 x y z | wc -l
sdiff -s x y | wc -l
for sum in md5sum sha1sum sha256sum sha512sum b2sum; do
    $sum a b c >sums
    $sum -c sums
done
bytes 50000 3 >c
try sha256sum -c sums
try sha256sum -c --status sums
cksum a
sum -s a
