# SPDX-License-Identifier: MIT
"""Knows nothing of shmfs: a child process writes a text into a block of shared memory.

usage: board.py TEXT
The child finds the block, and the lock, by their names. Prints the text in
the block, and again for each line that is read.
"""
import multiprocessing
import sys
from multiprocessing import shared_memory


def write(lock, text):
    board = shared_memory.SharedMemory(name="board")
    with lock:
        board.buf[:len(text)] = text
    board.close()


def main():
    context = multiprocessing.get_context("spawn")
    lock = context.Lock()
    board = shared_memory.SharedMemory(name="board", create=True, size=64)
    child = context.Process(target=write, args=(lock, sys.argv[1].encode()))
    child.start()
    child.join()
    while True:
        print(bytes(board.buf).rstrip(b"\0").decode(), flush=True)
        if not sys.stdin.readline():
            break
    board.close()
    board.unlink()
    return child.exitcode


if __name__ == "__main__":
    sys.exit(main())
