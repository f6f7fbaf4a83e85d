# SPDX-License-Identifier: MIT
"""Prints "ready", then the name of each signal that it gets; SIGTERM ends it, with status 7."""
import signal
import sys


def tell(number, _frame):
    print(signal.Signals(number).name, flush=True)
    if number == signal.SIGTERM:
        sys.exit(7)


for name in ("HUP", "INT", "QUIT", "USR1", "USR2", "ALRM", "TERM"):
    signal.signal(signal.Signals["SIG" + name], tell)
print("ready", flush=True)
while True:
    signal.pause()
