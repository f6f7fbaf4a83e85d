# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# needs: getfacl setfacl
# Default access control lists of directories: new entries get them, and the umask does not count.
if ! { mkdir probe && setfacl -m d:u:1:r probe 2>/dev/null; }; then
    echo "this tmpfs has no access control lists"
    exit 77
fi
rmdir probe
facl() { getfacl --numeric --omit-header -- "$@"; }
mkdir d plain
setfacl -m d:u:1234:rwx,d:g:4321:rx,d:o::- d
facl d
show d
for mask in 000 022 077; do
    umask "$mask"
    : >d/file$mask
    mkdir d/dir$mask
    mkfifo d/pipe$mask
    mkdir -m 751 d/mode$mask
    mkdir plain/dir$mask
    : >plain/file$mask
    python3 - "$mask" <<'P'
import os, socket, sys
os.close(os.open(f"d/small{sys.argv[1]}", os.O_CREAT | os.O_EXCL, 0o604))
socket.socket(socket.AF_UNIX).bind(f"d/socket{sys.argv[1]}")
P
done
umask 022
for name in d/* plain/*; do
    echo "$name"
    facl "$name"
done
show d/* plain/*
ln -s file000 d/link
mkdir -p d/dir000/further/down
facl d/dir000/further/down
touch d/dir000/further/down/file
facl d/dir000/further/down/file
python3 - <<'P'
import ctypes, os
fd = os.open("d", os.O_TMPFILE | os.O_RDWR, 0o666)
print(oct(os.fstat(fd).st_mode))
at_fdcwd, at_symlink_follow = -100, 0x400
print(ctypes.CDLL(None).linkat(at_fdcwd, b"/proc/self/fd/%d" % fd, at_fdcwd, b"d/temporary", at_symlink_follow))
P
facl d/temporary
: >outside
mv outside d/moved
facl d/moved
mv d/file000 plain/moved
facl plain/moved
ln plain/file000 d/linked
facl d/linked
cp plain/file000 d/copied
facl d/copied
install -m 640 plain/file000 d/installed
facl d/installed
: >"$HOST/d/outside"
facl d/outside
chmod 700 d
facl d
setfacl -k d
facl d
: >d/without
facl d/without
setfacl -d --set u::rwx,g::-,o::- d
: >d/closed
facl d d/closed
mkdir d/closed.d
facl d/closed.d
python3 -c 'import os; fd = os.open("d", os.O_RDONLY); print(os.listxattr(fd)); os.removexattr(fd, "system.posix_acl_default"); print(os.listxattr(fd))'
try getfacl --default --omit-header d
