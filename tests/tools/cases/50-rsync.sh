# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# needs: rsync
# rsync, to and from and within.
bytes 300000 1 >"$SCRATCH/a"
echo text >"$SCRATCH/b"
chmod 640 "$SCRATCH/b"
truncate -s 4M "$SCRATCH/sparse"
bytes 100 | dd of="$SCRATCH/sparse" bs=1 seek=2M conv=notrunc status=none
touch -d '2001-02-03 04:05:06.700000001' "$SCRATCH"/*
ln "$SCRATCH/a" "$SCRATCH/a-link"
rsync -aS "$SCRATCH/a" "$SCRATCH/b" "$SCRATCH/sparse" .
show -- *
show_times -- *
rsync -aHS -i "$SCRATCH"/a "$SCRATCH"/a-link . | sort
show -- *
bytes 1000 9 | dd of="$SCRATCH/a" bs=1 seek=1000 conv=notrunc status=none
touch -d 2002-01-01 "$SCRATCH/a"
rsync -a --inplace --no-whole-file -i "$SCRATCH/a" .
cmp a "$SCRATCH/a"
bytes 5000 8 >>"$SCRATCH/a"
touch -d 2002-01-02 "$SCRATCH/a"
rsync -a --append -i "$SCRATCH/a" .
cmp a "$SCRATCH/a"
bytes 5000 7 >>"$SCRATCH/a"
touch -d 2002-01-03 "$SCRATCH/a"
rsync -a --append-verify "$SCRATCH/a" .
rsync -ac -i "$SCRATCH/a" .
bytes 700 5 | dd of="$SCRATCH/a" bs=1 seek=5 conv=notrunc status=none
touch -d 2002-01-04 "$SCRATCH/a"
rsync -aI --no-whole-file --backup --suffix=.bak -i "$SCRATCH/a" .
cmp a "$SCRATCH/a"
bytes 10 | rsync -a --partial --remove-source-files -i "$SCRATCH/b" c
ls "$SCRATCH"
mkdir "$SCRATCH/back"
rsync -aHS -O ./ "$SCRATCH/back/"
(cd "$SCRATCH/back" && sha256sum -- * && stat -c '%n %a %h %s' -- *)
rm "$SCRATCH/back/c"
try rsync -aHS -O --delete "$SCRATCH/back/" .
show -- *
rsync -a a copied
rsync -a --size-only -n -i "$SCRATCH/back/" . | sed '/\/$/d' | sort
try rsync -a missing . 2>&1 | sed 's/^rsync error.*/rsync error/'
rsync -rlt --preallocate "$SCRATCH/back/a" preallocated
cmp a preallocated
