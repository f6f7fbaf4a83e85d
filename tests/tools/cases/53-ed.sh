# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# needs: ed
# ed.
printf '%s\n' one two three >a
printf '%s\n' '2s/two/TWO/' w q | ed -s a
cat a
printf '%s\n' '$a' four . 'w b' q | ed -s a
cat b
printf '%s\n' H 'r a' '1,$p' 'W b' 'wq' | ed a
cat a b
printf '%s\n' 'r !echo from a command' w q | ed -s a
cat a
diff -e a b | { cat; echo w; } | ed -s a || true
cmp a b
show a b
