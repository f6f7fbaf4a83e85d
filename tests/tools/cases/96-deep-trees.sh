# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Trees of long names, paths longer than a call takes, names with %2F in directories, device nodes.
long=$(printf '%255s' '' | tr ' ' n)
mkdir -p "a/$long/$long/$long/$long"
echo text >"a/$long/$long/$long/$long/$long"
try mkdir "a/${long}x"
try_sh "mkdir -p a/${long}x/y 2>&1 | sed 's/nn*/n/g'"
find a | awk '{ print length($0) }'
cp -a a b
diff -r a b && echo 'the same'
mv "a/$long/$long" "a/moved"
ln "a/moved/$long/$long/$long" "$long"
cat "$long"
deep() { # COMMAND..., 30 directories further down
    local i
    (
        cd "$VIEW/deep"
        for ((i = 0; i < 30; i++)); do
            mkdir "$long" 2>/dev/null || true
            cd "$long"
        done
        "$@"
    )
}
mkdir deep
deep touch file
deep ls
deep sh -c 'mkdir inner && mv file inner && ls -R . && ln inner/file linked && stat -c "%h %s" linked'
find deep | wc -l
try_sh "cat deep/$(printf "$long/%.0s" {1..20})file 2>&1 | sed 's/nn*/n/g; s/\(n\/\)*//'"
find deep -type f -printf '%d\n' | sort
mv deep deeper
rm -r deeper
mkdir -p p%2Fq/%2F p/q
echo one >p%2Fq/x
echo two >p/q%2Fx
echo three >p/q/x
echo four >p%2Fq%2Fx
cat p%2Fq/x p/q%2Fx p/q/x p%2Fq%2Fx
mv p%2Fq p/
ln p/q/x 'p/q%2F'
try rmdir p/p%2Fq/%2F
try mkdir p%2F
try rmdir p
try touch p%2F/x
ls -R p p%2F
find . -path './p*' -printf '%p %y %n %s\n' | sort
if [[ $PASS == root ]]; then
    mknod -m 640 p/null c 1 3
    mknod p/loop b 7 200
    mv p/null null
    ln null p/linked
    stat -c '%n %F %a %h %t:%T %s' null p/loop p/linked
    try cat null
    try_sh 'echo x >null'
    cp -a null copy
    stat -c '%F %a %t:%T' copy
    tar -cf "$SCRATCH/nodes.tar" null p/loop
    rm null p/loop
    tar -xpf "$SCRATCH/nodes.tar"
    stat -c '%n %F %a %h %t:%T' null p/loop
else
    try mknod p/null c 1 3
    try mknod p/loop b 7 200
fi
