# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Files by way of perl.
perl - <<'P'
use strict;
use Fcntl qw(:DEFAULT :flock :seek);
open my $f, '+>', 'a' or die;
print $f "line $_\n" for 1 .. 1000;
seek $f, 0, SEEK_SET;
my @lines = <$f>;
print scalar(@lines), " $lines[-1]";
seek $f, 500, SEEK_SET;
print $f 'PATCH';
close $f;
print -s 'a', "\n";
open $f, '<', 'a' or die;
sysseek $f, 495, SEEK_SET;
sysread $f, my $buf, 15;
print "$buf\n";
print join(' ', map { (stat $f)[$_] } 2, 3, 4, 5, 7), "\n";
truncate 'a', 100 or die;
print -s 'a', "\n";
rename 'a', 'b' or die;
link 'b', 'c' or die;
print +(stat 'c')[3], "\n";
utime 1000000000, 1000000001, 'c' or die;
print join(' ', (stat 'b')[8, 9]), "\n";
chmod 0604, 'c';
printf "%o\n", (stat 'b')[2];
print unlink('b', 'missing'), "\n";
print join(' ', sort glob '*'), "\n";
opendir my $d, '.' or die;
print join(' ', sort readdir $d), "\n";
rewinddir $d;
print scalar(() = readdir $d), "\n";
open $f, '<', 'missing' or print "$!\n";
sysopen $f, 'c', O_CREAT | O_EXCL | O_WRONLY or print "$!\n";
open $f, '>>', 'c' or die;
flock $f, LOCK_EX or die;
syswrite $f, 'appended';
flock $f, LOCK_UN;
close $f;
open $f, '<', 'c';
binmode $f;
local $/;
print length <$f>, "\n";
print -e 'c' && -f _ && -r _ && -w _ && !-x _ ? "ok\n" : "no\n";
print eof $f ? "eof\n" : "more\n";
P
show -- *
