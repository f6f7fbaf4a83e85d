# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# The access time, as a mount with relatime keeps it.
echo text >a
touch -d 2001-01-01 a
cat a
[[ $(stat -c %X a) -gt 1600000000 ]] && echo 'reading sets an access time that is old'
touch -a -d 2002-01-01 a
touch -m -d 2003-01-01 a
cat a
[[ $(stat -c %X a) -gt 1600000000 ]] && echo 'reading sets an access time older than mtime'
dd if=a of=/dev/null iflag=noatime status=none
show_times a
