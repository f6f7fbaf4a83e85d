# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# needs: getfacl setfacl
# Access control lists: setfacl, getfacl, chmod of an object that has one, and whom it lets in.
if ! { : >probe && setfacl -m u:1:r probe 2>/dev/null; }; then
    echo "this tmpfs has no access control lists"
    exit 77
fi
rm probe
echo text >a
chmod 640 a
mkdir d
facl() { getfacl --numeric --omit-header -- "$@"; }
setfacl -m u:1234:rw,g:4321:r a
facl a
show a
facl "$HOST/a" 2>/dev/null
ls -l a | cut -c1-11
chmod 600 a
facl a
show a
chmod g+rwx a
facl a
setfacl -m m::r a
show a
setfacl -m u:1235:rwx a
facl a
setfacl -x u:1234 a
facl a
setfacl -m u:1236:- "$HOST/a"
facl a
setfacl -b a
facl a
show a
setfacl --set u::rwx,g::rx,o::- a
show a
setfacl -k a
try setfacl -m d:u:1234:rw a
try setfacl --set u::rwx a missing
try setfacl --set u::rw,g::r,o::r,u:1:rw,u:1:r a
setfacl -n -m u:1234:rwx,m::r a
facl a
setfacl -m u:1234:rwx,g:4321:rx d
touch d/file
mkdir d/sub
facl d d/file d/sub
getfacl --omit-header --numeric --skip-base a d d/file
getfacl -n a | setfacl --set-file=- d/file
facl d/file
getfacl -nR d >"$SCRATCH/saved"
setfacl -R -b d
setfacl --restore="$SCRATCH/saved"
getfacl -nR d
mv a "$SCRATCH/a"
mv "$SCRATCH/a" a
facl a
ln a d/linked
setfacl -m u:7:rwx d/linked
facl a
ln -s a link
facl link
: >open
python3 - <<'P'
import ctypes, ctypes.util, os, struct
# acl_set_fd of libacl is this call: version 2, then tag, permissions and id of each entry.
def entries(*of):
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in of)
none = 0xffffffff
wanted = entries((1, 6, none), (2, 7, 1234), (4, 4, none), (16, 5, none), (32, 0, none))
for flags in os.O_RDONLY, os.O_RDWR:
    fd = os.open("open", flags)
    os.setxattr(fd, "system.posix_acl_access", wanted)
    print(os.getxattr(fd, "system.posix_acl_access") == wanted, oct(os.fstat(fd).st_mode))
    os.fchmod(fd, 0o620)
    print(os.getxattr(fd, "system.posix_acl_access").hex(), oct(os.fstat(fd).st_mode))
    try:
        os.setxattr(fd, "system.posix_acl_default", wanted)
    except OSError as error:
        print(error.strerror)
    for bad in b"", b"x", wanted[:-3], entries((1, 6, none)), entries((99, 6, none)):
        try:
            os.setxattr(fd, "system.posix_acl_access", bad)
            print(oct(os.fstat(fd).st_mode))
        except OSError as error:
            print(error.strerror)
    os.close(fd)
P
facl open
if [[ $PASS == root ]]; then
    echo secret >mine
    chmod 600 mine
    try as_other cat mine
    try as_other setfacl -m u:65534:rw mine
    chmod 644 mine
    setfacl -m u:65534:- mine
    try as_other cat mine
    try as_other cat "$HOST/mine"
    exec 3<mine
    try as_other cat mine
    exec 3<&-
    cp /bin/true program
    chmod 755 program
    try as_other sh -c ./program
    setfacl -m u:65534:r program
    try as_other sh -c ./program
    setfacl -m u:65534:- d
    try as_other ls d
    try as_other cat d/file
fi
