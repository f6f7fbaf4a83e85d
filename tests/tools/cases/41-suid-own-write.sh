# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Set-user-ID and set-group-ID when the owner or root writes.
for mode in 4755 2755 6755 2745; do
    bytes 9000 >f
    chmod "$mode" f
    echo x >>f
    show f
    chmod "$mode" f
    echo x >f
    show f
    chmod "$mode" f
    truncate -s 5 f
    show f
    chmod "$mode" f
    fallocate -l 20000 f
    show f
done
