# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# ls, long and short.
echo hello >a
bytes 5000 >b
bytes 50000 >c
: >.hidden
truncate -s 1G sparse
chmod 600 a
chmod 755 b
chmod 7777 c
touch -d 2020-01-01T00:00:01 a
touch -d 2020-01-01T00:00:02 b
touch -d 2020-01-01T00:00:03.5 c
touch -d 2020-01-01T00:00:04 sparse .hidden
ln a a2
ls
ls -A
ls -a
ls -l
ls -lA --time-style=full-iso
ls -ln
ls -lh
ls -s
ls -sk
ls -S
ls -t
ls -tr
ls -lt
ls -X
ls -r
ls -F
ls -p
ls -m
ls -x -w 40
ls -C -w 40
ls -U | sort
ls -f | sort
ls -l a b c
ls -d .
ls -ld . | cut -c1-10
ls -g
ls -o
try ls missing
try ls a missing b
ls -R
ls --group-directories-first
ls -Z | sed 's/^[^ ]* *//' | sort
ls ./*
dir
vdir
