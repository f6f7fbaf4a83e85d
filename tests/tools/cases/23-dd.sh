# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# dd: seek, skip, notrunc and the other conversions.
bytes 100000 9 >in
dd if=in of=out 2>&1 | head -n 2
cmp in out
dd if=in of=out bs=1000 seek=3 count=2 conv=notrunc status=none
show out
sha256sum out
dd if=in of=out bs=1000 seek=3 count=2 status=none
show out
sha256sum out
dd if=in of=out bs=1000 skip=98 status=none
show out
dd if=in of=hole bs=1000 seek=1000 count=1 status=none
show hole
dd if=in of=hole bs=1000 seek=2000 count=0 status=none
show hole
dd if=in of=bytewise bs=1 count=3000 skip=17 status=none
sha256sum bytewise
dd if=in of=bytewise bs=1 count=5 seek=2990 conv=notrunc status=none
dd if=in bs=7 of=odd obs=4099 status=none
cmp in odd
dd if=in of=odd ibs=4097 obs=13 status=none
cmp in odd
dd if=in of=both iflag=skip_bytes,count_bytes oflag=seek_bytes \
    skip=123 count=45678 seek=999 status=none
sha256sum both
dd if=both of=appended oflag=append conv=notrunc status=none
dd if=both of=appended oflag=append conv=notrunc status=none
show appended
try dd if=in of=in conv=excl status=none
try dd if=in of=none conv=nocreat status=none
dd if=in of=excl conv=excl status=none
dd if=in of=synced conv=fsync status=none
dd if=in of=synced conv=fdatasync,notrunc status=none
dd if=in of=sync bs=4096 oflag=sync,dsync status=none
dd if=in of=swab conv=swab,ucase status=none
dd if=in of=padded bs=4096 conv=sync status=none
show padded
dd if=in of=self status=none
dd if=self of=self bs=10000 skip=5 seek=0 count=1 conv=notrunc status=none
sha256sum self
dd if=/dev/null of=in2 status=none
show in2
dd if=in of=zero bs=1M count=0 status=none
for size in 13 511 4095 4096 4097 65537 1048576 3000001; do
    bytes $((size < 4000 ? size * 1000 : 3000000)) "$size" |
        dd of=block bs="$size" iflag=fullblock status=none
    dd if=block bs="$size" status=none | sha256sum
done
rm block
dd if=in of=past bs=1 skip=100000 status=none
try dd if=in of=past skip=1000000 bs=1 status=none
try dd if=missing of=x status=none
try dd if=in of=missing/x status=none
try dd if=. of=x status=none
rm -f x
