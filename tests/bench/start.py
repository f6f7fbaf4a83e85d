#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""How long a program takes to start in a namespace, beside `unshare --mount`, and how much work that is.

usage: start.py SHMFS [--rounds N] [--tsv COLUMNS] [--smoke]
  --tsv COLUMNS  lines for machines with as many columns of directories as scripts/bench prints

Each round starts true(1) COUNT times in each way, in turns. A time is the median over the rounds of
the mean of a round, from the start to the end that the caller sees; with --rm the removal included.
"""
import argparse
import os
import statistics
import sys
import time

COUNT = 20
WAYS = {"unshare": ("unshare", "--mount", "--propagation", "slave", "true")}


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("shmfs")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tsv", type=int, metavar="COLUMNS")
    parser.add_argument("--smoke", action="store_true")
    return parser.parse_args()


def measure(argv, count):
    """Nanoseconds: wall clock, and CPU of the process and all of its children."""
    begin, cpu = time.monotonic_ns(), 0.0
    for _ in range(count):
        _, status, usage = os.wait4(os.posix_spawnp(argv[0], argv, os.environ), 0)
        if status != 0:
            raise SystemExit(f"start: {' '.join(argv)}: status {status}")
        cpu += usage.ru_utime + usage.ru_stime
    return (time.monotonic_ns() - begin) / count, cpu * 1e9 / count


def print_row(name, columns, base, times):
    middle, reference = statistics.median(times), statistics.median(base)
    ratios = [one / other for one, other in zip(base, times)]
    if columns is None:
        print(f"{name:<14} {reference / 1e3:>9.0f} us {middle / 1e3:>9.0f} us {reference / middle:>8.2f} "
              f"[{min(ratios):.2f} {max(ratios):.2f}]")
    else:
        print("\t".join([name, f"{reference:.0f}", f"{middle:.0f}", f"{reference / middle:.4f}",
                         f"{min(ratios):.4f}", f"{max(ratios):.4f}"] + ["-"] * 4 * (columns - 2)))


def main():
    options = parse()
    if os.geteuid() != 0:
        print("start: unshare --mount needs root")
        return 77
    rounds, count = (1, 2) if options.smoke else (options.rounds, COUNT)
    ways = WAYS | {"run": (options.shmfs, "run", "shmfs-bench", "true"),
                   "run-rm": (options.shmfs, "run", "--rm", "shmfs-bench-rm", "true")}
    taken = {way: [] for way in ways}
    try:
        for _ in range(rounds):
            for way, argv in ways.items():
                taken[way].append(measure(argv, count))
    finally:
        if os.path.isdir("/dev/shm/shmfs-bench"):
            os.rmdir("/dev/shm/shmfs-bench")
    if options.tsv is None:
        print(f"\n{'start':<14} {'unshare':>12} {'shmfs run':>12} {'ratio':>8}")
    for way in ("run", "run-rm"):
        for part, number in (("wall", 0), ("cpu", 1)):
            print_row(f"{way}-{part}", options.tsv, [each[number] for each in taken["unshare"]],
                      [each[number] for each in taken[way]])
    return 0


sys.exit(main())
