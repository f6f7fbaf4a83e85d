# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# chmod.
touch a b c
for mode in 0 7 70 700 644 755 1777 2755 4755 7777 u=rwx,go=rx \
    u+s g+s o+t a-x +x =r u=g o-r g=o,u+w a=; do
    chmod "$mode" a
    show a
done
chmod 750 b
chmod --reference=b a
show a
chmod -v 700 a
chmod -v 700 a
chmod -c 711 a b
chmod u+X,g-X c
chmod a+X b
show a b c
chmod 644 -- *
chmod -R u=rw,go= ./*
show a b c
try chmod 644 missing
try chmod 999 a
umask 077
chmod +x a
chmod -- -r a
show a
chmod 0 a
chmod 600 a
echo 'after chmod' >a
exec 3>a
chmod 000 a
echo 'open stays open' >&3
exec 3>&-
chmod 400 a
cat a
