# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# needs: dash
# Redirections and cat.
echo one >a
cat a
echo two >>a
echo three >b
cat a b
cat a b >c
cat - b <a
cat <<<'from a here-string' >d
cat d d d
: >empty
cat empty
try cat empty missing a
try_sh 'cat a >>a'
try_sh 'cat <a >a'
show a
try_sh 'set -C; echo clobber >b'
try_sh 'set -C; echo clobber >|b'
try_sh 'set -C; echo fresh >fresh'
cat b fresh
try_sh 'echo x <>rw; cat rw; echo x 1<>rw; cat rw'
try_sh '<missing cat'
try_sh 'echo x >missing/sub'
try_sh 'cat a/sub'
try_sh 'echo x >a/sub'
bytes 300000 7 >big
cat big big | sha256sum
cat big - <big >big2
show big big2
cat <big >big3
cmp big big3
dash -c 'echo dash >e; cat e; echo more >>e; cat <e; exec 3<e; read -r x <&3; echo "$x"; cat <&3'
