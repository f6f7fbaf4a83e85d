# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# find.
bytes 100 >a
bytes 5000 >b.txt
bytes 70000 >c.txt
: >empty
truncate -s 5M sparse
chmod 600 a
chmod 4755 b.txt
chmod 444 c.txt
touch -d 2001-01-01 a
touch -d 2005-05-05 b.txt
touch -d 2010-10-10 c.txt
ln a a-link
# shellcheck disable=SC2120
found() { find . -mindepth 1 "$@" | sort; }
try found -size 0
try found -size +4k
try found -size -2
try found -size 100c
try found -newer b.txt
try found -newermt 2004-01-01 ! -newermt 2006-01-01
try found -perm 600
try found -perm -4000
try found -perm /022
try found -links 2
try found -links +1
try found -empty
try found -type f
try found -type d
try found -name '*.txt'
try found -samefile a
try found -inum "$(stat -c %i a)" | tail -n +2
try found -user "$(id -un)"
try found -nouser
try found -mtime +100
try found -mmin -60
try found -readable
try found -writable
try found -executable
try found -sparse 2>/dev/null || true
try found -fstype nosuch
find . -mindepth 1 -printf '%f %s %m %n %b %k %u %g %y %d\n' | sort
find a b.txt c.txt -printf '%f %TY-%Tm-%Td %TT\n'
find . -name '*.txt' -exec sha256sum {} + | sort
find . -name '*.txt' -execdir cat {} \; | sha256sum
find . -type f -print0 | sort -z | xargs -0 -n 2 echo
find . -name '*.txt' -delete
# shellcheck disable=SC2119
found
find . -type f -size 0 -ok rm {} \; </dev/null 2>/dev/null
find . -mindepth 1 -delete
# shellcheck disable=SC2119
found
try find missing
