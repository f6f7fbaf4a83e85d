# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# mktemp -d, and work in the new directory.
name=$(mktemp -d -p .)
stat -c '%F %a %h %s' "$name"
echo text >"$name/file"
inner=$(mktemp -d "$name/inner.XXXX")
touch "$inner/x"
TMPDIR=$inner mktemp -t t.XXXX | grep -c "$inner"
sort -T "$name" -S 50k <(bytes 300000 | base64) | sha256sum
ls -A "$name" | wc -l
rm -r "$name"
for ((i = 0; i < 20; i++)); do mktemp -d many.XXX >/dev/null; done
ls -d many.* | wc -l
rmdir many.*
try mktemp -d missing/XXXXXX
ls -A
