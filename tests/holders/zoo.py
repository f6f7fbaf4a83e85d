#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A zoo of shared memory objects, held in every way there is: what shmfs ls, who and reap tell is
compared with what the zoo's keeper knows. Prints TAP.

usage: zoo.py [TEST...]
environment:
  SHMFS, SHMFS_KEEPER   the program, and that of keeper.c
  SHMFS_SCHEMA          doc/shmfs.schema.json
  SHMFS_TEST_MUST_RUN   1: what would be skipped fails

All of it happens in a mount namespace of its own, with a tmpfs of its own on /dev/shm.
"""
import importlib
import os
import shutil
import subprocess
import sys
import tempfile
import traceback

sys.dont_write_bytecode = True

from world import SHM, clean

MODULES = ("test_ls", "test_doors", "test_reap", "test_watch", "test_verbs")


def enter_private_shm():
    """Runs this program again in a mount namespace of its own."""
    if "SHMFS_ZOO_INSIDE" not in os.environ:
        private_mounts = os.path.join(os.path.dirname(__file__), "../../scripts/private-mounts")
        os.execve(private_mounts, [private_mounts, sys.executable, *sys.argv],
                  os.environ | {"SHMFS_ZOO_INSIDE": "1"})
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=1777", "zoo", SHM], check=True)


def run(number, name, test):
    try:
        skipped = test()
        print(f"ok {number} {name}" + (f" # SKIP {skipped}" if skipped else ""), flush=True)
        return True
    except Exception:  # a failure of any kind is a result
        print(f"not ok {number} {name}")
        for line in traceback.format_exc().splitlines():
            print("# " + line, flush=True)
        return False
    finally:
        clean()


def main():
    if os.geteuid() != 0:
        print("1..0 # SKIP needs root, for a mount namespace of its own", flush=True)
        return 1 if os.environ.get("SHMFS_TEST_MUST_RUN") == "1" else 0
    enter_private_shm()
    with tempfile.TemporaryDirectory(prefix="shmfs-zoo-") as work:
        # Other users run them, too, and the build may lie where they cannot go.
        os.chmod(work, 0o755)
        for variable in ("SHMFS", "SHMFS_KEEPER"):
            os.environ[variable] = shutil.copy(os.environ[variable], work)
        wanted = sys.argv[1:]
        tests = [(name, test) for module in MODULES
                 for name, test in vars(importlib.import_module(module)).items()
                 if name.startswith("test_") and (not wanted or name in wanted)]
        print(f"1..{len(tests)}")
        results = [run(number, name, test) for number, (name, test) in enumerate(tests, 1)]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
