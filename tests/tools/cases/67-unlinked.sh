# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# needs: xxd
# An open file without a name goes on working and gives its memory back at the end.
columns=used,iused
bytes 1000000 >a
exec 3<>a 4<a 5>>a
df --output=$columns .
rm a
df --output=$columns .
head -c 10 <&3 | xxd
stat -L -c 'links %h size %s %a' /proc/self/fd/3
printf 'appended' >&5
stat -L -c 'size %s' /proc/self/fd/4
sha256sum <&4
python3 - <<'P'
import os, errno
print(os.fstat(3).st_nlink, os.fstat(3).st_size)
os.ftruncate(3, 5000000)
os.pwrite(3, b"at the end", 4999990)
print(os.pread(4, 20, 4999985), os.fstat(4).st_size)
os.fchmod(3, 0o400)
print(oct(os.fstat(4).st_mode))
os.utime(3, ns=(1, 2))
print(os.fstat(3).st_mtime_ns)
os.posix_fallocate(3, 0, 2000000)
os.fsync(3)
print(os.lseek(3, 1100000, os.SEEK_HOLE))
try:
    os.link("/proc/self/fd/3", "again", follow_symlinks=True)
except OSError as error:
    print(errno.errorcode[error.errno])
P
df --output=$columns .
echo new >a
cat a
stat -L -c 'links %h size %s' /proc/self/fd/3
exec 3>&- 4<&-
exec 5>&-
used() { df --output=used . | tail -n 1; }
freed() { [[ $(used) -le 8 ]]; }
wait_for freed
df --output=$columns .
exec 3<a
echo newer >b
mv b a
cat <&3
cat a
stat -L -c 'links %h' /proc/self/fd/3
exec 3<&-
