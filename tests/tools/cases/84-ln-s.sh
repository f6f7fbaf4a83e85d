# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Symbolic links.
mkdir -p d/e
echo text >f
ln -s f link
ln -s d/e dirlink
ln -s missing dangling
ln -s self self
ln -s /etc/hostname absolute
ln -sr f d/e/relative
readlink link dirlink dangling absolute d/e/relative
readlink -f link d/e/relative dangling
try readlink -e dangling
try readlink f
cat link d/e/relative
try cat dangling
try cat self
realpath --relative-to=. d/e/relative
ls -l --time-style=+ link dirlink
ls -F
ls dirlink/
ls -LR . 2>&1 | sort
stat -c '%n %F %a %s %h' link dirlink dangling
stat -L -c '%n %F %a %s' link dirlink
try stat -L dangling
echo through >link
cat f
echo new >dangling
cat missing
echo within >dirlink/new
ls d/e
try ln -s f link
ln -sf missing link
ln -sfn d dirlink
readlink link dirlink
try mkdir dangling2/x
try rm dirlink/
rm dirlink
ls d
mv d moved
try cat moved/e/relative
try rmdir link
chmod 600 link
show f missing link
touch -h -d 2001-01-01 link
show_times link
cp -d link copy
cp -P dangling copy2
find . -type l -printf '%p -> %l\n' | sort
find . -xtype l -printf '%p\n' 2>/dev/null | sort
find -L . -type f -printf '%p\n' 2>/dev/null | sort
find . -lname 'miss*' | sort
test -L link && test -h self && ! test -e self && echo tests
long=$(printf 'x%.0s' {1..1000})
ln -s "$long" long
readlink long | wc -c
