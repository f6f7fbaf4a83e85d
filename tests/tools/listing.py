#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Compares the trees that a script left in a reference, in a mount, and by the mount's other door.

usage: listing.py SECONDS REFERENCE MOUNT OTHER-DOOR

Prints the differences, and nothing where there are none. A listing has one line for each path: type,
mode, owner, links, size, blocks, bytes that are data and not hole, a checksum of the data with its
offsets or the target of a symbolic link, extended attributes, mtime. Between the reference and the
mount a time that is not older than SECONDS and not in the future is the same as any other such time.
Between the two doors, which show the same objects, mtime, ctime and inode number must be the same.
"""
import os
import stat
import sys
import time
import zlib

MOST = 256 << 20  # of data in a file; more means that holes got lost


def data_ranges(fd, size):
    """The ranges of a file that are not holes."""
    offset = 0
    while offset < size:
        try:
            start = os.lseek(fd, offset, os.SEEK_DATA)
        except OSError:
            return
        offset = os.lseek(fd, start, os.SEEK_HOLE)
        yield start, offset


def read_all(fd, start, end):
    while start < end:
        piece = os.pread(fd, min(end - start, 1 << 20), start)
        if not piece:
            raise OSError(f"reading ends at {start} before {end}")
        yield piece
        start += len(piece)


def contents(path, size):
    """How many bytes are data, and their checksum."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError as error:
        return f"data {error.strerror}"
    checksum = 0
    total = 0
    try:
        for start, end in data_ranges(fd, size):
            if end - start > MOST:
                return f"data from {start} to {end}"
            checksum = zlib.crc32(b"%d-%d:" % (start, end), checksum)
            for piece in read_all(fd, start, end):
                checksum = zlib.crc32(piece, checksum)
            total += end - start
    except OSError as error:
        return f"data {error}"
    finally:
        os.close(fd)
    return f"data {total} {checksum:08x}"


def attributes(path):
    """The extended attributes that this caller may see, access control lists among them."""
    try:
        names = sorted(os.listxattr(path, follow_symlinks=False))
    except OSError as error:
        return [f"attributes {error.strerror}"]
    shown = []
    for name in names:
        try:
            value = os.getxattr(path, name, follow_symlinks=False)
            shown.append(f"{name} {len(value)} {zlib.crc32(value):08x}")
        except OSError as error:
            shown.append(f"{name} {error.strerror}")
    return shown


def shown_time(ns, since):
    if (since - 1) * 10**9 <= ns <= time.time_ns() + 10**9:
        return "now"
    return str(ns)


def describe(path, name, since):
    """A line for comparing with other objects, and one for comparing with another door's."""
    st = os.lstat(path)
    fields = [repr(name)[1:], stat.filemode(st.st_mode), f"{st.st_uid}:{st.st_gid}",
              f"links {st.st_nlink}", f"size {st.st_size}", f"blocks {st.st_blocks}"]
    if stat.S_ISREG(st.st_mode):
        fields.append(contents(path, st.st_size))
    if stat.S_ISLNK(st.st_mode):
        fields.append(f"target {os.readlink(path)!r}")
    line = " ".join(fields + attributes(path))
    return (f"{line} mtime {shown_time(st.st_mtime_ns, since)}",
            f"{line} mtime {st.st_mtime_ns} ctime {st.st_ctime_ns} ino {st.st_ino}")


def paths_of_tree(directory):
    """Every path below the directory, and the errors of their listing."""
    found = {}
    wrong = []
    for parent, directories, files in os.walk(directory,
                                              onerror=lambda e: wrong.append(e.strerror)):
        names = directories + files
        if len(set(names)) != len(names):
            wrong.append("a name is listed twice")
        for name in names:
            path = os.path.join(parent, name)
            found[os.path.relpath(path, directory)] = path
    return found, wrong


def list_tree(directory, since):
    """All lines of both kinds."""
    directory = os.fsencode(directory)
    found, wrong = paths_of_tree(directory)
    lines = [describe(directory, b".", since)]
    lines += [describe(path, name, since) for name, path in sorted(found.items())]
    return [line[0] for line in lines] + wrong, [line[1] for line in lines] + wrong


def show_difference(expected, found, *names):
    if expected != found:
        import difflib  # which takes as long as all the rest
        print(*difflib.unified_diff(expected, found, *names, lineterm=""), sep="\n")


def main():
    since = int(sys.argv[1])
    reference, mount, other_door = (list_tree(path, since) for path in sys.argv[2:])
    show_difference(reference[0], mount[0], "left on tmpfs", "left on shmfs")
    show_difference(other_door[1], mount[1], "in /dev/shm", "in the mount")


main()
