# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# du and df: the numbers of the tmpfs under the mount.
columns=size,used,avail,pcent,itotal,iused,iavail,ipcent,target
df --output=$columns .
bytes 3000000 >a
bytes 10 >b
truncate -s 100M sparse
: >empty
ln a a-link
du -al | sort -k2
du -kl ./*
du -bl ./*
du -c --apparent-size -k ./*
du -s
du -sh
du -l -s -k
du -0 a | tr '\0' '\n'
du --inodes -s .
df --output=$columns .
df -k --output=used a b
df --output=iused .
fallocate -l 5M allocated
df --output=used .
rm a
df --output=used .
rm a-link
df --output=used,iused .
exec 3<allocated
rm allocated
df --output=used,iused .
exec 3<&-
wait_for test "$(df --output=used . | tail -n 1)" -le 20
df --output=used,iused .
cmp <(df --output=avail .) <(df --output=avail "$HOST") && echo 'the same as outside'
stat -f -c 'block size %s %S blocks %b free %f %a inodes %c %d name %l' .
