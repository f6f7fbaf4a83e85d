# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# cp of trees: in, out, and within.
mkdir -p src/lib/deep src/empty src/.hidden
bytes 100000 1 >src/big
echo text >src/lib/text
: >src/lib/deep/none
truncate -s 3M src/lib/sparse
echo secret >src/.hidden/file
ln src/lib/text src/lib/hard
ln -s lib/text src/link
ln -s lib src/dirlink
ln -s /nowhere/at/all src/dangling
ln -s ../.. src/lib/deep/up
mkfifo -m 604 src/pipe
chmod 700 src/.hidden
chmod 4751 src/big
chmod 3775 src/empty
touch -d '2001-02-03 04:05:06.123456789' src/lib/text src/lib src/empty
touch -h -d 2002-01-01 src/link
tree() { (cd "$1" && find . -printf '%p %y %m %n %s %l\n' | sort); }
cp -a src all
tree all
show_times all/lib all/empty all/link all/lib/text
[[ all/lib/text -ef all/lib/hard ]] && echo linked
try diff -r --no-dereference src/lib all/lib
cp -r src plain
tree plain
cp -rL src/lib followed 2>/dev/null || true
cp -a src "$SCRATCH/out"
tree "$SCRATCH/out"
cp -a "$SCRATCH/out" in
tree in
cp -al in/lib hardlinked
[[ in/lib/text -ef hardlinked/text ]] && echo linked
cp -rs "$PWD/in/lib" symlinks
(cd symlinks && find . -type l | sort)
cp -au in/. all
try cp -r in/lib/deep in/lib/deep/inside
try cp in x
try cp -r in in/big
cp --parents in/lib/text plain
tree plain
cp -a --no-target-directory in/lib again
tree again
install -d made/by/install
install -D -m 640 in/lib/text made/deeper/down/text
tree made
