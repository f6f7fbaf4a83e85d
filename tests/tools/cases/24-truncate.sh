# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# needs: xxd
# truncate.
truncate -s 0 a
truncate -s 10000 a
show a
bytes 10000 >b
truncate -s 5000 b
sha256sum b
truncate -s 10000 b
sha256sum b
truncate -s +3000 b
truncate -s -1000 b
show b
truncate -s '<5000' b
truncate -s '>6000' b
truncate -s '%4096' b
truncate -s /1000 b
show b
truncate -c -s 10 missing
ls
truncate -r a b
show b
truncate -o -s 2 b
truncate -s 1T a
show a
truncate -s 7E a
show a
truncate -s 9223372036854775807 a
show a
try truncate -s 8E a
try truncate -s -5 a
show a
truncate -s 3 a
xxd a
for size in 1 4095 4096 4097 8191 8192 1048575 1048577 3; do
    bytes 20000 >c
    truncate -s "$size" c
    sha256sum c
    truncate -s 20000 c
    sha256sum c
done
truncate -s 4K d e f
show d e f
try truncate -s 5 .
try truncate -s 5 a/x
touch -d 2000-01-01 a
truncate -s 3 a
[[ $(stat -c %Y a) -gt 1000000000 ]] && echo 'truncating to the same size sets mtime'
