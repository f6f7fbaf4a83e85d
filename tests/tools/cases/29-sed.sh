# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# sed -i and perl -i.
printf '%s\n' alpha beta gamma >a
chmod 640 a
sed -i s/beta/BETA/ a
cat a
show a
sed -i.bak s/gamma/GAMMA/ a
cat a a.bak
sed -i -e 1d -e '$a\last' a
cat a
ln a linked
sed -i 's/last/LAST/' a
show a linked
sed -n 'w copy' a
sed -n '/A/w matched' a
cat copy matched
sed -i '1r copy' a
cat a
seq 20000 >long
sed -i 's/1/one/g' long
sha256sum long
printf 'x\n' >b
sed -i --copy 2>/dev/null s/x/y/ b || sed -i s/x/y/ b
sed -i 's/y/z/' a b
cat b
try sed -i s/x/y/ missing
: >empty
sed -i s/x/y/ empty
perl -pi -e 's/BETA/delta/' a
cat a
perl -pi.orig -e 's/delta/epsilon/' a
show -- *
sed -s -n '$=' long a
sed --in-place='*.old' s/z/q/ b
cat b b.old
