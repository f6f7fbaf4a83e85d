#!/bin/bash
# SPDX-License-Identifier: MIT
# Runs ordinary tools on a mount and compares them with the same script on tmpfs. Prints TAP.
#
# usage: run.sh [-p PASS ...] [-x CASE ...] [CASE ...]
#   PASS is root, user or own (see lib.sh); CASE is a name under cases/, e.g. 10-cat.
#   Without arguments every case runs in every pass that it asks for; -x leaves one out.
# environment:
#   SHMFS                the daemon (default: build/fs/shmfs)
#   SHMFS_OPTS           more options for it
#   SHMFS_TEST_MUST_RUN  1: a skipped case fails
#   KEEP                 1: the work directory stays, with the output of the runs
set -euo pipefail

here=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")

# Everything happens in a mount namespace of its own: /dev/shm is replaced there. It follows umounts
# outside, so that it does not keep other mounts alive.
run_inside() {
    local status=0 private=("$here/../../scripts/private-mounts" --slave)
    [[ $EUID == 0 ]] || private=(unshare --user --map-root-user --mount --propagation slave)
    SHMFS_TOOLS_UID=$EUID
    SHMFS_TOOLS_WORK=$(mktemp -d "${TMPDIR:-/tmp}/shmfs-t-tools-XXXXXX")
    export SHMFS_TOOLS_UID SHMFS_TOOLS_WORK
    chmod 755 "$SHMFS_TOOLS_WORK"
    if [[ ${KEEP:-0} == 1 ]]; then
        echo "# kept: $SHMFS_TOOLS_WORK"
    else
        trap 'rm -rf --one-file-system "$SHMFS_TOOLS_WORK"' EXIT
    fi
    # The sources may lie where other users cannot read them.
    SHMFS=${SHMFS:-$here/../../build/fs/shmfs}
    [[ -x $SHMFS ]] || { echo "Bail out! no daemon at $SHMFS" && exit 1; }
    cp "$SHMFS" "$SHMFS_TOOLS_WORK/shmfs"
    cp -r "$here" "$SHMFS_TOOLS_WORK/tools"
    chmod -R a+rX "$SHMFS_TOOLS_WORK"
    export SHMFS=$SHMFS_TOOLS_WORK/shmfs
    "${private[@]}" "$SHMFS_TOOLS_WORK/tools/run.sh" "$@" || status=$?
    exit "$status"
}

if [[ -z ${SHMFS_TOOLS_WORK:-} ]]; then
    run_inside "$@"
fi
work=$SHMFS_TOOLS_WORK

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$here/lib.sh"

passes=()
left_out=()
while getopts p:x: option; do
    case $option in
    p) passes+=("$OPTARG") ;;
    x) left_out+=("$OPTARG") ;;
    *) bail_out "unknown option" ;;
    esac
done
shift $((OPTIND - 1))
for pass in "${passes[@]}"; do
    [[ $pass == @(root|user|own) ]] || bail_out "unknown pass: $pass"
done
for name in "$@" "${left_out[@]}"; do
    [[ -f $here/cases/$name.sh ]] || bail_out "unknown case: $name"
done
if [[ ${#passes[@]} == 0 ]]; then
    passes=(root user own)
fi

cases=()
for path in "$here"/cases/*.sh; do
    name=$(basename "$path" .sh)
    if [[ ($# == 0 || " $* " == *" $name "*) && " ${left_out[*]} " != *" $name "* ]]; then
        cases+=("$name")
    fi
done

prepare
for pass in "${passes[@]}"; do
    run_pass "$pass" "${cases[@]}"
done
finish
