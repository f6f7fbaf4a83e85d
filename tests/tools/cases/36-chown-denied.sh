# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# as: user own
# chown by a user that may not.
touch a
try chown 0 a
try chown 1:1 a
try chgrp 1 a
try chown 65534 a
try chown 65534:65534 a
try chgrp 65534 a
show a
chmod 6755 a
try chgrp 65534 a
show a
try chmod 700 .
try chmod g+s a
try touch -d 2001-01-01 .
show a
