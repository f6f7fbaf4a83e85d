# SPDX-License-Identifier: MIT
# bash completion for shmfs and shmfs-run. No function needs the package bash-completion.

# Paths of objects and directories relative to /dev/shm; ARGUMENTS go to find(1).
_shmfs_paths() { # [ARGUMENTS ...]
	find /dev/shm -mindepth 1 "$@" -printf '%P\n' 2>/dev/null
}

# Fills COMPREPLY with the lines of stdin that begin with WORD, quoted for the shell.
_shmfs_offer() { # WORD
	local line
	while IFS= read -r line; do
		[[ $line != "$1"* ]] || COMPREPLY+=("$(printf '%q' "$line")")
	done
}

_shmfs_words() { # WORD CANDIDATE ...
	local word=$1
	shift
	_shmfs_offer "$word" < <(printf '%s\n' "$@")
}

_shmfs_mounts() {
	local point type
	while read -r _ point type _; do
		[[ $type != fuse.shmfs ]] || printf '%b\n' "$point"
	done </proc/self/mounts
}

# The options that `shmfs VERB -h` lists.
_shmfs_options() { # VERB
	shmfs "$1" -h 2>/dev/null | sed -n -E \
		-e 's/^ +(-[A-Za-z]), (--[a-z-]+).*/\1\n\2/p' -e 's/^ +(--[a-z-]+).*/\1/p'
}

_shmfs_value() { # VERB OPTION WORD: the argument of OPTION; 1: it takes none
	case $1:$2 in
	ls:--sort) _shmfs_words "$3" name used size age ;;
	reap:--user) mapfile -t COMPREPLY < <(compgen -u -- "$3") ;;
	reap:--namespace) _shmfs_offer "$3" < <(_shmfs_paths -maxdepth 1 -type d) ;;
	reap:--name | run:--share | run:--share-later) _shmfs_offer "$3" < <(_shmfs_paths ! -type d) ;;
	run:--tmp | run:--mount | run:-m) mapfile -t COMPREPLY < <(compgen -d -- "$3") ;;
	reap:--older-than) _shmfs_words "$3" 90s 5m 1h 2d ;;
	run:--size) _shmfs_words "$3" 64M 1G ;;
	*:-o | *:--output) ;;
	*) return 1 ;;
	esac
}

# The index of the namespace's name on the command line of `run`; nothing behind --unique.
_shmfs_run_name() { # FIRST
	local i
	for ((i = $1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--unique) printf '%d' "-$i" && return ;;
		--share | --share-later | --size | --tmp | --mount | -m) ((i++)) ;;
		-*) ;;
		*) break ;;
		esac
	done
	printf '%d' "$i"
}

_shmfs_run() { # FIRST WORD: what stands on the place of NAME, PROGRAM or an argument
	local name
	name=$(_shmfs_run_name "$1")
	if ((name == COMP_CWORD)) && [[ $2 == -* ]]; then
		_shmfs_offer "$2" < <(_shmfs_options run)
	elif ((name == COMP_CWORD)); then
		_shmfs_offer "$2" < <(_shmfs_paths -maxdepth 1 -type d)
	elif ((name == COMP_CWORD - 1 || name < 0)); then
		mapfile -t COMPREPLY < <(compgen -c -- "$2")
	else
		compopt -o default
	fi
}

_shmfs() {
	local word=${COMP_WORDS[COMP_CWORD]} verb=run first=1
	COMPREPLY=()
	if [[ ${COMP_WORDS[0]##*/} != shmfs-run ]]; then
		if ((COMP_CWORD == 1)); then
			_shmfs_words "$word" run ls who reap watch status help
			mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -d -- "$word")
			return
		fi
		verb=${COMP_WORDS[1]} first=2
	fi
	if ((COMP_CWORD > first)) && _shmfs_value "$verb" "${COMP_WORDS[COMP_CWORD - 1]}" "$word"; then
		return
	fi
	case $verb:$word in
	help:*) _shmfs_words "$word" run ls who reap watch status ;;
	ls:-* | who:-* | reap:-* | watch:-* | status:-*)
		_shmfs_offer "$word" < <(_shmfs_options "$verb") ;;
	run:*) _shmfs_run "$first" "$word" ;;
	ls:* | who:*) _shmfs_offer "$word" < <(_shmfs_paths) ;;
	watch:*) _shmfs_offer "$word" < <(_shmfs_paths -type d) ;;
	status:*) _shmfs_offer "$word" < <(_shmfs_mounts) ;;
	*) mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
	esac
}

complete -F _shmfs shmfs shmfs-run
