# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# install.
echo text >src
install src a
show a
install -m 640 src b
show b
install -m u=rw,go= src c
show c
install -p -m 600 src d
touch -d '2011-12-13 14:15:16.17' src
install -p src e
show_times e
install -C src a
install -C src a
show a
install -b src b
show b 'b~'
install -v src f
install -T src g
echo 'to scratch' >h
install -m 755 h "$SCRATCH/h"
stat -c '%a %s' "$SCRATCH/h"
install -m 711 "$SCRATCH/h" from-scratch
show from-scratch
try install missing x
try install src missing/x
if [[ $EUID == 0 ]]; then
    install -o 65534 -g 65534 -m 4755 src owned
    install -g 12345 -m 2755 src grouped
    show owned grouped
else
    try install -o 0 src owned
fi
cp "$(type -P true)" prog
install -s prog stripped 2>/dev/null || true
rm -f prog stripped
echo again >src
install src a
cat a
