# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# mkdir and rmdir, and their refusals.
mkdir a
mkdir -p a/b/c x/y/z
mkdir -p a/b/c
try mkdir a
try mkdir missing/a
mkdir -m 1751 mode
mkdir -v -p p/{q,r}/s
touch a/b/c/file
try mkdir a/b/c/file
try mkdir -p a/b/c/file
try mkdir -p a/b/c/file/d
show a a/b a/b/c a/b/c/file mode .
try rmdir a
try rmdir a/b/c/file
try rmdir missing
rmdir --ignore-fail-on-non-empty a
try rmdir -p x/y/z
rmdir -v -p p/r/s || true
rmdir p/q/s p/q
try rmdir p/
try rmdir .
try rm a
try unlink a
try rm -d a
rm -d mode
cd a/b/c || exit
pwd -P | grep -o 'a/b/c$'
rm file
rmdir ../c
try pwd -P
cd "$VIEW" || exit
(umask 077 && mkdir closed && mkdir -p closed/1/2)
mkdir -m u=rwx,g=rx,o= symbolic
find . -printf '%p %y %m %n %s\n' | sort
test -d a && test -x a && ! test -f a && echo directory
ls -la --time-style=+ a | tail -n +2
ls -ld --time-style=+ a/ a/. a/b/..
ls -R
