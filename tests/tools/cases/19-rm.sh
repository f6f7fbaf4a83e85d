# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# rm in its many ways.
touch a b c d e f
chmod 000 b
rm a
rm -f b missing
try rm missing
printf 'n\n' | rm -i c
printf 'y\n' | rm -i c
rm -v d
rm -rf e
try rm -r .
try rm .
try rmdir .
try rmdir f
try rm f/
unlink f
try unlink f
ls -A
touch {1..50} .x .y
printf 'y\n' | rm -I {1..10}
rm -rf -- *
ls -A
rm -rf .[!.]*
ls -A
echo 'still here' >open
exec 3<>open
rm open
ls -A
try cat open
cat <&3
echo 'and growing' >&3
stat -L -c 'links %h size %s' /proc/self/fd/3
exec 3>&-
