# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# needs: xxd hexdump
# xxd, od, hexdump: also writing with xxd -r into the middle of a file.
bytes 200 >a
xxd a
xxd -s 100 -l 20 a
xxd -s -16 a
xxd -p a | head -n 2
xxd a dump
xxd -r dump b
cmp a b
xxd -p a >plain
xxd -r -p plain c
cmp a c
echo '00000040: dead beef' | xxd -r - a
xxd -s 0x3e -l 8 a
stat -c %s a
echo '00010000: 41' | xxd -r - a
show a
xxd -b -l 6 a
xxd -i -l 4 a
od -A d -t x2 -N 16 a
hexdump -C -n 32 a
printf '\377\376' | dd of=a bs=1 seek=1 conv=notrunc status=none
od -An -tu1 -N 4 a
