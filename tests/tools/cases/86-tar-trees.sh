# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# tar of a source tree with symbolic links, made like one.
mkdir -p tree/{src/{core,util},include,doc/man,tests/data}
for i in 1 2 3 4 5 6 7 8; do
    bytes "$((i * 1500))" "$i" >"tree/src/core/file$i.c"
    bytes "$((i * 300))" "$i" >"tree/src/util/file$i.c"
    echo "header $i" >"tree/include/h$i.h"
    ln -s "../../include/h$i.h" "tree/src/util/h$i.h"
done
ln -s src/core/file1.c tree/main.c
ln -s ../src tree/doc/source
ln tree/src/core/file2.c tree/src/core/same.c
printf '#!/bin/sh\necho configured\n' >tree/configure
chmod 755 tree/configure
chmod 700 tree/tests/data
find tree -exec touch -h -d '2010-01-01 12:00:00' {} +
tar -cf "$SCRATCH/t.tar" --sort=name --numeric-owner tree
tar -tf "$SCRATCH/t.tar" | sha256sum
tar -tvf "$SCRATCH/t.tar" | sed 's/ [^ ]*\/[^ ]* */ /' | head -n 12
mv tree first
tar -xpf "$SCRATCH/t.tar"
tar -df "$SCRATCH/t.tar" && echo 'the same as the archive'
diff -r --no-dereference first tree && echo 'the same as the first'
find tree -printf '%p %y %m %n %s %l %TY\n' | sort
./tree/configure
cat tree/src/util/h3.h
[[ tree/src/core/file2.c -ef tree/src/core/same.c ]] && echo linked
tar -xpf "$SCRATCH/t.tar" --transform 's/^tree/again/'
tar -cf - -C again . | tar -xf - -C first
tar -czf inside.tgz --exclude='*.c' tree
tar -tzf inside.tgz | sort
rm -r again
tar -xpf "$SCRATCH/t.tar" --recursive-unlink tree/src
try tar -xkf "$SCRATCH/t.tar" tree/include 2>/dev/null
find . -type d -printf '%p %n %s\n' | sort
rm -r tree first
