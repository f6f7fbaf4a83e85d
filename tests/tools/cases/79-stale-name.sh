# SPDX-License-Identifier: MIT shellcheck shell=bash needs: xxd The last name of an object goes that
# is not open here: its memory is free at once, although the kernel remembers other names.
unused() { [[ $(df --output=used . | tail -n 1) -eq 0 ]]; }
for ((i = 0; i < 8; i++)); do
    fallocate -l 60M "$HOST/a"
    stat -c %s a
    rm a
    df . >/dev/null # tells it when the memory that is being freed is free
done
bytes 100000 >a
cat a | sha256sum
ln a b
rm "$HOST/a"
rm b
wait_for unused
bytes 100000 >"$HOST/a"
cat a | sha256sum
ln "$HOST/a" "$HOST/b"
stat -c %h a b
mv "$HOST/a" "$HOST/c"
rm b c
wait_for unused
bytes 100000 >a
exec 3<a
ln a b
rm "$HOST/a" b
head -c 10 <&3 | xxd
exec 3<&-
wait_for unused
bytes 100000 >a
bytes 100000 >"$HOST/b"
cat a b | sha256sum
mv "$HOST/b" "$HOST/a"
rm a
wait_for unused
df --output=used,iused .
