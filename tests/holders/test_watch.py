# SPDX-License-Identifier: MIT
"""shmfs watch."""
import json
import os
import subprocess

from world import SCHEMA, SHM, USER, check_schema, make, mounted, shmfs


def watched(act, *args, end, directory=SHM):
    """The records of shmfs watch while act() runs, up to the removal of `end` in `directory`."""
    with subprocess.Popen([os.environ["SHMFS"], "watch", "--json", *args], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as watch:
        if "watching" not in watch.stderr.readline():
            return None
        act()
        os.close(os.open(f"{directory}/{end}", os.O_CREAT | os.O_RDWR))
        os.unlink(f"{directory}/{end}")
        records = []
        for line in watch.stdout:
            records.append(json.loads(line))
            check_schema(records[-1], SCHEMA["$defs"]["watch"], "watch")
            if (records[-1]["action"], records[-1]["name"]) == ("remove", end):
                break
        watch.kill()
    return [record for record in records if record["name"] != end]


def own_command():
    with open("/proc/self/comm", encoding="utf-8") as comm:
        return comm.read().rstrip("\n")


def told(records):
    return [(record["action"], record["name"], record["to"], record["detail"])
            for record in records]


def test_watch():
    """Each kind of change, one line each, with the process that did it."""
    os.mkdir(f"{SHM}/web1")

    steps = [
        (lambda: os.close(os.open(f"{SHM}/a", os.O_CREAT | os.O_RDWR, 0o600)),
         ("create", "a", None, "0600")),
        (lambda: os.link(f"{SHM}/a", f"{SHM}/web1/b"), ("link", "web1/b", None, "0600")),
        (lambda: os.rename(f"{SHM}/a", f"{SHM}/web1/c"), ("rename", "a", "web1/c", None)),
        (lambda: os.chmod(f"{SHM}/web1/c", 0o644), ("chmod", "web1/c", None, "0600 0644")),
        (lambda: os.truncate(f"{SHM}/web1/c", 100), ("resize", "web1/c", None, "0 100")),
        (lambda: os.chown(f"{SHM}/web1/c", USER, USER),
         ("chown", "web1/c", None, f"0:0 {USER}:{USER}")),
        (lambda: os.mkdir(f"{SHM}/d", 0o700), ("mkdir", "d", None, "0700")),
        (lambda: os.rmdir(f"{SHM}/d"), ("rmdir", "d", None, None)),
        (lambda: os.unlink(f"{SHM}/web1/b"), ("remove", "web1/b", None, None)),
    ]
    os.umask(0)
    for number, (act, expected) in enumerate(steps):
        records = watched(act, end="end")
        if records is None:
            return "fanotify(7) cannot tell names or processes here"
        assert told(records) == [expected], (number, records)
        assert (records[0]["pid"], records[0]["uid"], records[0]["user"]) == (
            os.getpid(), 0, "root"), records
        assert (records[0]["command"], records[0]["door"]) == (own_command(), SHM), records
    return None


def test_watch_one_namespace():
    os.mkdir(f"{SHM}/web1")
    os.mkdir(f"{SHM}/web10")

    def act():
        make("web1/in")
        make("web10/out")
        make("out")
        os.rename(f"{SHM}/out", f"{SHM}/web1/moved")
        os.unlink(f"{SHM}/web1/in")
        os.unlink(f"{SHM}/web1/moved")

    records = watched(act, "/web1", end="web1/end")
    if records is None:
        return "fanotify(7) cannot tell names or processes here"
    names = {record["name"] for record in records}
    assert names == {"web1/in", "out", "web1/moved"}, records
    assert [record["to"] for record in records if record["name"] == "out"] == ["web1/moved"]
    return None


def test_watch_ended():
    """Processes that end at once, on a machine that is busy: all they do is told. Where the process
    had ended before shmfs watch could look at it, user and command are unknown, and never wrong."""
    become = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]
    does = {"create": "touch", "chmod": "chmod", "resize": "truncate", "rename": "mv",
            "link": "ln", "remove": "rm"}
    script = (f"i=0; while [ $i -lt 100 ]; do a={SHM}/a$i b={SHM}/b$i c={SHM}/c$i;"
              "touch $a; chmod 0600 $a; truncate -s 100 $a; mv $a $b; ln $b $c; rm $b;"
              "i=$((i+1)); done")

    def act():
        busy = [subprocess.Popen(["/bin/sh", "-c", "while :; do :; done"])
                for _ in range(2 * os.cpu_count())]
        try:
            subprocess.run([*become, "sh", "-c", script], check=True)
        finally:
            for process in busy:
                process.kill()
                process.wait()

    records = watched(act, end="end")
    if records is None:
        return "fanotify(7) cannot tell names or processes here"
    # touch(1) sets the times, too; and a change that no line can be sure of is one of "change".
    records = [record for record in records if record["action"] != "change"]
    for action, command in does.items():
        did = [record for record in records if record["action"] == action]
        assert len(did) == 100 or action in ("chmod", "resize"), (action, len(did))
        assert {record["uid"] for record in did} <= {USER, None}, did
        assert {record["command"] for record in did} <= {command, None}, did
    told_all = sum(record["uid"] is not None for record in records)
    print(f"# user and command of {told_all} of {len(records)} changes")
    assert told_all > 0
    return None


def test_watch_two():
    """
    Two processes change one object at once: hardly a change is told with the wrong process. The
    kernel changes the attributes first and queues the event then, and may stop between the two.
    """
    path = make("shared", mode=0o600)
    pids = {}

    def act():
        for bit in (0, 0o10):
            pid = os.fork()
            if pid == 0:
                for number in range(3000):
                    os.chmod(path, 0o600 | bit | number % 2)
                os._exit(0)
            pids[pid] = bit
        for pid in pids:
            os.waitpid(pid, 0)

    records = watched(act, end="end")
    if records is None:
        return "fanotify(7) cannot tell names or processes here"
    changes = [record for record in records if record["action"] == "chmod"]
    assert changes
    wrong = [record for record in changes if record["pid"] is not None and
             pids[record["pid"]] != int(record["detail"].split()[1], 8) & 0o10]
    assert len(wrong) <= max(2, len(changes) // 100), (len(changes), wrong)
    return None


def test_watch_other_owner():
    """An object that another user gets at once was not made by them."""
    source = make("source")

    def act():
        subprocess.run(["install", "-o", str(USER), source, f"{SHM}/installed"], check=True)

    records = watched(act, end="end")
    if records is None:
        return "fanotify(7) cannot tell names or processes here"
    assert {record["uid"] for record in records} <= {0, None}, records
    assert records[0]["action"] == "create", records
    return None


def test_watch_mount():
    """Through a mount: the process that asked, and not the daemon."""
    with mounted() as point:
        records = watched(lambda: os.close(os.open(f"{point}/new", os.O_CREAT | os.O_RDWR)),
                          end="end", directory=point)
    if records is None:
        return "fanotify(7) cannot tell names or processes here"
    created = [record for record in records if record["action"] == "create"]
    assert len(created) == 1, records
    if created[0]["door"] == SHM:
        return "fanotify(7) cannot watch FUSE here"
    assert (created[0]["pid"], created[0]["command"], created[0]["door"]) == (
        os.getpid(), own_command(), point), records
    return None


def test_watch_needs_root():
    done = shmfs("watch", user=USER)
    assert done.returncode == 1 and "only root" in done.stderr, done
