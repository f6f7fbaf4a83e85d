# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# needs: rev
# head and tail, by bytes and by lines, and other readers.
seq 1 5000 >a
bytes 70000 4 >b
: >empty
head -n 3 a
tail -n 3 a
head -c 10 a
tail -c 10 a
tail -c +23880 a
head -c -23880 a
head -n -4997 a
tail -n +4998 a
head -c 12345 b | sha256sum
tail -c 12345 b | sha256sum
tail -c +60001 b | sha256sum
head -c 0 a
tail -c 100 empty
head -n 1 a empty a
tail -q -n 1 a a
tail -n 2500 a | tail -n 1
tac a | head -n 2
rev a | tail -n 1
wc a b empty
wc -c a
wc -L a
nl a | tail -n 1
cut -c1-2 a | sort | uniq -c | tail -n 3
tr 0-9 a-j <a | tail -n 1
paste a a | tail -n 1
comm -12 <(sort a) <(sort a) | wc -l
join <(sort a) <(sort a) | wc -l
fold -w 10 b | wc -c
expand a | wc -c
od -An -tx1 -N 32 b
od -An -c -j 69990 b
base64 -w 0 b | base64 -d | cmp - b
cksum a b
sum a
md5sum a b
sha512sum empty
grep -c 9 a
grep -n '^4999$' a
awk '{ s += $1 } END { print s }' a
sed -n '$p' a
mapfile -t lines <a
echo "${#lines[@]} ${lines[4999]}"
while read -r line; do last=$line; done <a
echo "$last"
{
    head -n 1 >/dev/null
    cat
} <a | tail -n 1
exec 3<a
cat <&3 >/dev/null
cat <&3
echo 'came later' >>a
cat <&3
