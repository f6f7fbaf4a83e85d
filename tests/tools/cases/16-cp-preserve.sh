# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# cp -a, -p, --preserve, -l: mode, owner, times, links.
echo text >a
chmod 4751 a
touch -d '2001-02-03 04:05:06.123456789' a
echo other >b
chmod 600 b
touch -d '1999-12-31 23:59:59.999999999' b
ln a a-link
cp -p a p
cp -a a a-copy
cp --preserve=all b all
cp --preserve=timestamps a times
cp --preserve=mode a mode
cp -d --preserve=links,timestamps a a-link "$SCRATCH"
cp -a b "$SCRATCH"
mkdir "$SCRATCH/back"
cp -a "$SCRATCH"/a* "$SCRATCH/b" "$SCRATCH/back"
(cd "$SCRATCH/back" && show -- * && show_times -- *)
rm a a-link mode
cp -a "$SCRATCH"/back/* .
show -- *
show_times -- *
[[ a -ef a-link ]] && echo linked
cp -l a hard
try cp -l a hard
try cp -lf b hard
[[ b -ef hard ]] && echo linked
try cp -l "$SCRATCH/a" across
show -- *
chmod 1777 "$SCRATCH/back"
try cp -rp "$SCRATCH/back/." .
cp -au "$SCRATCH/b" b
show -- *
