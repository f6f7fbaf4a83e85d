# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# mv of directories, within the mount and across file systems.
mkdir -p a/b/c to
for dir in a a/b a/b/c; do
    for i in 1 2 3; do bytes 3000 "$i" >"$dir/$i"; done
done
ln a/1 a/b/c/linked
ln -s ../1 a/b/symlink
mkfifo -m 640 a/b/pipe
chmod 2750 a/b
touch -d '2001-02-03 04:05:06.7' a/2 a/b a
mv a moved
find . -printf '%p %y %m %n %s\n' | sort
show_times moved moved/2 moved/b
mv moved to
mv to/moved/b .
try mv b b
try mv b b/c/new
try mv to to/moved
try mv missing to
mkdir empty full full/inner
try mv -T b empty
try mv -T empty full
try mv -T to empty
mkdir into
mv -T to into
find . -printf '%p %y %m %n %s\n' | sort
touch file
try mv -T empty file
try mv -T file empty
try mv -n file full
mv -v full into
mv into "$SCRATCH"
find "$SCRATCH/into" ! -type d -printf '%P %y %m %n %s\n' | sort
find "$SCRATCH/into" -type d -printf '%P %m\n' | sort
mv "$SCRATCH/into" back
find . -printf '%p %y %m %n %s\n' | sort
cd back/moved || exit
mv ../../back ../../again
ls
touch made
cd "$VIEW" || exit
cat again/moved/1 | sha256sum
exec 3<again/moved/3
mv again/moved third
rm third/3
sha256sum <&3
(cd third && for name in *; do mv -- "$name" "x$name"; done)
find third | sort
