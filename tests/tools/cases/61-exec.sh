# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# needs: cc ar
# A program that lies in the directory runs.
cat >"$SCRATCH/hello.c" <<'C'
#include <stdio.h>
static int zero[100000];
int main(int argc, char **argv)
{
	printf("hello from %d arguments, last %s, %d\n", argc, argv[argc - 1], zero[99999]);
	return 3;
}
C
cc -o "$SCRATCH/hello" "$SCRATCH/hello.c"
cp "$SCRATCH/hello" hello
try ./hello one two
chmod -x hello
try_sh './hello one'
# The daemon of an ordinary user can read no more than he can.
if [[ $PASS != own ]]; then
    chmod 100 hello
    try ./hello three
fi
chmod 755 hello
mv hello moved
try ./moved
cp "$SCRATCH/hello.c" hello.c
cc -o built hello.c
try ./built
cc -c hello.c
ar rc lib.a hello.o
ar t lib.a
cc -o linked lib.a
try ./linked
cc -shared -fPIC -o libx.so hello.c
rm built linked hello.o lib.a libx.so
cat >script <<'S'
#!/bin/sh
echo "script $*"
S
try_sh './script'
chmod 755 script
try ./script a b
sh script c
chmod 711 script
try ./script d
echo 'echo sourced' >sourced
# shellcheck disable=SC1091
. ./sourced
printf '#!%s/moved\n' "$VIEW" >interp
chmod 755 interp
try ./interp
echo garbage >garbage
chmod 755 garbage
try_sh './garbage'
: >nothing
chmod 755 nothing
try_sh './nothing'
cp "$(command -v sleep)" nap
./nap 100 &
pid=$!
runs_nap() { [[ "/proc/$pid/exe" -ef nap ]]; }
wait_for runs_nap
try_sh 'echo x >nap'
try_sh 'echo x >>nap'
rm nap
kill "$pid"
wait "$pid" 2>/dev/null || true
rm moved
