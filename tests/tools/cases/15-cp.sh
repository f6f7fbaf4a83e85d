# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# cp in its many ways.
bytes 123456 5 >a
echo small >b
: >empty
cp a a2
cmp a a2
cp b a2
cat a2
chmod 600 b
cp b b2
chmod 444 b2
cp a "$SCRATCH"
cp "$SCRATCH/a" from-scratch
cmp a from-scratch
cp b empty a2 "$SCRATCH"
ls "$SCRATCH"
try cp -n a b
cat b
try cp a a
try cp missing x
try cp a missing/x
try cp a b from-scratch
try cp . x
cp -b a b
cmp a b
cat 'b~'
cp -b -S .old empty b
cp --backup=numbered a b
cp --backup=numbered a b
cp -u a b
cp -v a c
cp -f a b2 || true
cp --remove-destination b 'b~'
cp -T a d
cp --attributes-only empty d
cp --reflink=auto a e
try cp --reflink=always a f
try cp --reflink=always "$SCRATCH/a" g
cp --reflink=never a h
cp --no-preserve=mode a i
cp /dev/null j
cp /proc/version k
cmp k /proc/version
try cp -i a b </dev/null
printf 'y\n' | cp -i a b
cmp a b
printf 'n\n' | cp -i empty b || true
cmp a b
sha256sum -- *
show -- *
