# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Functions for every case. Read in before the case, in the same shell.

# Nothing that a case has started outlives it.
end_jobs() {
    local jobs
    jobs=$(jobs -p)
    # shellcheck disable=SC2086
    [[ -z $jobs ]] || { kill $jobs && wait $jobs; } 2>/dev/null || true
}
trap end_jobs EXIT

# Runs a command that may fail, and shows both it and its exit status.
try() {
    local status=0
    printf '$ %s\n' "$*"
    "$@" || status=$?
    [[ $status == 0 ]] || printf '[%d]\n' "$status"
}

# The same for a line with redirections in it.
try_sh() {
    local status=0
    printf '$ %s\n' "$1"
    bash -c "$1" || status=$?
    [[ $status == 0 ]] || printf '[%d]\n' "$status"
}

# Runs a command as the other user; for cases that are root's only.
as_other() {
    setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
}

# Bytes that look random and are the same in every run. After each 64 KiB all of them change.
bytes() { # COUNT [SEED]
    perl -e 'my ($n, $x) = @ARGV; my $words = $n < 65536 ? $n / 4 : 16383; my $b = "";
        for (0 .. $words) { $x = ($x * 1103515245 + 12345) & 0x7fffffff; $b .= pack "V", $x; }
        for (my $i = 0; $n > 0; $i++, $n -= length $b) {
            print substr $b ^ pack("V", $i * 2654435761 & 0xffffffff) x (length($b) / 4), 0, $n;
        }' "$1" "${2:-1}"
}

# The attributes that are the same everywhere: type, mode, owner, links, size, blocks.
show() {
    stat --printf '%n: %F %a %u:%g links %h size %s blocks %b\n' "$@"
}

# Times that were set, not those of now.
show_times() {
    stat --printf '%n: mtime %y\n' "$@"
}

# Has a process to wait for a lock of this file?
is_waited_for() { # FILE
    grep -q -e "-> .*:$(stat -c %i "$1") " /proc/locks
}

# Waits, for thousands of looks, until a command succeeds.
wait_for() {
    local i
    for ((i = 0; i < 5000; i++)); do
        if "$@"; then
            return 0
        fi
        sleep 0.02
    done
    echo "waited in vain for: $*"
    return 1
}
