# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# needs: xxd
# shred overwrites in place.
bytes 10000 >a
before=$(sha256sum <a)
shred a
[[ $(sha256sum <a) != "$before" ]] && echo 'not what it was'
stat -c '%s %h' a
shred -n 1 -z a
sha256sum a
show a
bytes 5000 >b
shred -x -n 0 -z b
show b
xxd b | tail -n 1
: >empty
shred empty
stat -c %s empty
bytes 5000 >name
shred -v -n 2 -u name 2>&1
try shred -u missing
bytes 100 >c
shred --size=8192 -n 0 -z c
show c
bytes 9000 >d
chmod 400 d
try shred -f -u d
rm -f a
ls
