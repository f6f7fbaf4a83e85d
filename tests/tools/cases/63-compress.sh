# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# needs: gzip
# Compressors and archivers that replace a file with another.
bytes 100000 >a
cp a orig
chmod 640 a
touch -d '2001-02-03 04:05:06' a
gzip a
stat -c '%n %a' a.gz
show_times a.gz
gzip -t a.gz
zcat a.gz | cmp - orig
gunzip a.gz
cmp a orig
show a
show_times a
gzip -k a
try gzip a </dev/null
gzip -f a
gzip -dc a.gz >a
cmp a orig
gzip -l a.gz | tail -n 1 | awk '{ print $2 }'
if command -v xz >/dev/null; then
    xz -k a
    xz -t a.xz
    xz -dc a.xz | cmp - orig
    rm a.xz
fi
rm a.gz
