# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# as: root
# chown and chgrp by root.
touch a b c
chown 65534 a
show a
chown 1234:5678 a
show a
chown :4321 a
show a
chgrp 99 a
show a
chown 0:0 a
chown --reference=a b
chown -v 1:1 b
chown -c 1:1 b
chown --from=1:1 2:2 b
chown --from=1:1 3:3 b
show b
chown -R 5:5 ./*
show a b c
chown daemon:daemon c
stat -c '%U %G' c
chmod 6755 a
chown 7 a
show a
chmod 2745 a
chown 7 a
show a
chmod 6644 a
chgrp 8 a
show a
chmod 6777 b
chown 65534:65534 b
show b
ln c d
chown 9:9 d
show c d
chown 4294967294:4294967294 a || true
show a
try chown 1 missing
before=$(stat -c %.9Z a)
sleep 0.02
chown 1 a
[[ $(stat -c %.9Z a) != "$before" ]] && echo 'chown sets ctime'
try as_other chown 65534 a
try as_other chgrp 65534 a
chown 65534:0 a
try as_other chgrp 65534 a
try as_other chgrp 0 a
try as_other chown 0 a
try as_other chown 65534:65534 a
chmod 6775 a
try as_other chgrp 65534 a
show a
