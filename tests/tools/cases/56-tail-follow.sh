# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# tail -f while another process writes, and tail -F while files are rotated.
echo start >log
for ((i = 1; i <= 5; i++)); do
    echo "line $i"
    sleep 0.05
done >>log &
writer=$!
tail -n +1 -f -s 0.02 --pid="$writer" ---disable-inotify log
wait
echo first >rot
: >"$SCRATCH/out"
tail -n +1 -F -s 0.02 ---disable-inotify rot >"$SCRATCH/out" 2>"$SCRATCH/err" &
follower=$!
wait_for grep -q first "$SCRATCH/out"
mv rot rot.1
echo second >rot
wait_for grep -q second "$SCRATCH/out"
echo third >>rot
wait_for grep -q third "$SCRATCH/out"
cp rot rot.2
: >rot
wait_for grep -q truncated "$SCRATCH/err"
echo 4 >>rot
wait_for grep -q 4 "$SCRATCH/out"
kill "$follower"
wait "$follower" 2>/dev/null || true
cat "$SCRATCH/out"
grep -c . "$SCRATCH/err"
# The default way, which may be inotify.
echo begin >log2
(for i in 1 2 3; do sleep 0.05; echo "later $i" >>log2; done) &
writer=$!
timeout 300 tail -n +1 -f -s 0.05 --pid="$writer" log2
# A log that is copied and cut while its writer appends.
exec 3>>app
echo one >&3
cp app app.1
: >app
echo two >&3
cat app.1 app
show app
exec 3>&-
