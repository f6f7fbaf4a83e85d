# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# needs: xxd
# Sparse files stay sparse, however large; reading one consumes nothing.
truncate -s 1T huge
show huge
du -k huge
du -k --apparent-size huge
head -c 1M huge | sha256sum
tail -c 1M huge | sha256sum
dd if=huge bs=1M skip=500000 count=3 status=none | sha256sum
du -k huge
printf 'island' | dd of=huge bs=1 seek=500G conv=notrunc status=none
show huge
dd if=huge bs=1 skip=500G count=6 status=none
echo
cp --sparse=always huge copy
show copy
cp huge copy-auto
show copy-auto
cp -a huge copy-a
dd if=copy bs=1 skip=500G count=10 status=none | xxd
truncate -s 10M copy
truncate -s 1M small
{ bytes 5000 1; head -c 200000 /dev/zero; bytes 5000 2; head -c 100000 /dev/zero; } >dense
show dense
cp --sparse=always dense dug
cp --sparse=never dug filled
cp --sparse=auto dug auto
cmp dense dug
cmp dense filled
cmp dense auto
show dug filled auto
dd if=dense of=dd-sparse bs=4096 conv=sparse status=none
cmp dense dd-sparse
show dd-sparse
cp --sparse=always dug "$SCRATCH/dug"
cp --sparse=auto "$SCRATCH/dug" back
cmp dug back
cp --sparse=never small full
show small full
dd if=/dev/zero of=tail bs=1 count=1 seek=4096000 status=none
show tail
cat tail | wc -c
show tail
