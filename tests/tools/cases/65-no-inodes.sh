# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# As many names as there is room for.
try_sh 'touch {1..1600} 2>&1 | tail -n 1'
ls | wc -l
try_sh 'echo x >one-more'
try cp 1 2
try ln 1 one-more
df --output=iavail .
rm 1
touch one-more
try touch two-more
ls -U | wc -l
find . -type f -delete
ls | wc -l
df --output=iused .
