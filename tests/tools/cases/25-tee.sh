# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# tee.
echo one | tee a
echo two | tee a b
echo three | tee -a a
cat a b
bytes 300000 | tee c d e | sha256sum
cmp c d
cmp d e
echo x | tee /dev/null f >g
cat f g
echo y | tee -a a a a >/dev/null
cat a
seq 1000 | tee >(tail -n 1 >last) h | wc -l
wait_for test -s last
cat last
try_sh 'echo z | tee missing/x'
show -- *
