# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# The umask and the modes of new files and directories.
for mask in 000 022 027 077 0177 0777; do
    umask "$mask"
    touch "touch$mask"
    : >"redirect$mask"
    cp /dev/null "cp$mask"
    install /dev/null "install$mask"
    echo x | tee "tee$mask" >/dev/null
    dd if=/dev/null of="dd$mask" status=none
    cp "redirect022" "copied$mask" 2>/dev/null || true
    mktemp "mktemp$mask.XXXXXX" >/dev/null
    stat -c '%a' mktemp"$mask".*
    rm -f mktemp"$mask".*
    perl -e 'use Fcntl; sysopen F, "open$ARGV[0]", O_CREAT | O_WRONLY, 06751 or die' "$mask"
    perl -e 'use Fcntl; sysopen F, "none$ARGV[0]", O_CREAT | O_WRONLY | O_EXCL, 0 or die;
        print F "x\n"' "$mask"
done
show -- *
umask 077
truncate -s 5 trunc077
split -b 1 - split077. <<<xy
show -- *077*
