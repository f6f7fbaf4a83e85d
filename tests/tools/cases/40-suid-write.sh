# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# as: root
# Another user's write takes away set-user-ID and set-group-ID.
fresh() { rm -f f; bytes 9000 >f; chmod "$1" f; }
for mode in 4777 2777 6777 2767 6767; do
    fresh "$mode"
    as_other bash -c 'echo x >>f'
    show f
    fresh "$mode"
    as_other bash -c 'echo x >f'
    show f
    fresh "$mode"
    as_other dd if=/dev/zero of=f bs=1 count=1 conv=notrunc status=none
    show f
    fresh "$mode"
    as_other truncate -s 5 f
    show f
    fresh "$mode"
    as_other truncate -s 9000 f
    show f
    fresh "$mode"
    as_other fallocate -l 20000 f
    show f
    fresh "$mode"
    as_other fallocate -p -o 0 -l 4096 f
    show f
    fresh "$mode"
    as_other bash -c ': >>f; exec 3<>f'
    show f
    fresh "$mode"
    as_other cat f >/dev/null
    show f
    fresh "$mode"
    as_other python3 -c 'import os; s = os.open("/etc/passwd", 0); d = os.open("f", os.O_WRONLY)
os.sendfile(d, s, 0, 10)'
    show f
    fresh "$mode"
    : >"$mode"
    bytes 5000 >"$mode"
    chmod 644 "$mode"
    as_other python3 -c 'import os, sys; s = os.open(sys.argv[1], 0); d = os.open("f", os.O_WRONLY)
os.copy_file_range(s, d, 10)' "$mode"
    show f
done
