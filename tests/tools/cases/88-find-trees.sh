# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# find, du, ls, grep and rm on a tree.
mkdir -p t/{a,b,c}/{1,2,3}/deep
for dir in t t/a t/a/1 t/b/2/deep t/c/3; do
    for i in 1 2 3 4; do bytes "$((i * 5000))" "$i" >"$dir/f$i"; done
done
ln -s ../a t/b/link
ln t/f1 t/c/3/hard
: >t/c/empty
chmod 711 t/b
find t | sort
find t -depth -type d | sort
find t -maxdepth 2 -mindepth 1 | sort
find t -empty | sort
find t -type d -links 2 | sort
find t -type d -links +3 | sort
find t -name 'f*' -size +8k -printf '%p %k %D\n' | sed 's/ [0-9]*$//' | sort
find t -path '*/deep/*' | sort
find t -name a -prune -o -type f -print | sort
find -L t -name f2 | sort
find t -samefile t/f1 | sort
find t -newer t/f1 -type d >/dev/null
find t -xdev -type d -perm 711
find t -noleaf -type f | wc -l
du -a t | sort -k2
du t | sort -k2
du -s --apparent-size -b t
du -b t | sort -k2
du -S t | sort -k2
du -sl t
du --inodes -s t
du -L -s t
du -d 1 -k t | sort -k2
ls -R t
ls -lR --time-style=+ t | grep '^total'
tree_sum() { (cd "$1" && find . -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum); }
tree_sum t
grep -rc . t/a/1/f1 t/c/empty
grep -rl NOTHING t || true
chmod -R go-rwx t
find t ! -type l -printf '%p %m\n' | sort
chmod -R u+rwX,go+rX t
rm -r t/a/1
try rm t/b
try rm -d t/b
rm -rfv t/b | sort
try rmdir t
find t -type f -delete
find t -depth -type d -empty -delete
try ls t
mkdir -p many/{1,2,3,4,5,6,7,8,9}/{1,2,3,4,5,6,7,8,9}
touch many/{1,2,3,4,5,6,7,8,9}/{1,2,3,4,5,6,7,8,9}/x
du --inodes -s many
rm -rf many
ls -A
