# SPDX-License-Identifier: MIT
# TAP, for checks that are functions. Sourced.
number=0 failed=0 suffix=
log=$(mktemp)

report() { # STATUS NAME
    local verdict=ok
    [[ $1 == 0 ]] || verdict='not ok' failed=1
    number=$((number + 1))
    printf '%s %d - %s%s\n' "$verdict" "$number" "$2" "$suffix"
    [[ $1 == 0 ]] || tail -n 40 "$log" | sed 's/^/#   /'
}

# The command ends at the first failure in it, in a shell of its own.
check() { # NAME COMMAND...
    local name=$1
    shift
    (set -ex; "$@") </dev/null >"$log" 2>&1
    report $? "$name"
}

# The end of a command is judged, not its success.
ends_with() { # STATUS COMMAND...
    local wanted=$1 status=0
    shift
    "$@" || status=$?
    [[ $status == "$wanted" ]] || { echo "status $status, not $wanted: $*" && return 1; }
}

# The number of checks ends the output, and shows that it is whole.
finish() {
    printf '1..%d\n' "$number"
    rm -f "$log"
    exit "$failed"
}
