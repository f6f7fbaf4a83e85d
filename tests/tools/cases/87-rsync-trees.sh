# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# needs: rsync
# rsync of trees, with entries that are deleted and moved.
mkdir -p "$SCRATCH"/src/{a/b/c,empty,x}
for i in 1 2 3; do
    bytes "$((i * 40000))" "$i" >"$SCRATCH/src/a/$i"
    bytes "$((i * 10))" "$i" >"$SCRATCH/src/a/b/c/$i"
done
ln "$SCRATCH/src/a/1" "$SCRATCH/src/x/hard"
ln -s ../a/b "$SCRATCH/src/x/link"
ln -s nowhere "$SCRATCH/src/x/dangling"
mkfifo "$SCRATCH/src/x/pipe"
chmod 2711 "$SCRATCH/src/empty"
find "$SCRATCH/src" -exec touch -h -d '2010-01-01 12:00:00.5' {} +
tree() { (cd "$1" && find . -mindepth 1 -printf '%p %y %m %n %s %l %T+\n' | sort); }
rsync -aH "$SCRATCH/src/" in
tree in
rsync -aHni --delete "$SCRATCH/src/" in
echo changed >>"$SCRATCH/src/a/2"
rm -r "$SCRATCH/src/a/b/c"
mkdir "$SCRATCH/src/a/b/new"
echo file >"$SCRATCH/src/a/b/c"
mv "$SCRATCH/src/empty" "$SCRATCH/src/full"
echo full >"$SCRATCH/src/full/file"
rm "$SCRATCH/src/x/link"
mkdir "$SCRATCH/src/x/link"
find "$SCRATCH/src" -exec touch -h -d '2011-01-01 12:00:00' {} +
rsync -aH --delete -i "$SCRATCH/src/" in | sort
tree in
rsync -aH --delete-after --checksum in/ copy
try diff -r --no-dereference --exclude=pipe in copy
rsync -a --link-dest="$PWD/in" in/ linked
[[ in/a/2 -ef linked/a/2 ]] && echo linked
rsync -a in "$SCRATCH/back"
try diff -r --no-dereference --exclude=pipe in "$SCRATCH/back/in"
rsync -a --remove-source-files --prune-empty-dirs copy/a/ moved
find copy -type f | sort
rsync -a --delete --backup --backup-dir="$PWD/old" "$SCRATCH/src/x/" in
find in old -printf '%p %y\n' | sort
rsync -aR in/./link relative
rsync -rt --inplace --no-whole-file "$SCRATCH/src/a" relative
find relative -printf '%p %y\n' | sort
