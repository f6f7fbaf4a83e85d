# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# as: root
# Another user's calls on root's objects, and root's on theirs.
secret() { echo "$1" >"$1"; chmod "$2" "$1"; }
secret 600 600
secret 644 644
secret 666 666
secret 622 622
secret 604 604
secret 640 640
secret 000 000
secret 007 007
for name in 600 644 666 622 604 640 000 007; do
    echo "--- $name"
    try as_other cat "$name"
    try as_other bash -c "echo other >>$name"
    try as_other bash -c "echo other >$name"
    try as_other bash -c "exec 3<>$name"
    try as_other truncate -s 3 "$name"
    as_other bash -c "for t in r w x; do test -\$t $name && echo may \$t; done; true"
    as_other perl -e 'use POSIX; for (R_OK, W_OK, X_OK, F_OK) {
        print POSIX::access($ARGV[0], $_) ? "yes" : "no: $!", "\n" }' "$name"
    try as_other touch "$name"
    try as_other touch -d 2001-01-01 "$name"
    try as_other chmod 777 "$name"
    try as_other chown 65534 "$name"
    try as_other cp "$name" "copy-$name"
    try as_other fallocate -l 10 "$name"
    try as_other dd if=/dev/null of="$name" conv=notrunc status=none
    show "$name"
done
echo '--- his own'
try as_other bash -c 'umask 077; echo mine >his; cat his'
show his
cat his
echo 'root may' >>his
chmod 000 his
cat his
try as_other cat his
try as_other chmod 200 his
try as_other bash -c 'echo his >>his'
try as_other cat his
as_other chmod 755 his
as_other touch -d 2001-01-01 his
show_times his
rm his
echo '--- group'
echo group >grp
chgrp 65534 grp
chmod 640 grp
try as_other cat grp
try as_other bash -c 'echo x >>grp'
chmod 604 grp
try as_other cat grp
chown 65534 grp
chmod 044 grp
try as_other cat grp
show grp
