# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# split, csplit and putting it together again.
bytes 100000 6 >whole
split -b 30000 whole p.
show p.*
cat p.* | cmp - whole
rm p.*
split -b 4096 -d -a 3 whole n
ls n* | wc -l
cat n* | cmp - whole
rm n*
seq 1000 >lines
split -l 300 lines l.
wc -l l.*
rm l.*
split -n 7 whole c.
show c.*
cat c.* | cmp - whole
rm c.*
split -n l/3 lines e.
wc -l e.*
rm e.*
split -n r/3 lines r.
wc -l r.*
rm r.*
split -C 1000 --additional-suffix=.part lines s.
cat s.*.part | cmp - lines
rm s.*
split --filter='wc -c >$FILE' -b 33333 whole f.
cat f.*
csplit -f x. lines 100 '/^500$/' '{0}'
wc -l x.*
split -b 10 - from-stdin. <<<'0123456789abcdefghij'
cat from-stdin.ab
