# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# mktemp in the directory.
name=$(mktemp -p .)
stat -c '%a %s' "$name"
echo text >"$name"
cat "$name"
rm "$name"
name=$(mktemp prefix.XXXX)
[[ $name == prefix.???? ]] && echo shaped
rm "$name"
name=$(mktemp --suffix=.txt ./x-XXXXXXXX)
[[ $name == ./x-????????.txt ]] && echo shaped
rm "$name"
for ((i = 0; i < 30; i++)); do mktemp many.XXX >/dev/null; done
ls many.* | wc -l
rm many.*
try mktemp -u missing/XXXXXX | sed 's/[A-Za-z0-9]\{6\}$/NAME/'
try mktemp missing/XXXXXX
name=$(tempfile=$(TMPDIR=. mktemp) && echo "$tempfile")
[[ -f $name ]] && rm "$name"
ls
