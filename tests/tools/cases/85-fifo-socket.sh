# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# FIFOs and sockets.
mkdir d
mkfifo d/pipe
mkfifo -m 0620 d/mode
mknod d/node p
try mkfifo d/pipe
try mkfifo missing/pipe
show d/pipe d/mode d/node
for i in 1 2 3; do
    echo "message $i" >d/pipe &
    cat d/pipe
    wait
done
bytes 500000 | sha256sum
bytes 500000 >d/pipe &
sha256sum <d/pipe
wait
ln d/pipe second
seq 5 >second &
tac d/pipe
wait
chmod 600 d/pipe
touch -d 2001-01-01 d/mode
show second d/mode
show_times d/mode
mv d moved
seq 3 >moved/pipe &
cat second
wait
test -p second && echo pipe
rm second moved/pipe
try cat second
python3 - <<'P'
import os, socket, stat, threading
server = socket.socket(socket.AF_UNIX)
server.bind("moved/socket")
server.listen()
print(stat.filemode(os.lstat("moved/socket").st_mode))
os.link("moved/socket", "other name")
def serve():
    for _ in range(2):
        client, _ = server.accept()
        client.sendall(client.recv(100).upper())
        client.close()
thread = threading.Thread(target=serve)
thread.start()
for name in "moved/socket", "other name":
    client = socket.socket(socket.AF_UNIX)
    client.connect(name)
    client.sendall(name.encode())
    print(client.recv(100))
thread.join()
try:
    socket.socket(socket.AF_UNIX).bind("moved/socket")
except OSError as error:
    print(error.strerror)
P
test -S moved/socket && echo socket
try cat moved/socket
find . -printf '%p %y %n\n' | sort
tar -cf "$SCRATCH/special.tar" --sort=name moved 2>/dev/null
tar -tf "$SCRATCH/special.tar"
mkdir out
tar -xpf "$SCRATCH/special.tar" -C out
find out -printf '%p %y %m\n' | sort
