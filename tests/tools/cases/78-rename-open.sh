# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Replacing a file that is being read and written, as editors and package tools do.
for ((i = 0; i < 100; i++)); do
    printf 'version %03d\n' "$i" >new
    mv new current
done &
writer=$!
wait_for test -s current
while kill -0 "$writer" 2>/dev/null; do
    cat current
done | grep -vc '^version 0[0-9][0-9]$' || true
wait
cat current
ls
exec 3<current
for ((i = 0; i < 20; i++)); do
    echo "$i" >current.tmp
    mv -f current.tmp current
done
cat <&3 current
exec 3<&-
echo a >a
echo b >b
exec 3>>a 4>>b
mv a tmp
mv b a
mv tmp b
echo 'to the first' >&3
echo 'to the second' >&4
cat a b
