# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# as: root
# The directory is sticky: removing and renaming entries of several users.
echo root >root
chmod 666 root
echo root >root2
as_other bash -c 'echo his >his; echo his2 >his2; chmod 666 his'
try as_other rm -f root
try as_other mv root x
try as_other mv -f his root
try as_other mv his his3
try as_other mv -f his3 his2
try as_other ln root link
try as_other ln root2 link2
try as_other ln his2 his-link
try as_other unlink root2
as_other sed -i s/root/x/ root 2>&1 | sed 's/sed[[:alnum:]]\{6\}/NAME/'
as_other cat root
show -- *
try setpriv --reuid 1234 --regid 1234 --clear-groups rm -f his2
try setpriv --reuid 1234 --regid 1234 --clear-groups mv his2 stolen
mv his2 taken
rm his-link
try as_other rm taken
cat root
ls
