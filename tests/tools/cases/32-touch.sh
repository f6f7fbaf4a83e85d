# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# touch and the times.
touch a
show a
touch -d '2001-02-03 04:05:06.789012345' a
show_times a
stat -c 'atime %x' a
touch -a -d '2002-03-04 05:06:07.8' a
stat -c '%x %y' a
touch -m -d '2003-04-05 06:07:08.9' a
stat -c '%x %y' a
touch -r a b
stat -c '%x %y' b
touch -r a -d '+1 day' c
show_times c
touch -t 199001020304.05 d
show_times d
touch -c missing
touch -h a2 2>/dev/null || true
ls
for date in @0 @-1 1901-12-13 1969-12-31T23:59:59.5 2038-01-19T03:14:08 \
    2106-02-07T06:28:16 2200-01-01 2500-01-01; do
    touch -d "$date" t
    show_times t
done
touch -d 1999-01-01 e
touch -a e
show_times e
touch e
[[ $(stat -c %Y e) -gt 1600000000 ]] && echo now
touch -d 1999-01-01 f
echo x >>f
[[ $(stat -c %Y f) -gt 1600000000 ]] && echo 'writing sets mtime'
touch -d 1999-01-01 f
cat f
show_times f
chmod 600 f
ln f g
mv g h
show_times f h
before=$(stat -c %.9Z f)
sleep 0.02
chmod 640 f
[[ $(stat -c %.9Z f) != "$before" ]] && echo 'chmod sets ctime'
before=$(stat -c %.9Z f)
sleep 0.02
ln f i
[[ $(stat -c %.9Z f) != "$before" ]] && echo 'ln sets ctime'
before=$(stat -c %.9Z f)
sleep 0.02
rm i
[[ $(stat -c %.9Z f) != "$before" ]] && echo 'rm of a link sets ctime'
before=$(stat -c %.9Z f)
sleep 0.02
touch -d 1998-01-01 f
[[ $(stat -c %.9Z f) != "$before" ]] && echo 'touch sets ctime'
touch -d 1999-01-01 f
: >f
[[ $(stat -c %Y f) -gt 1600000000 ]] && echo 'truncating sets mtime'
touch -d 1999-01-01 f
: >f
[[ $(stat -c %Y f) -gt 1600000000 ]] && echo 'truncating what is empty sets mtime'
touch -d 1999-01-01 f
: >>f
show_times f
touch -d 1999-01-01 f
dd if=/dev/zero of=f bs=1 count=1 conv=notrunc status=none
[[ $(stat -c %Y f) -gt 1600000000 ]] && echo 'overwriting sets mtime'
touch -d '2001-01-01' x y z
show_times x y z
try touch missing/x
try touch a/x
