# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# needs: getfattr setfattr
# Extended attributes: setfattr and getfattr, their refusals, and the attributes they leave at the object.
if ! { : >probe && setfattr -n user.probe -v 1 probe 2>/dev/null; }; then
    echo "this tmpfs has no extended attributes for users"
    exit 77
fi
rm probe
echo text >a
mkdir d
setfattr -n user.one -v 1 a
setfattr -n user.two -v "$(printf 'x%.0s' {1..3000})" a
setfattr -n user.binary -v 0x00ff0a0d00 a
setfattr -n user.empty a
setfattr -n user.directory -v yes d
getfattr -d a | sha256sum
getfattr -d d
getfattr -n user.binary -e hex a
getfattr -n user.two --only-values a | wc -c
getfattr -n user.empty a
getfattr -d "$HOST/a" 2>/dev/null | grep -v '^#' | sha256sum
setfattr -n user.from.outside -v host "$HOST/a"
getfattr -n user.from.outside a
setfattr -n user.one -v changed a
getfattr -n user.one a
setfattr -x user.one a
try getfattr -n user.one a
try setfattr -x user.one a
try getfattr -n user.missing d
try setfattr -n unknown.name -v 1 a
try setfattr -n user. -v 1 a
try setfattr -n system.nothing -v 1 a
try_sh "setfattr -n user.$(printf 'n%.0s' {1..300}) -v 1 a 2>&1 | sed 's/nn*/n/g'"
ln -s a link
mkfifo pipe
try setfattr -h -n user.link -v 1 link
try setfattr -n user.pipe -v 1 pipe
setfattr -n user.through -v 1 link
getfattr -n user.through a
try setfattr -n trusted.mine -v 1 a
try setfattr -h -n trusted.mine -v 1 link
try getfattr -d -m '^trusted' a
try getfattr -h -d -m '^trusted' link
try setfattr -n security.mine -v 1 a
try getfattr -d -m '^security.mine' a
python3 - <<'P'
import os
def attempt(what, *arguments, **flags):
    try:
        print(what.__name__, arguments[1:], flags, what(*arguments, **flags))
    except OSError as error:
        print(what.__name__, arguments[1:], flags, error.strerror)
attempt(os.setxattr, "a", "user.new", b"1", os.XATTR_CREATE)
attempt(os.setxattr, "a", "user.new", b"2", os.XATTR_CREATE)
attempt(os.setxattr, "a", "user.new", b"3", os.XATTR_REPLACE)
attempt(os.setxattr, "a", "user.other", b"4", os.XATTR_REPLACE)
attempt(os.getxattr, "a", "user.new")
for mode in "rb", "r+b":
    with open("a", mode) as file:
        attempt(os.setxattr, file.fileno(), "user.by." + mode, b"5")
        attempt(os.getxattr, file.fileno(), "user.by." + mode)
        attempt(os.removexattr, file.fileno(), "user.new")
        print(sorted(name for name in os.listxattr(file.fileno()) if name.startswith("user")))
with open("gone", "w+b") as file:
    os.unlink("gone")
    attempt(os.setxattr, file.fileno(), "user.gone", b"6")
    attempt(os.getxattr, file.fileno(), "user.gone")
    attempt(os.listxattr, file.fileno())
big = os.open("big", os.O_CREAT | os.O_RDWR)
for size in 4096, 65536, 65537:
    try:
        os.setxattr(big, "user.big", b"x" * size)
        print(size, len(os.getxattr(big, "user.big")))
    except OSError as error:
        print(size, error.strerror)
P
chmod 400 a
try setfattr -n user.read.only -v 1 a
try getfattr -n user.through a
if [[ $PASS == root ]]; then
    try as_other getfattr -n user.through a
    try as_other setfattr -n user.stranger -v 1 a
    chmod 644 a
    try as_other getfattr -n user.through a
    try as_other setfattr -n user.stranger -v 1 a
    try as_other setfattr -x user.through a
    chmod 1777 d
    try as_other setfattr -n user.sticky -v 1 d
fi
