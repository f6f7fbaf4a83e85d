# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Tools that look for extended attributes and access control lists find none and stay silent.
echo text >a
chmod 750 a
cp -a a b
cp --preserve=xattr a c 2>&1 | sed 's/setting attributes.*//'
cp --preserve=all a d
mv d "$SCRATCH/d"
mv "$SCRATCH/d" e
ls -l a | cut -c1-11
python3 -c 'import shutil; shutil.copy2("a", "f"); shutil.copystat("a", "c")'
python3 -c 'import shutil; shutil.copyfile("a", "g")'
python3 -c 'import shutil; shutil.move("g", "h")'
show -- *
