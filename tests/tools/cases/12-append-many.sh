# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Appending by many processes at once loses nothing and tears nothing.
bytes 3000 >f
for writer in 1 2 3 4 5 6 7 8; do
    for ((i = 0; i < 150; i++)); do
        printf 'writer %d line %04d %0*d\n' "$writer" "$i" "$((i % 90 + 1))" 0
    done >>log &
done
wait
wc -l log
show log
grep -vcE '^writer [1-8] line 0[0-9]{3} 0+$' log || true
sort log >sorted
sort -u log | cmp - sorted
for writer in 1 2 3 4 5 6 7 8; do
    grep "^writer $writer " log | sort -c -k4,4n && echo "writer $writer is in order"
done
rm log
for writer in 1 2 3 4; do
    bytes 40000 "$writer" >"$SCRATCH/part$writer"
    dd if="$SCRATCH/part$writer" of=joined bs=8000 oflag=append conv=notrunc status=none &
done
wait
show joined
split -b 8000 -a 2 joined piece.
sha256sum piece.* | cut -d' ' -f1 | sort
rm piece.* joined sorted
for writer in 1 2 3; do
    perl -e 'open F, ">>", "p" or die; syswrite F, $ARGV[0] x 20 . "\n" for 1 .. 300' "$writer" &
done
perl -e 'for (1 .. 300) { open F, ">>", "p" or die; syswrite F, "9" x 20 . "\n"; close F }' &
wait
sort p | uniq -c
rm p
