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

function __shmfs_verbs
    printf '%s\t%s\n' run 'run a program with objects of its own' ls 'list objects and their holders' \
        who 'list the processes that hold an object' reap 'remove the objects that no process holds' \
        watch 'print each change of an object' status 'print the state of a mount' help 'print the usage of a verb'
end

function __shmfs_value --description 'argument of an option; 1: the option takes none' # VERB OPTION WORD
    switch "$argv[1]:$argv[2]"
        case ls:--sort
            printf '%s\n' name used size age
        case reap:--user
            __fish_complete_users
        case reap:--namespace
            __shmfs_paths -maxdepth 1 -type d
        case reap:--name run:--share run:--share-later
            __shmfs_paths ! -type d
        case run:--tmp run:--mount run:-m
            __fish_complete_directories $argv[3]
        case reap:--older-than
            printf '%s\n' 90s 5m 1h 2d
        case run:--size
            printf '%s\n' 64M 1G
        case '*:-o' '*:--output'
        case '*'
            return 1
    end
end

function __shmfs_run --description 'options, namespace, or the program and its arguments' # WORD WORDS-BEFORE
    set -l word $argv[1]
    set -e argv[1]
    while string match -q -- '-*' $argv[1]
        switch $argv[1]
            case --unique
                set argv[1] unique
                break
            case --share --share-later --size --tmp --mount -m
                set -e argv[1]
        end
        set -e argv[1]
    end
    # The first word is the namespace now, and the program follows.
    if set -q argv[1]
        set -e argv[1]
        test "$argv[1]" != --; or set -e argv[1]
        complete -C (string join ' ' -- (string escape -- $argv) $word)
    else if string match -q -- '-*' $word
        __shmfs_options run
    else
        __shmfs_paths -maxdepth 1 -type d
    end
end

function __shmfs_complete
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    set -l verb run
    if not string match -q '*shmfs-run' $words[1]
        if not set -q words[2]
            __shmfs_verbs
            __fish_complete_directories $word
            return
        end
        set verb $words[2]
        set -e words[1]
    end
    set -e words[1]
    set -q words[1]; and __shmfs_value $verb $words[-1] $word; and return
    switch "$verb:$word"
        case 'help:*'
            printf '%s\n' run ls who reap watch status
        case 'run:*'
            __shmfs_run $word $words
        case 'ls:-*' 'who:-*' 'reap:-*' 'watch:-*' 'status:-*'
            __shmfs_options $verb
        case 'ls:*' 'who:*'
            __shmfs_paths
        case 'watch:*'
            __shmfs_paths -type d
        case 'status:*'
            __shmfs_mounts
        case '*'
            __fish_complete_directories $word
    end
end

complete -c shmfs -f -a '(__shmfs_complete)'
complete -c shmfs-run -f -a '(__shmfs_complete)'
