# SPDX-License-Identifier: MIT
"""Tells when it begins and when it is continued, and whether the terminal is its own then."""
import os
import signal
import sys


def tell(word, *_):
    mine = os.tcgetpgrp(0) == os.getpgrp()
    print(word, "in the", "foreground" if mine else "background")


signal.signal(signal.SIGCONT, lambda *_: tell("continued"))
tell("ready")
sys.stdin.readline()
sys.exit(7)
