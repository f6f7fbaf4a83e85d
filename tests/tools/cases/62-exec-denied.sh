# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# as: root
# needs: cc
# Programs that a user may run, and may not.
printf 'int main(void) { return 5; }\n' >"$SCRATCH/five.c"
cc -o "$SCRATCH/five" "$SCRATCH/five.c"
for mode in 700 755 711 644 001 100 010 000; do
    cp "$SCRATCH/five" five
    chmod "$mode" five
    echo "--- $mode"
    try ./five
    try as_other bash -c ./five
    try as_other bash -c 'test -x five'
    rm -f five
done
