# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# The longest name, and one that is longer.
name255=$(printf '%255s' '' | tr ' ' n)
name256=${name255}n
echo longest >"$name255"
cat "$name255"
find . -type f | wc -c
try_sh "echo x >$name256"
try cat "$name256"
try touch "$name256"
try touch "$name255"
try cp "$name255" "$name256"
try mv "$name255" "$name256"
try ln "$name255" "$name256"
try rm "$name256"
try stat "$name256"
mv "$name255" short
mv short "$name255"
ln "$name255" "${name255%n}m"
rm "$name255"
cat ./*
# 255 bytes of characters that take three.
utf8=$(printf '%85s' '' | sed 's/ /語/g')
echo wide >"$utf8"
try touch "${utf8}x"
ls -1
getconf NAME_MAX .
stat -f -c %l .
getconf PATH_MAX .
