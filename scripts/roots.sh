# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Root directories of Debian releases, for the scripts that build and try things in them. Sourced.
mirror=${SHMFS_MIRROR:-http://deb.debian.org/debian}

# The output of debootstrap goes to stdout.
make_root() { # RELEASE DIRECTORY [DEBOOTSTRAP-OPTION ...]
    local release=$1 directory=$2
    shift 2
    rm -rf "$directory" "$directory.part"
    debootstrap --variant=minbase "$@" "$release" "$directory.part" "$mirror" 2>&1 &&
        mv "$directory.part" "$directory"
}

# A command in a root directory, with mounts, processes and a /dev/shm of its own.
inside() { # ROOT COMMAND...
    local root=$1
    shift
    # shellcheck disable=SC2016
    scripts/private-mounts unshare --pid --fork --kill-child bash -euc '
        root=$1 && shift
        mount --rbind "$root" "$root"
        mount -t proc proc "$root/proc"
        mount -t tmpfs -o mode=755 dev "$root/dev"
        for node in null zero full random urandom tty fuse; do
            : >"$root/dev/$node"
            mount --bind "/dev/$node" "$root/dev/$node"
        done
        ln -s /proc/self/fd "$root/dev/fd"
        mkdir "$root/dev/shm" "$root/dev/pts"
        mount -t devpts -o newinstance,ptmxmode=666 devpts "$root/dev/pts"
        ln -s pts/ptmx "$root/dev/ptmx"
        mount -t tmpfs -o mode=1777,nosuid,nodev,size=256M tmpfs "$root/dev/shm"
        exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
            DEBIAN_FRONTEND=noninteractive chroot "$root" "$@"' bash "$root" "$@" </dev/null
}
