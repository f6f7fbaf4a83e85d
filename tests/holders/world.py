# SPDX-License-Identifier: MIT
"""The base of all tests of the zoo: holders, verbs and their JSON, objects, mounts."""
import contextlib
import datetime
import json
import os
import re
import subprocess
import tempfile

SHM = "/dev/shm"
USER = 1000000 + os.getpid()  # no other user's, and not that of another run

with open(os.environ["SHMFS_SCHEMA"], encoding="utf-8") as schema:
    SCHEMA = json.load(schema)


class Keeper:
    """A process that holds an object; it ends with the block."""

    def __init__(self, how, path, before=()):
        self.process = subprocess.Popen([*before, os.environ["SHMFS_KEEPER"], how, path],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n", (how, path)
        self.pid = self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.communicate()


def shmfs(*args, user=None):
    """Runs a verb: .returncode, .stdout, .stderr."""
    become = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user else []
    return subprocess.run([*become, os.environ["SHMFS"], *args], capture_output=True, text=True,
                          check=False)


TYPES = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool,
         "null": type(None)}


def check_schema(value, form, where):
    """As much of JSON Schema as doc/shmfs.schema.json uses; unknown members are errors here."""
    if "$ref" in form:
        form = SCHEMA["$defs"][form["$ref"].split("/")[-1]]
    if "enum" in form:
        assert value in form["enum"], (where, value)
        return
    types = form["type"] if isinstance(form["type"], list) else [form["type"]]
    assert any(isinstance(value, TYPES[name]) and (name == "boolean" or not isinstance(value, bool))
               for name in types), (where, value, types)
    if isinstance(value, str) and "pattern" in form:
        assert re.search(form["pattern"], value), (where, value)
    if isinstance(value, str) and form.get("format") == "date-time":
        datetime.datetime.fromisoformat(value)
    if isinstance(value, int) and "minimum" in form:
        assert value >= form["minimum"], (where, value)
    if isinstance(value, list):
        for item in value:
            check_schema(item, form["items"], where + "[]")
    if isinstance(value, dict):
        assert set(form["required"]) <= set(value), (where, value)
        for name, member in value.items():
            check_schema(member, form["properties"][name], where + "." + name)


def from_json(verb, *args, user=None, status=0):
    done = shmfs(verb, *args, "--json", user=user)
    assert done.returncode == status and done.stderr == "", done
    parsed = json.loads(done.stdout)
    check_schema(parsed, SCHEMA["$defs"][verb], verb)
    return parsed


def listed(*args, user=None):
    """Rows of shmfs ls by their name."""
    return {row["name"]: row for row in from_json("ls", *args, user=user)["objects"]}


def make(name, size=8192, mode=0o640, owner=(0, 0)):
    path = f"{SHM}/{name}"
    with open(path, "wb") as file:
        file.write(b"x" * size)
    os.chown(path, *owner)
    os.chmod(path, mode)
    return path


def clean():
    subprocess.run(["find", SHM, "-mindepth", "1", "-delete"], check=True)


def holders_of(row):
    return [(holder["pid"], holder["how"]) for holder in row["held-by"] if not holder["daemon"]]


def reaped(*args, status=0):
    """Names by what was done with them."""
    rows = from_json("reap", *args, status=status)["reaped"]
    return {row["name"]: (row["action"], row["reason"]) for row in rows}


def in_namespace(*setup):
    """To be put before a command: it runs in a mount namespace where this was done before."""
    script = " && ".join([*setup, 'exec "$@"'])
    return ["unshare", "-m", "--propagation", "private", "sh", "-c", script, "sh"]


@contextlib.contextmanager
def mounted(*options):
    """A mount of shmfs for as long as the block runs: its path."""
    point = tempfile.mkdtemp(prefix="shmfs-zoo-")
    subprocess.run([os.environ["SHMFS"], *options, point], check=True)
    try:
        yield point
    finally:
        subprocess.run(["umount", point], check=True)
        os.rmdir(point)


def daemon_of(point):
    return json.loads(shmfs("status", "--json", point).stdout)["mounts"][0]["pid"]
