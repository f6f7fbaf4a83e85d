# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# An old file under >, and writing into the middle of one.
bytes 10000 3 >f
show f
echo short >f
show f
cat f
chmod 640 f
echo again >f
show f
ln f g
echo 'both names' >g
cat f
exec 3<>f
read -r -N 4 -u 3 start
echo "$start"
printf '<<<' >&3
exec 3>&-
cat f
printf 'X' 1<>f
cat f
exec 4>f
echo through-4 >&4
show f
echo through-4-again >&4
exec 4>&-
cat g
exec 5>>f
: >f
echo after >&5
show f
cat f
# Written at its old offset, a truncated file has a hole.
exec 6>f
printf '%5000s' x >&6
: >f
echo behind >&6
show f
tr -d '\0' <f
exec 6>&-
