# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# needs: xxd
# A change of the objects themselves is seen here at the next call, and the other way round.
echo outside >"$HOST/a"
cat a
show a
echo inside >>a
cat "$HOST/a"
echo outside again >>"$HOST/a"
cat a
stat -c %s a "$HOST/a"
chmod 600 "$HOST/a"
show a
chmod 640 a
stat -c %a "$HOST/a"
touch -d 2001-02-03 "$HOST/a"
show_times a
touch -d 2002-03-04 a
stat -c %y "$HOST/a"
truncate -s 3 "$HOST/a"
cat a
echo
truncate -s 5 a
xxd "$HOST/a"
mv "$HOST/a" "$HOST/b"
try cat a
cat b
mv b c
ls "$HOST"
ln "$HOST/c" "$HOST/d"
stat -c '%n %h' c d
ln c e
[[ "$HOST/c" -ef "$HOST/e" ]] && echo 'linked outside too'
rm "$HOST/c" d
ls . "$HOST"
rm e
try cat "$HOST/e"
exec 3>>log
for i in 1 2 3 4 5; do
    echo "in $i" >&3
    echo "out $i" >>"$HOST/log"
done
exec 3>&-
cat log
exec 4<log
echo 'another file' >"$HOST/new"
mv "$HOST/new" "$HOST/log"
head -n 1 <&4
cat log
rm "$HOST/log"
tail -n 1 <&4
stat -L -c 'links %h' /proc/self/fd/4
exec 4<&-
echo first >same
rm "$HOST/same"
echo second >"$HOST/same"
cat same
bytes 100000 >"$HOST/big"
exec 5<big
head -c 50000 >/dev/null <&5
truncate -s 10 "$HOST/big"
cat <&5
stat -c %s big
bytes 200000 >>"$HOST/big"
cat <&5 | wc -c
exec 6<>big
: >"$HOST/big"
echo 'over the hole' >>big
wc -c <&6
cmp big "$HOST/big"
exec 5<&- 6>&-
dd if=/dev/zero of="$HOST/big" bs=1 seek=10M count=1 status=none
show big
cp --sparse=always big copy
cmp copy "$HOST/big"
fallocate -p -o 0 -l 4096 "$HOST/big"
show big
