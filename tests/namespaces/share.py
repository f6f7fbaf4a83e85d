# SPDX-License-Identifier: MIT
"""--share: chosen objects of the host in a namespace."""
import os

from world import (OBJECTS, OTHER, ROOT, USER, Running, command, expect_failure, host_names,
                   make_directory, output, shmfs_run, test)


def make(name, caller, text="text", mode=0o600):
    path = f"{OBJECTS}/{name}"
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    os.chown(path, caller.uid, caller.gid)
    os.chmod(path, mode)
    return os.stat(path).st_ino


@test(ROOT, USER)
def it_is_one_object(caller):
    number = make("object", caller)
    make_directory("web1", caller, 0o700)
    make("web1/counter", caller, "one")
    script = "cat object other; echo more >>object; rm other"
    out = output(caller, "--rm", "--share", "object", "--share=other=web1/counter", "blue", "sh", "-c",
                 script, cwd=OBJECTS)
    assert out == "textone"
    with open(OBJECTS + "/object", encoding="ascii") as file:
        assert file.read() == "textmore\n"
    assert os.stat(OBJECTS + "/object").st_ino == number
    assert host_names() == {"object", "web1/", "web1/counter"}


@test(ROOT, USER)
def again_and_in_the_way(caller):
    make("object", caller)
    for _ in range(2):
        output(caller, "--share", "object", "blue", "true")
    output(caller, "green", "touch", "/dev/shm/object")
    expect_failure(shmfs_run(caller, "--share", "object", "green", "true"), 125, "another object")
    assert os.stat(OBJECTS + "/green/object").st_size == 0


@test(ROOT, USER)
def what_cannot_be_shared(caller):
    make("theirs", OTHER)
    os.symlink("theirs", OBJECTS + "/link")
    make_directory("directory", caller, 0o700)
    for name, word in (("missing", "No such file"), ("link", "not an object"),
                       ("directory", "not an object"), ("directory/x", "No such file"),
                       ("link/x", "not an object")):
        expect_failure(shmfs_run(caller, "--share", "x=" + name, "blue", "true"), 125, word)
    if caller is USER:
        expect_failure(shmfs_run(caller, "--share", "theirs", "blue", "true"), 125, "yours")
    os.chmod(OBJECTS + "/theirs", 0o666)
    assert output(caller, "--share", "theirs", "blue", "cat", "/dev/shm/theirs") == "text"


# It follows the object that has the name outside.
@test(ROOT, USER)
def what_comes_later(caller):
    script = "echo ready; while read x; do until grep -qs $x /dev/shm/object; do sleep 0.01; done; echo $x; done"
    make_directory("web1", caller, 0o700)
    with Running(command(caller, "--share-later", "object=web1/o", "--rm", "blue", "sh", "-c",
                         script)) as blue:
        assert blue.line() == "ready"
        assert "blue/object" not in host_names()
        make("web1/o", caller, "first")
        assert blue.ask("first") == "first"
        os.unlink(OBJECTS + "/web1/o")
        make("web1/o", caller, "second")
        assert blue.ask("second") == "second"
        make("web1/n", caller, "third")
        os.rename(OBJECTS + "/web1/n", OBJECTS + "/web1/o")
        assert blue.ask("third") == "third"
        assert blue.end() == 0
    assert host_names() == {"web1/", "web1/o"}
