# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# as: root
# Directories of several users: setgid, sticky, closed ones.
mkdir -m 1777 sticky
mkdir -m 2775 shared
chown 0:65534 shared
mkdir -m 750 closed
mkdir -m 711 hidden
echo root >sticky/root
echo known >hidden/known
mkdir sticky/dir shared/made
touch shared/file
show shared/made shared/file
as_other touch sticky/other
as_other mkdir sticky/otherdir shared/otherdir
as_other touch shared/otherfile
show shared/* sticky/*
try as_other rm -f sticky/root
try as_other rmdir sticky/dir
try as_other mv sticky/root sticky/mine
try as_other mv sticky/other sticky/mine
try as_other rmdir sticky/otherdir
try as_other ls closed
try as_other touch closed/x
try as_other cat hidden/known
try as_other ls hidden
try as_other mkdir hidden/x
try as_other rm -rf shared/made
try as_other find . -name known
try as_other cp -r closed copy
try as_other chmod 777 shared
try as_other chgrp 65534 shared/otherdir
chmod g-s shared
as_other mkdir shared/later
show shared/later
chmod 700 shared
try as_other ls shared/later
try as_other stat shared/later
find . -printf '%p %y %m %U:%G\n' | sort
