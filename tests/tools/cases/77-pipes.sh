# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# needs: dash
# Files as standard input and output of running programs.
seq 1 2000 >in
exec 3<in 4>out
while read -r -u 3 n; do
    if ((n % 500 == 0)); then
        echo "$n" >&4
        echo "$n"
    fi
done
exec 3<&- 4>&-
cat out
{
    read -r first
    echo "$first"
    (
        read -r second
        echo "$second"
    )
    head -n 1 >/dev/null
} <in
(
    echo a
    (echo b)
    echo c >&2
) >both 2>&1
cat both
exec 5>shared
echo parent >&5
(echo child >&5)
bash -c 'echo grandchild >&5'
echo 'parent again' >&5
exec 5>&-
cat shared
yes | head -n 100000 | tee big | md5sum
timeout 300 tail -c +1 big | md5sum
xargs -n 500 <in | wc -l
sort -n <in >in.sorted
comm -3 <(sort in) <(sort in.sorted) | wc -l
time=$(TIMEFORMAT=x; { time cat big >/dev/null; } 2>&1)
echo "$time"
script=$(cat <<'S'
read -r a <in
echo "$a" >from-dash
S
)
dash -c "$script"
cat from-dash
