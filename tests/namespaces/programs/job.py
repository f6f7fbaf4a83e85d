# SPDX-License-Identifier: MIT
"""Tells when it begins and when it is continued, and whether the terminal is its own then."""
import os
import signal
import sys


def tell(word):
    mine = os.tcgetpgrp(0) == os.getpgrp()
    print(word, "in the", "foreground" if mine else "background")


# Not a handler: a stop between "ready" and the call that reads would be told after the next line.
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCONT])
tell("ready")
signal.sigwait([signal.SIGCONT])
tell("continued")
sys.stdin.readline()
sys.exit(7)
