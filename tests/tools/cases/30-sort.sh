# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# sort -o, also onto its own input, with temporary files in the directory.
seq 5000 | awk '{ print ($1 * 7919) % 5003 }' >a
sort -n a | sha256sum
sort -n -o a a
head -n 3 a
sort -rn -o b a
head -n 3 b
sort -u -o b b b
wc -l b
sort -m -n a <(seq 10) | head -n 3
sort -S 16k -T . -n b -o c
cmp <(sort -n b) c
sort -c -n c && echo sorted
try sort -c -rn c
sort -R --random-source=a a | sort -n | cmp - a
sort -t: -k3 /etc/passwd -o passwd
sort passwd | cmp - <(sort /etc/passwd)
rm passwd
sort --files0-from=<(printf 'a\0b\0') -n -o d
wc -l d
shuf --random-source=a -o e d
sort -n e | cmp - d
uniq d | wc -l
try sort -o missing/x a
try sort missing -o a
wc -l a
show -- *
