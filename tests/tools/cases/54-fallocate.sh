# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# needs: xxd
# fallocate, with every mode that tmpfs has.
fallocate -l 100000 a
show a
sha256sum a
fallocate -l 50000 a
show a
fallocate -o 200000 -l 10000 a
show a
bytes 40960 >b
fallocate -n -l 100000 b
show b
sha256sum b
fallocate -p -o 4096 -l 8192 b
show b
sha256sum b
fallocate -p -o 100 -l 50 b
sha256sum b
fallocate -p -o 3000 -l 3000 b
sha256sum b
fallocate -p -o 36000 -l 100000 b
show b
sha256sum b
{ bytes 4096 1; head -c 81920 /dev/zero; bytes 4096 2; } >c
show c
fallocate -d c
show c
sha256sum c
try fallocate -z -o 0 -l 4096 c
try fallocate -z -n -o 0 -l 4096 c
try fallocate -c -o 0 -l 4096 c
try fallocate -i -o 0 -l 4096 c
try fallocate -l 0 c
try fallocate -l 100M d
show d
df --output=used .
fallocate -x -l 5000 e
show e
printf 'text' >f
fallocate -o 4 -l 4 f
xxd f
chmod 444 f
try fallocate -l 10 missing/x
try fallocate -l 10 .
touch -d 2001-01-01 a
fallocate -p -o 0 -l 4096 a
[[ $(stat -c %Y a) -gt 1600000000 ]] && echo 'punching sets mtime'
touch -d 2001-01-01 a
fallocate -o 0 -l 4096 a
[[ $(stat -c %Y a) -gt 1600000000 ]] && echo 'allocating sets mtime'
