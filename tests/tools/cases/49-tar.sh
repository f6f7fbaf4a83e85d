# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# tar of flat files, with -S, with links, in and out of the directory.
bytes 70000 >a
echo small >b
: >empty
truncate -s 8M sparse
echo island | dd of=sparse bs=1 seek=4M conv=notrunc status=none
ln a a-link
chmod 4750 a
chmod 444 b
touch -d '2001-02-03 04:05:06' a b empty sparse
tar -cSf "$SCRATCH/s.tar" --sort=name --numeric-owner a a-link b empty sparse
sha256sum "$SCRATCH/s.tar" | cut -d' ' -f1
tar -tvf "$SCRATCH/s.tar" --numeric-owner
tar -cf own.tar a b empty
tar -rf own.tar a-link
tar -tf own.tar
tar -df own.tar
tar --delete -f own.tar empty
tar -tf own.tar
rm a a-link b empty sparse
tar -xSpf "$SCRATCH/s.tar"
show -- *
show_times a b empty sparse
[[ a -ef a-link ]] && echo linked
sha256sum a b sparse
tar -df "$SCRATCH/s.tar"
tar -xf own.tar
tar -xOf own.tar b
rm own.tar
mkdir "$SCRATCH/out"
tar -cSf - --sort=name -- * | tar -xSpf - -C "$SCRATCH/out"
(cd "$SCRATCH/out" && sha256sum -- * && stat -c '%n %a %h %s' -- *)
tar -czf z.tgz --sort=name a b
tar -tzf z.tgz
try tar -xzf z.tgz --overwrite
tar -xf "$SCRATCH/s.tar" --keep-newer-files b 2>&1
try tar -xkf "$SCRATCH/s.tar" b
tar -xf "$SCRATCH/s.tar" --unlink-first a
tar -xf "$SCRATCH/s.tar" --transform='s/^/x-/' b
show -- *
tar -cf listed.tar --hole-detection=seek -S sparse
tar -cf listed2.tar --hole-detection=raw -S sparse
sha256sum listed.tar listed2.tar
rm z.tgz
