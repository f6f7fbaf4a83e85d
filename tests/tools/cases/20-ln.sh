# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Hard links: one object under several names.
echo one >a
ln a b
ln a c
[[ a -ef b && b -ef c ]] && echo same
[[ $(stat -c %i a) == $(stat -c %i c) ]] && echo 'same inode number'
ls -i a b c | awk '{ print $1 }' | sort -u | wc -l
stat -c '%n %h' a b c
echo two >>b
cat c
chmod 640 c
show a b c
rm a
show b c
echo other >d
try ln d b
ln -f d b
show b c d
ln -b c b
show -- *
try ln missing x
try ln . x
ln -v c e
try ln c "$SCRATCH/c"
try link d f
try link d f
try mv -f e c
show -- *
ln c ./g
cp -l c h
truncate -s 100 h
show c g h
echo x >g
cat c h
find . -samefile c | sort
find . -links 4 | sort
rm b c d
show -- *
