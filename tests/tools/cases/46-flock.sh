# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# flock: locks that are granted, refused and waited for.
: >lock
flock lock echo got
flock -n lock echo got
exec 3>lock
flock 3
try flock -n lock echo never
try flock -n -E 9 lock echo never
try flock -w 0.1 lock echo never
try flock -n -s lock echo never
flock -u 3
flock -n lock echo free
flock -s 3
flock -n -s lock echo shared
try flock -n -x lock echo never
flock -x -n 3
try flock -n -s lock echo never
exec 3>&-
flock -n lock echo 'closed frees it'
exec 4>lock
flock 4
flock lock sh -c 'echo waiter has it >>order' &
waiter=$!
wait_for is_waited_for lock
echo 'holder lets go' >>order
flock -u 4
wait "$waiter"
cat order
exec 4>&-
# A counter that only its lock keeps right.
echo 0 >counter
for _ in 1 2 3 4; do
    for ((i = 0; i < 10; i++)); do
        flock lock bash -c 'read -r n <counter; echo $((n + 1)) >counter'
    done &
done
wait
cat counter
exec 5<lock
flock 5
bash -c 'exec 6<&5; flock -u 6'
flock -n lock echo 'a copy of the descriptor freed it'
exec 5<&-
flock -n made-by-flock echo made
flock -n . echo 'directory too' || true
rm lock
ls
