# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# A full file system says so, keeps its data and works on when there is room again.
echo before >before
try dd if=/dev/zero of=fill bs=1M status=none
df --output=avail,pcent .
show fill
try_sh 'echo more >more'
show more
try_sh 'cp fill copy'
try_sh 'head -c 100000 /dev/zero >>fill'
try truncate -s 100M sparse
cat before
head -c 100000 sparse | sha256sum
try_sh 'printf x | dd of=sparse bs=1 seek=50M conv=notrunc status=none'
show sparse
try fallocate -l 1M allocated
try sed -i s/before/after/ before
cat before
ls -A | grep -v '^sed'
rm -f sed*
truncate -s -8192 fill
echo 'in the room' >more
cat more
try_sh 'head -c 20000 /dev/zero >two'
show two
rm fill
try cp sparse copy
try fallocate -l 1M allocated
try_sh 'printf x | dd of=sparse bs=1 seek=50M conv=notrunc status=none'
show -- *
df --output=used .
bytes 1000000 >filler
try_sh 'cat /dev/zero >fill'
show fill
rm fill
# Overwriting needs no room.
try fallocate -l 60M fill
try_sh 'cat /dev/zero >rest'
bytes 500000 9 | dd of=filler bs=4096 conv=notrunc status=none
sha256sum filler
rm fill rest
