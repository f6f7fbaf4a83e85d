# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# needs: vim ex
# vim and ex, with swap files, backups and both ways of writing back.
edit() { ex -s -u NONE -i NONE "$@" </dev/null; }
printf '%s\n' alpha beta gamma >a
chmod 640 a
edit -c '%s/beta/BETA/' -c wq a
cat a
show a
edit -n -c '$put =\"last\"' -c x a
cat a
for copy in yes no auto; do
    ln -f a linked
    edit -c "set backup writebackup backupcopy=$copy backupdir=." -c '1s/^/x/' -c wq a
    cat a
    show -- *
done
vim -es -u NONE -i NONE -c 'normal Gonew line' -c 'wq' b </dev/null
cat b
edit -c 'w c' -c q a
cmp a c
edit -c '1,2w! d' -c q a
cat d
edit -c 'r a' -c 'w' -c q new
cat new
chmod 444 new
try edit -c '1d' -c 'w!' -c q! new
show new
edit -c '%!sort -r' -c wq c
cat c
edit -c 'set undofile undodir=.' -c '1s/x/y/' -c wq c
ls -A
rm .c.un~
# A swap file tells of the other editor.
printf '%s\n' text >busy
mkfifo "$SCRATCH/pipe"
vim -es -u NONE -i NONE busy <"$SCRATCH/pipe" >/dev/null 2>&1 &
pid=$!
exec 7>"$SCRATCH/pipe"
# vim makes it for itself, and gives it the mode of the file later.
has_mode() { [[ $(stat -c %a .busy.swp 2>/dev/null) == "$1" ]]; }
wait_for has_mode 644
exec 7>&-
wait "$pid" || true
ls -A
seq 30000 >long
edit -c 'g/9/d' -c wq long
wc -l long
sha256sum long
