# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# needs: getfacl setfacl getfattr setfattr rsync tar
# Trees with extended attributes and access control lists: cp -a, rsync -AX, tar, mv.
if ! { : >probe && setfattr -n user.probe -v 1 probe 2>/dev/null && setfacl -m u:1:r probe 2>/dev/null; }; then
    echo "this tmpfs has no extended attributes for users"
    exit 77
fi
rm probe
mkdir -p src/a/b
echo text >src/a/file
echo more >src/a/b/file
ln -s file src/a/link
ln src/a/file src/a/b/linked
mkfifo src/pipe
setfattr -n user.colour -v blue src/a/file
setfattr -n user.place -v 0x0001ff src/a src/a/b
setfattr -n user.deep -v down src/a/b/file
setfacl -m u:1234:rw,g:4321:r src/a/file
setfacl -m u:1234:rwx,d:u:1234:rwx,d:g:4321:rx src/a/b
setfacl -m u:1235:rw src/pipe
chmod 2751 src/a
# Everything about a tree, in a form that can be compared.
tree() {
    (
        cd "$1"
        find . -printf '%p %y %m %n %l\n' | sort
        getfattr -h -R -d -m '^(user|trusted)' . | sort
        getfacl -nR --physical . | sort
    )
}
tree src >"$SCRATCH/wanted"
cat "$SCRATCH/wanted"
same() { tree "$1" | diff - "$SCRATCH/wanted" && echo "$1: the same"; }
cp -a src copy
same copy
cp -r --preserve=mode src modes
tree modes
cp -r src bare
tree bare
cp --preserve=xattr src/a/file only
getfattr -d only
getfacl -n only
cp -a src "$SCRATCH/out"
tree "$SCRATCH/out" | sed "s/^# owner.*//"
rsync -aAXH src/ synced
same synced
setfattr -n user.colour -v red synced/a/file
setfacl -b synced/a/b
rsync -aAXHi src/ synced | sort
same synced
rsync -aAXHi src/ synced
rsync -aH src/ without
tree without
tar --xattrs --acls -cf "$SCRATCH/t.tar" --sort=name -C src .
mkdir untar
tar --xattrs --acls -xpf "$SCRATCH/t.tar" -C untar
same untar
mv copy moved
same moved
mv moved "$SCRATCH/away"
mv "$SCRATCH/away" back
same back
python3 - <<'P'
import os, shutil
shutil.copy2("src/a/file", "python")
print(sorted(name for name in os.listxattr("python") if name.startswith("user")))
shutil.copytree("src/a", "pythons", symlinks=True)
print(os.getxattr("pythons", "user.place"), os.getxattr("pythons/b/file", "user.deep"))
shutil.move("pythons", "elsewhere")
shutil.copyfile("python", "python.bare")
print([name for name in os.listxattr("python.bare") if name.startswith("user")])
P
getfacl -n python
sed -i s/text/texts/ back/a/b/linked
getfacl -n back/a/b/linked
