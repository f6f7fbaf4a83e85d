# SPDX-License-Identifier: MIT
"""Prints "ready", then the name of each signal that it gets; SIGTERM ends it, with status 7."""
import signal
import sys

# Not handlers and pause(): a signal that comes between the two would be waited for in vain.
SIGNALS = [signal.Signals["SIG" + name]
           for name in ("HUP", "INT", "QUIT", "USR1", "USR2", "ALRM", "TERM")]
signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
print("ready", flush=True)
while True:
    number = signal.sigwait(SIGNALS)
    print(signal.Signals(number).name, flush=True)
    if number == signal.SIGTERM:
        sys.exit(7)
