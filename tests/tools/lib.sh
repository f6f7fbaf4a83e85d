# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# The parts of run.sh: the two directories, the daemon, one case, TAP.
#
# Debian packages that the cases need: acl attr bash binutils bsdextrautils coreutils dash diffutils
# ed findutils fuse3 gcc git grep gzip libc6-dev mount patch perl python3 rsync sed sqlite3 tar
# util-linux vim xxd. run.sh itself needs perl and python3.
#
# A case is cases/NN-name.sh. It runs twice under bash -eu with prelude.sh read in, in an empty
# directory: once in a reference tmpfs, once in a mount of shmfs. Their output, exit status and the
# trees they leave behind (listing.py) must be the same. No output is edited afterwards: both see the
# same paths, because the reference run is put into a mount namespace in which the reference tmpfs
# hides the mount and /dev/shm. A case therefore prints nothing that has to differ (inode numbers,
# device names, random names, times of now); listing.py turns a time that lies within the run into
# "now".
#
# The environment of a case: the current directory (empty), HOST (the same objects by their other
# door, /dev/shm), SCRATCH (an empty directory elsewhere), PASS.
#
# Lines that a case may have in its first comment:
#   # as: root user own     the passes that it is for; all of them if the line is missing
#   # needs: rsync cc       commands; the case is skipped where one is missing
#
# Passes: in "root" and "user" the daemon is root's and the case runs as that caller; in "own" an
# ordinary user has mounted the file system himself, by fusermount3.

PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
SHMFS=${SHMFS:-$here/../../build/fs/shmfs}
user=65534
tmpfs_options=mode=1777,size=64m,nr_inodes=1500,nosuid,nodev
case_seconds=1200
must_run=${SHMFS_TEST_MUST_RUN:-0}

view=       # the directory in which a case runs: the mount, or the reference hiding it
reference=  # the same one level up, as the reference has it
daemon=     # pid
log=
log_lines=0 # of the log, that have been looked at
said=()     # lines that the daemon has written to the log since the look before
tests=0
failures=0

# --- TAP ---------------------------------------------------------------------------------------

report() { # ok|not-ok DESCRIPTION [FILE shown as diagnostics]
    tests=$((tests + 1))
    if [[ $1 == ok ]]; then
        printf 'ok %d - %s\n' "$tests" "$2"
        return
    fi
    failures=$((failures + 1))
    printf 'not ok %d - %s\n' "$tests" "$2"
    if [[ -n ${3:-} ]]; then
        sed 's/^/# /' "$3" | head -n 200
    fi
}

skip() { # DESCRIPTION REASON
    if [[ $must_run == 1 ]]; then
        report not-ok "$1: may not be skipped: $2"
    else
        tests=$((tests + 1))
        printf 'ok %d - %s # SKIP %s\n' "$tests" "$1" "$2"
    fi
}

bail_out() {
    printf 'Bail out! %s\n' "$*"
    exit 1
}

# --- the two directories -----------------------------------------------------------------------

prepare() {
    [[ -x $SHMFS ]] || bail_out "no daemon at $SHMFS"
    type -P perl >/dev/null || bail_out "needs perl"
    type -P python3 >/dev/null || bail_out "needs python3"
    trap clean_up EXIT
    trap 'exit 1' HUP INT TERM
    view=$work/view/dir
    reference=$work/reference
    log=$work/log
    mkdir -p "$view" "$reference/dir" "$work/out"
    let_go_of_other_mounts
    protect_machine || bail_out "cannot make the rest of the machine read-only"
    mount -t tmpfs -o "$tmpfs_options" shmfs-test /dev/shm || bail_out "cannot replace /dev/shm"
    mount -t tmpfs -o "$tmpfs_options" shmfs-test "$reference/dir"
}

# The new mount namespace has copies of other tests' mounts: their daemons would wait for them.
let_go_of_other_mounts() {
    local target
    while read -r target; do
        umount --no-canonicalize --lazy "$(printf %b "$target")" 2>/dev/null || true
    done < <(findmnt --noheadings --raw --types fuse.shmfs --output TARGET)
}

# A case runs as root and may be wrong: here it can write nothing but its own directories.
protect_machine() {
    local target type
    mount --rbind /tmp /tmp # some tools write there, whatever TMPDIR says
    mount --rbind "$work" "$work"
    while read -r target type; do
        target=$(printf %b "$target")
        case $type:$target in
        *:"$work" | *:/tmp | *:/dev/pts | *:/dev/shm) ;;
        proc:* | sysfs:* | cgroup*:* | fuse*:*) ;; # not for files, or another daemon's
        *) mount -o remount,bind,ro "$target" 2>/dev/null || true ;;
        esac
    done < <(findmnt --noheadings --raw --output TARGET,FSTYPE)
    [[ ! -w / && ! -w /dev ]]
}

empty_directories() {
    local dirs=(/dev/shm "$reference/dir")
    find "${dirs[@]}" -mindepth 1 -delete
    chown 0:0 "${dirs[@]}"
    chmod 1777 "${dirs[@]}"
}

clean_up() {
    local status=$?
    if [[ -n $daemon ]]; then
        umount -l "$view" 2>/dev/null || true
        kill "$daemon" 2>/dev/null || true
        wait "$daemon" 2>/dev/null || true
    fi
    exit "$status"
}

finish() {
    printf '1..%d\n' "$tests"
    [[ $failures == 0 ]]
}

# --- the daemon --------------------------------------------------------------------------------

as_user() {
    setpriv --reuid "$user" --regid "$user" --clear-groups -- "$@"
}

# Runs a command as the user that lists, mounts and unmounts in a pass.
as_mounter() { # PASS COMMAND...
    local pass=$1
    shift
    if [[ $pass == own ]]; then
        as_user "$@"
    else
        "$@"
    fi
}

# Runs a command as the user that calls the tools in a pass.
as_caller() { # PASS COMMAND...
    local pass=$1
    shift
    if [[ $pass == root ]]; then
        "$@"
    else
        as_user "$@"
    fi
}

wait_until() { # SECONDS COMMAND...
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [[ $SECONDS -lt $end ]] || return 1
        sleep 0.02
    done
}

serves_or_ended() {
    grep -q '^shmfs: serving at' "$log" || ! kill -0 "$daemon" 2>/dev/null
}

is_mounted() {
    grep -qF " $view fuse" /proc/self/mounts
}

start_daemon() { # PASS
    local options=()
    read -ra options <<<"${SHMFS_OPTS:-}"
    if [[ $1 == own ]]; then
        chown "$user" "$view"
    else
        chown 0:0 "$view"
    fi
    : >"$log"
    as_mounter "$1" "$SHMFS" -f "${options[@]}" "$view" >>"$log" 2>&1 </dev/null &
    daemon=$!
    wait_until 300 serves_or_ended || true
    if ! is_mounted; then
        daemon=
        return 1
    fi
    # Its first messages must not tell of trouble; later on it must say nothing.
    if grep -qiE 'error|warning|sanitizer|fail' "$log"; then
        return 1
    fi
    log_lines=$(wc -l <"$log")
}

# Has the daemon said something since the look before?
daemon_said() {
    mapfile -t -s "$log_lines" said <"$log"
    log_lines=$((log_lines + ${#said[@]}))
    [[ ${#said[@]} != 0 ]]
}

daemon_ended() {
    ! kill -0 "$daemon" 2>/dev/null
}

end_daemon() { # PASS
    local status=0
    : >"$work/out/end"
    if [[ $1 == own ]]; then
        as_user fusermount3 -u "$view" >>"$work/out/end" 2>&1 || true
    else
        umount "$view" >>"$work/out/end" 2>&1 || true
    fi
    if ! wait_until 300 daemon_ended; then
        echo "the daemon does not end" >>"$work/out/end"
        kill -KILL "$daemon"
    fi
    wait "$daemon" || status=$?
    daemon=
    [[ $status == 0 ]] || echo "the daemon's exit status is $status" >>"$work/out/end"
    if is_mounted; then
        echo "it is still mounted" >>"$work/out/end"
        umount -l "$view" || true
    fi
    if daemon_said; then
        printf '%s\n' "${said[@]}" >>"$work/out/end"
    fi
    [[ ! -s $work/out/end ]]
}

# --- one case ----------------------------------------------------------------------------------

# Runs the case in the view as it is in this mount namespace. Its exit status goes to out/status, too.
run_script() { # PASS CASE
    local status=0 run
    # shellcheck disable=SC2016
    run=(env -i PATH="$PATH" LC_ALL=C.UTF-8 TZ=UTC HOME="$work/scratch" SCRATCH="$work/scratch"
        TMPDIR="$work/scratch" HOST=/dev/shm VIEW="$view" PASS="$1"
        timeout --kill-after=5 "$case_seconds" bash -eu -c 'cd "$VIEW"; . "$0"; . "$1"'
        "$here/prelude.sh" "$here/cases/$2.sh")
    umask 022
    as_caller "$1" "${run[@]}" </dev/null 2>&1 || status=$?
    printf '\nexit status: %d\n' "$status"
    printf '%d\n' "$status" >"$work/out/status"
}

run_in_reference() { # PASS CASE
    (
        # A new namespace costs a process of its own; bash functions do not survive an exec.
        export -f run_script as_caller as_user
        export work here view PATH user case_seconds reference
        # shellcheck disable=SC2016
        unshare --mount --propagation slave bash -euc '
            mount --rbind "$reference" "$work/view"
            mount --bind "$view" /dev/shm
            run_script "$@"' bash "$@"
    )
}

run_once() { # reference|mount PASS CASE -> out/reference or out/mount
    local caller=$user
    [[ $2 != root ]] || caller=0
    rm -rf "$work/scratch"
    install -d -m 700 -o "$caller" -g "$caller" "$work/scratch"
    if [[ $1 == reference ]]; then
        run_in_reference "$2" "$3" >"$work/out/reference"
    else
        run_script "$2" "$3" >"$work/out/mount"
    fi
}

# Compares the output of the two runs and the trees they left; differences go to standard output.
compare() { # PASS SINCE
    local out=$work/out
    diff -au --label tmpfs --label shmfs "$out/reference" "$out/mount" || true
    as_mounter "$1" python3 -I -S "$here/listing.py" "$2" "$reference/dir" "$view" /dev/shm 2>&1 ||
        echo "listing.py: exit status $?"
    if daemon_said; then
        echo "the daemon said:"
        printf '%s\n' "${said[@]}"
    fi
    if daemon_ended; then
        echo "the daemon is gone"
    fi
}

# Reads the lines of the case's first comment that say when it runs.
read_header() { # CASE -> passes_of_case, tools_of_case
    local line
    passes_of_case='root user own' tools_of_case=
    while read -r line && [[ $line == '#'* ]]; do
        case $line in
        '# as: '*) passes_of_case=${line#'# as: '} ;;
        '# needs: '*) tools_of_case=${line#'# needs: '} ;;
        esac
    done <"$here/cases/$1.sh"
}

missing_tool() {
    local tool
    for tool in $tools_of_case; do
        if ! type -P "$tool" >/dev/null; then
            missing=$tool
            return
        fi
    done
    return 1
}

run_case() { # PASS CASE, whose header has been read
    local pass=$1 name="$1: $2" missing out=$work/out since=$EPOCHSECONDS status
    if missing_tool; then
        skip "$name" "$missing is not installed"
        return
    fi
    empty_directories
    run_once reference "$pass" "$2"
    read -r status <"$out/status"
    if [[ $status == 77 ]]; then
        skip "$name" "$(tail -n 3 "$out/reference" | head -n 1)"
        return
    fi
    if [[ $status != 0 ]]; then
        report not-ok "$name: the case itself is wrong, tmpfs says:" "$out/reference"
        return
    fi
    run_once mount "$pass" "$2"
    compare "$pass" "$since" >"$out/wrong"
    if [[ -s $out/wrong ]]; then
        report not-ok "$name" "$out/wrong"
    else
        report ok "$name"
    fi
    if [[ ${KEEP:-0} == 1 ]]; then
        cp "$out/mount" "$out/$pass-$2"
    fi
    if daemon_ended; then
        end_daemon "$pass" || true
        start_daemon "$pass" || bail_out "the daemon died and does not start again"
    fi
}

pass_is_possible() { # PASS; says why not
    if [[ $1 != root && $SHMFS_TOOLS_UID != 0 ]]; then
        echo "needs root"
    elif [[ $1 == own && ! -u $(command -v fusermount3) ]]; then
        echo "needs fusermount3 with its set-user-ID bit"
    fi
}

run_pass() { # PASS CASE...
    local pass=$1 reason name passes_of_case tools_of_case
    shift
    reason=$(pass_is_possible "$pass")
    if [[ -n $reason ]]; then
        skip "$pass: all cases" "$reason"
        return
    fi
    empty_directories
    if ! start_daemon "$pass"; then
        report not-ok "$pass: the daemon starts" "$log"
        return
    fi
    for name in "$@"; do
        read_header "$name"
        if [[ " $passes_of_case " == *" $pass "* ]]; then
            run_case "$pass" "$name"
        fi
    done
    empty_directories
    if end_daemon "$pass"; then
        report ok "$pass: the daemon ends cleanly"
    else
        report not-ok "$pass: the daemon ends cleanly" "$work/out/end"
    fi
}
