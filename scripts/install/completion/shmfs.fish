# SPDX-License-Identifier: MIT
# fish completion for shmfs and shmfs-run.

function __shmfs_paths --description 'paths in /dev/shm; arguments go to find(1)'
    find /dev/shm -mindepth 1 $argv -printf '%P\n' 2>/dev/null
end

function __shmfs_mounts
    string match -r '^\S+ \S+ fuse\.shmfs ' </proc/self/mounts | string split -f 2 ' '
end

function __shmfs_options --description 'the options that a verb lists in its usage'
    shmfs $argv[1] -h 2>/dev/null | string match -r -a '^ +(?:-[A-Za-z], )?(--[a-z-]+).*' -g
end

set -l verbs run ls who reap watch status help

complete -c shmfs -n "not __fish_seen_subcommand_from $verbs" -a run -d 'run a program with objects of its own'
complete -c shmfs -n "not __fish_seen_subcommand_from $verbs" -a ls -d 'list objects and who holds them'
complete -c shmfs -n "not __fish_seen_subcommand_from $verbs" -a who -d 'list the processes that hold an object'
complete -c shmfs -n "not __fish_seen_subcommand_from $verbs" -a reap -d 'remove the objects that nobody holds'
complete -c shmfs -n "not __fish_seen_subcommand_from $verbs" -a watch -d 'tell who changes objects'
complete -c shmfs -n "not __fish_seen_subcommand_from $verbs" -a status -d 'print who serves a mount'
complete -c shmfs -n "not __fish_seen_subcommand_from $verbs" -a help -d 'print the usage of a verb'

for verb in run ls who reap watch status
    complete -c shmfs -n "__fish_seen_subcommand_from $verb; and string match -q -- '-*' (commandline -ct)" \
        -a "(__shmfs_options $verb)"
    complete -c shmfs -n "__fish_seen_subcommand_from help" -f -a $verb
end

complete -c shmfs -n '__fish_seen_subcommand_from ls who' -f -a '(__shmfs_paths)'
complete -c shmfs -n '__fish_seen_subcommand_from watch' -f -a '(__shmfs_paths -type d)'
complete -c shmfs -n '__fish_seen_subcommand_from status' -f -a '(__shmfs_mounts)'
complete -c shmfs -n '__fish_seen_subcommand_from run' -a '(__shmfs_paths -maxdepth 1 -type d)'
complete -c shmfs-run -a '(__shmfs_paths -maxdepth 1 -type d)'
complete -c shmfs-run -n "string match -q -- '-*' (commandline -ct)" -a '(__shmfs_options run)'
