# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# A directory with hundreds of names.
for ((i = 0; i < 200; i++)); do echo "$i" >"file-$i"; done
ls | wc -l
ls -l | wc -l
ls -U | sort -u | wc -l
cat file-* | sort -n | tail -n 1
find . -type f -newer file-0 | wc -l | grep -q . && echo found
du -s -k
rm file-*5
ls | wc -l
ls -U | while read -r name; do mv "$name" "moved-$name"; done
ls | wc -l
ls moved-file-19*
ls -f | grep -c moved
find . -name '*7*' -delete
ls | wc -l
# Names that come and go while the directory is read.
for ((i = 0; i < 150; i++)); do : >"churn-$i"; rm "churn-$i"; done &
for ((i = 0; i < 10; i++)); do find . -name 'moved-*' | sort -u | wc -l; done | uniq
wait
rm -rf -- ./*
ls -A
