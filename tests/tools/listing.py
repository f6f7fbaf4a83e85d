#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Lists a tree in a form that can be compared.

usage: listing.py DIRECTORY [--since SECONDS | --exact]

One line for each path: type, mode, owner, links, size, blocks, bytes that are data and not hole, a
checksum of the data with its offsets or the target of a symbolic link, extended attributes, mtime.
A time that is not older than SECONDS and not in the future is shown as "now". With --exact, for two
views of the same objects, the times are shown as they are, and ctime and inode number too.
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
    if since is not None and (since - 1) * 10**9 <= ns <= time.time_ns() + 10**9:
        return "now"
    return str(ns)


def describe(path, name, since, exact):
    st = os.lstat(path)
    fields = [repr(name)[1:], stat.filemode(st.st_mode), f"{st.st_uid}:{st.st_gid}",
              f"links {st.st_nlink}", f"size {st.st_size}", f"blocks {st.st_blocks}"]
    if stat.S_ISREG(st.st_mode):
        fields.append(contents(path, st.st_size))
    if stat.S_ISLNK(st.st_mode):
        fields.append(f"target {os.readlink(path)!r}")
    fields += attributes(path)
    fields.append("mtime " + shown_time(st.st_mtime_ns, since))
    if exact:
        fields.append(f"ctime {st.st_ctime_ns} ino {st.st_ino}")
    return " ".join(fields)


def paths_of_tree(directory):
    """Every path below the directory."""
    found = {}
    for parent, directories, files in os.walk(directory, onerror=lambda e: print(e.strerror)):
        names = directories + files
        if len(set(names)) != len(names):
            print("a name is listed twice")
        for name in names:
            path = os.path.join(parent, name)
            found[os.path.relpath(path, directory)] = path
    return found


def main():
    directory = os.fsencode(sys.argv[1])
    exact = sys.argv[2] != "--since"
    since = None if exact else int(sys.argv[3])
    print(describe(directory, b".", since, exact))
    for name, path in sorted(paths_of_tree(directory).items()):
        print(describe(path, name, since, exact))


main()
