# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# needs: rsync
# as: root
# rsync of a whole directory sets the mode and times of the one that it fills.
echo text >"$SCRATCH/b"
touch -d '2001-02-03 04:05:06' "$SCRATCH/b"
chmod 1777 "$SCRATCH"
touch -d '2002-02-02 02:02:02' "$SCRATCH"
rsync -a "$SCRATCH/" .
stat -c '%a %u:%g %y' .
show_times b
