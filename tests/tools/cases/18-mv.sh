# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# mv within the directory, over old files, and across file systems.
echo a >a
echo b >b
mv a c
try cat a
cat c
mv c b
cat b
ls
echo n1 >n1
echo n2 >n2
try mv -n n1 n2
cat n1 n2
mv -f n1 n2
cat n2
try mv n2 n2
try mv missing x
echo bk1 >bk
echo bk2 >bk2
mv -b bk2 bk
cat bk 'bk~'
mv -v bk bk3
ln bk3 bk4
try mv bk3 bk4
ls -1
echo 'mode 600' >m
chmod 600 m
touch -d '2005-06-07 08:09:10.111213141' m
mv m "$SCRATCH/m"
stat -c '%a %s %y' "$SCRATCH/m"
mv "$SCRATCH/m" m2
show m2
show_times m2
mv b n2 "$SCRATCH"
ls "$SCRATCH"
mv "$SCRATCH/b" "$SCRATCH/n2" .
cat b n2
try mv b missing/b
chmod 000 m2
mv m2 m3
chmod 444 n2
printf 'n\n' | mv -i b n2 || true
printf 'y\n' | mv -i b n2 || true
cat n2
mv -u n2 m3
mv --strip-trailing-slashes m3 last
# While it is open.
echo 'first line' >open
exec 3>>open
mv open moved
echo 'second line' >&3
exec 3>&-
cat moved
exec 4<moved
echo replaced >new
mv new moved
cat <&4
cat moved
