# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# An open file without a name, opened again by /proc.
echo content >a
exec 3<>a
rm a
cat /proc/self/fd/3
echo more >>/proc/self/fd/3
cat /proc/self/fd/3
: >/proc/self/fd/3
stat -L -c 'links %h size %s' /proc/self/fd/3
chmod 600 /proc/self/fd/3
truncate -s 100 /proc/self/fd/3
touch -d 2001-01-01 /proc/self/fd/3
stat -L -c '%a %s %y' /proc/self/fd/3
exec 3>&-
ls
