# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# needs: git
# A repository in the mount, with symbolic links, branches and packs.
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=a
export GIT_COMMITTER_EMAIL=a@example.org GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_DATE='2020-01-01T00:00:00Z' GIT_COMMITTER_DATE='2020-01-01T00:00:00Z'
git config --global init.defaultBranch main
git config --global gc.auto 0
git config --global pack.threads 1
git init -q repo
cd repo || exit
mkdir -p src/deep/er
for i in $(seq 40); do echo "line $i" >"src/file$i"; done
bytes 200000 >src/deep/er/binary
ln -s src/file1 link
printf '#!/bin/sh\n' >script
chmod 755 script
git add .
git status --short | sha256sum
git commit -q -m first
git rev-parse HEAD
git checkout -q -b branch
git mv src moved
echo changed >>moved/file1
git commit -q -a -m second
git rev-parse HEAD
git checkout -q main
ls
echo other >new
git add new
git commit -q -m third
git merge -q -m merge branch
git rev-parse HEAD
git log --oneline | wc -l
git fsck --strict 2>&1
git gc -q
git count-objects -v | grep -E 'count|packs'
git fsck --strict --full 2>&1
git status --short
git clone -q . ../clone
cd ../clone || exit
git rev-parse HEAD
readlink link
git tag -a -m tag v1
git push -q origin v1
git stash list
echo dirty >>new
git stash -q
git stash pop -q
git diff --stat
git reset -q --hard HEAD~1
git clean -fdq
git archive HEAD | tar -tf - | sha256sum
git worktree add -q ../tree branch
ls ../tree
git worktree remove ../tree
cd "$VIEW" || exit
git -C repo tag
# Times, packs and indexes are not the same in every run.
rm -rf repo clone
ls -A
