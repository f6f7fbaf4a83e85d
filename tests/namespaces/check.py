# SPDX-License-Identifier: MIT
"""--check and --json: objects that a program leaves behind."""
import json
import os

from world import OBJECTS, ROOT, USER, host_names, output, shmfs_run, test


@test(ROOT, USER)
def nothing_is_left(caller):
    output(caller, "blue", "touch", "/dev/shm/before")
    for script in ("touch x; rm x", "mkdir d", "touch before", "mv before after; ln after again"):
        done = shmfs_run(caller, "--check", "blue", "sh", "-c", script, cwd=OBJECTS)
        assert (done.returncode, done.stderr) == (0, ""), (script, done)
    assert shmfs_run(caller, "--check", "blue", "sh", "-c", "exit 3").returncode == 3


@test(ROOT, USER)
def leaks_are_failures(caller):
    script = "touch b a before; mkdir -p d/e; echo 1234 >d/e/f; ln -s a l; exit $0"
    for options in ((), ("--rm",), ("--unique",), ("--size", "1M")):
        names = () if "--unique" in options else ("blue",)
        for status in (0, 3):
            done = shmfs_run(caller, "--check", *options, *names, "--", "sh", "-c", script, str(status),
                             cwd=OBJECTS)
            lines = done.stderr.splitlines()
            assert done.returncode == 124, done
            assert lines[0].startswith("shmfs run: the program left 5 objects in "), lines
            assert [line.strip() for line in lines[1:]] == [
                "a, 0 bytes", "b, 0 bytes", "before, 0 bytes", "d/e/f, 5 bytes", "l, 1 bytes"], lines
            assert (host_names() == set()) == (options != ())
            if options == ():
                output(caller, "--fresh", "--rm", "blue", "true")


@test(ROOT, USER)
def the_report_as_json(caller):
    name = b"\x01\"\\\xff\xc3\xa4\xed\xa0\x80"
    script = "import os; os.close(os.open(b'/dev/shm/' + %r, os.O_CREAT, 0o640))" % name
    done = shmfs_run(caller, "--check", "--json", "--rm", "blue", "python3", "-c", script)
    report = json.loads(done.stderr)
    left = report.pop("left")
    assert report == {"namespace": "blue", "status": 0, "signal": None}
    assert [os.fsencode(each.pop("name")) for each in left] == [name]
    assert left == [{"size": 0, "mode": "0640", "uid": caller.uid}]
    done = shmfs_run(caller, "--json", "--rm", "blue", "sh", "-c", "kill -TERM $$")
    assert json.loads(done.stderr) == {
        "namespace": "blue", "status": None, "signal": 15, "left": None}
    assert done.returncode == -15


@test(ROOT)
def the_report_in_a_file(caller):
    for path in ("report", "/tmp/report"):
        try:
            done = shmfs_run(caller, "--check", "--json=" + path, "--rm", "blue", "touch", "/dev/shm/x",
                             cwd="/tmp")
            with open("/tmp/report", encoding="utf-8") as file:
                assert [each["name"] for each in json.load(file)["left"]] == ["x"]
            assert done.returncode == 124 and "x, 0 bytes" in done.stderr, done
        finally:
            os.unlink("/tmp/report")
    done = shmfs_run(caller, "--json=/no/where", "--rm", "blue", "true")
    assert done.returncode == 125 and "/no/where" in done.stderr, done
