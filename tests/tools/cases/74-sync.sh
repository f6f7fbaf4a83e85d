# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# sync of a file, its data, its file system.
bytes 5000 >a
sync a
sync -d a
sync -f a
sync .
try sync missing
sync
cmp a "$HOST/a"
