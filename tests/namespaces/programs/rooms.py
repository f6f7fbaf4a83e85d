# SPDX-License-Identifier: MIT
"""Knows nothing of shmfs: a server with a socket in a subdirectory of /dev/shm, and its client.

usage: rooms.py serve TEXT    prints "ready", tells TEXT to each client until stdin ends
       rooms.py ask           prints the server's text
"""
import os
import socket
import sys
import threading

DIRECTORY = "/dev/shm/rooms"
DOOR = DIRECTORY + "/door"


def answer(server, text):
    while True:
        client, _ = server.accept()
        client.sendall(text)
        client.close()


def serve(text):
    os.mkdir(DIRECTORY)
    server = socket.socket(socket.AF_UNIX)
    server.bind(DOOR)
    server.listen()
    threading.Thread(target=answer, args=(server, text), daemon=True).start()
    print("ready", flush=True)
    sys.stdin.read()
    os.unlink(DOOR)
    os.rmdir(DIRECTORY)


def ask():
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(DOOR)
        print(client.makefile().read())


if sys.argv[1] == "serve":
    serve(sys.argv[2].encode())
else:
    ask()
