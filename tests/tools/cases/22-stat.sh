# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# stat.
echo hello >a
chmod 640 a
touch -d '2010-11-12 13:14:15.161718192' a
touch -a -d '2009-08-07 06:05:04.030201000' a
bytes 10000 >b
ln b b2
: >empty
for name in a b b2 empty; do
    stat -c '%n %N %a %A %f %F %u %g %U %G %h %s %b %B %t %T %m' "$name"
done
stat -c '%x %y' a
stat -c '%X %Y %.X %.Y' a
stat -t a | awk '{ print $1, $2, $3, $4, $5, $6, $9 }'
stat -c '%F %a %U %G %h %s %b' .
stat - <a | sed -n '/Size/s/ *IO Block.*//p'
try stat missing
try stat a/x
stat -c '%n' ./*
stat -f -c '%a %b %c %d %f %l %s %S' . | awk '{ print $2, $3, $6, $7, $8 }'
[[ $(stat -c %i a) == $(stat -c %i "$HOST/a") ]] && echo 'the inode number is the object'\''s'
file=$(stat -c %d a)
[[ $(stat -c %d b) == "$file" && $(stat -c %d .) == "$file" ]] && echo 'one device'
test -f a && test -s a && test ! -s empty && test -e b && test ! -e missing && echo tests
test a -ot b && test b -nt a && test b -ef b2 && test -O a && test -G a && echo 'more tests'
test -d . && test ! -d a && test ! -L a && test ! -p a && test -k . && echo 'and more'
