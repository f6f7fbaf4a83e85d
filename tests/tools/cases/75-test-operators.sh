# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# The shell's tests, with the rights of the caller.
touch a
for mode in 000 100 200 400 600 755 4755 2755; do
    chmod "$mode" a
    for t in r w x e f d s u g k O G L p S b c N; do
        test "-$t" a && printf '%s' "$t" || printf .
    done
    echo " $mode"
done
test -r missing || echo no
test -w . && test -x . && test -r . && echo directory
perl -e 'use POSIX; for my $n ("a", ".", "missing") { for (0 .. 7) {
    print POSIX::access($n, $_) ? "0" : $!+0, " " } print "\n" }'
