# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# needs: sqlite3
# A database in rollback-journal mode with two writers at once.
sqlite3 db 'PRAGMA journal_mode=DELETE;
    CREATE TABLE t (id INTEGER PRIMARY KEY, who TEXT, n INTEGER, pad TEXT)'
show db
writer() {
    local i
    for ((i = 0; i < 40; i++)); do
        echo "BEGIN IMMEDIATE;
            INSERT INTO t (who, n, pad) VALUES ('$1', $i, hex(zeroblob(200)));
            COMMIT;"
    done | sqlite3 -cmd '.timeout 600000' db
}
writer a &
writer b &
wait
sqlite3 db 'SELECT who, count(*), sum(n) FROM t GROUP BY who; PRAGMA integrity_check'
ls
for mode in delete truncate persist memory off; do
    sqlite3 db "PRAGMA journal_mode=$mode;
        INSERT INTO t (who, n) VALUES ('$mode', 1);
        SELECT count(*) FROM t"
    ls
done
rm -f db-journal
sqlite3 db 'PRAGMA journal_mode=delete;
    BEGIN; UPDATE t SET n = n + 1; ROLLBACK; SELECT sum(n) FROM t'
sqlite3 db "DELETE FROM t WHERE who = 'a' AND n % 3 = 0; VACUUM;
    PRAGMA integrity_check; SELECT count(*) FROM t"
sqlite3 db '.backup copy'
sqlite3 copy 'PRAGMA integrity_check; SELECT count(*) FROM t'
sqlite3 db .dump | sqlite3 again
sqlite3 again 'SELECT count(*), sum(n) FROM t'
# A transaction that its process did not finish is rolled back from the journal.
sqlite3 db "CREATE TABLE big AS
    WITH RECURSIVE c(x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM c WHERE x < 2000)
    SELECT x, hex(zeroblob(100)) AS pad FROM c"
mkfifo "$SCRATCH/pipe"
: >"$SCRATCH/out" # it is looked at before sqlite3 opens it
sqlite3 -cmd 'PRAGMA cache_size=5' db <"$SCRATCH/pipe" >"$SCRATCH/out" &
pid=$!
exec 7>"$SCRATCH/pipe"
echo "BEGIN; UPDATE big SET pad = 'changed'; SELECT 'ready';" >&7
wait_for grep -q ready "$SCRATCH/out"
ls
{ kill -KILL "$pid" && wait "$pid"; } 2>/dev/null || true
exec 7>&-
sqlite3 db "SELECT count(*) FROM big WHERE pad = 'changed'; PRAGMA integrity_check"
ls
# Write-ahead logging without a second process needs no shared memory.
sqlite3 wal 'PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL;
    CREATE TABLE t (x); INSERT INTO t VALUES (1), (2);
    SELECT sum(x) FROM t; PRAGMA integrity_check'
rm -f -- *
