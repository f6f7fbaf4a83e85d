#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Runs the examples of a document as they are written, and compares their output. Prints TAP.

usage: run.py DOCUMENT [SECTION ...]
environment:
  SHMFS                the program (default: build/fs/shmfs)
  SHMFS_TEST_MUST_RUN  1: a section whose needs scripts/setup installs may not be skipped

A section (a heading of three levels) is one test. Its blocks run in one bash, in an empty directory, where
`scripts` leads to the project's scripts. /dev/shm and /mnt are a new tmpfs each.

  ```sh       a script: no command may fail
  ```console  "$ " or "# " begins a command, a "\\" at the end of a line continues it; the lines
              that follow are its output. "..." stands for any text in a line, and alone in a
              line for any number of lines. The width of spaces does not count: columns are as wide as
              their contents. A command that prints nothing must succeed.

  ```c        a part of the file that a comment names; "..." in a line stands for any lines

Comments that a reader of the document does not see:

  <!-- needs: NAME ... -->         without these commands (with a slash: paths) the section is skipped
  <!-- may lack: NAME ... -->      the same, also where nothing may be skipped
  <!-- only if: COMMAND -->        skipped where that fails, too: the tool is there, but does not work here
  <!-- first: SECTION -->          the blocks of that section run before
  <!-- from: FILE -->              the next block of C stands in this file of the project
  <!-- run: COMMAND -->            runs here, and has to succeed
  <!-- wait: COMMAND -->           waits here until the command succeeds
"""
import ctypes
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
PROJECT = os.path.normpath(HERE + "/../..")
SCRIPTS = PROJECT + "/scripts"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
MUST_RUN = os.environ.get("SHMFS_TEST_MUST_RUN") == "1"
MARK = "\x01"  # around the script's reports to this program

PR_SET_CHILD_SUBREAPER = 36
CLONE_NEWNS = 0x20000


class Step:
    """A part of a section's script; printed: the lines that it is to print, or None."""

    def __init__(self, line, script, printed=None):
        self.line, self.script, self.printed = line, script, printed


class Section:
    def __init__(self, name):
        self.name, self.steps, self.quotes = name, [], []
        self.needs, self.may_lack, self.only_if, self.first = [], [], [], []

    def missing(self):
        """Why it cannot run here, and whether it may be skipped then; None: it can."""
        for names, allowed in (self.needs, not MUST_RUN), (self.may_lack, True):
            for name in names:
                if not (os.path.exists(name) if "/" in name else shutil.which(name, path=PATH)):
                    return f"there is no {name} here", allowed
        for command in self.only_if:
            if subprocess.run(["sh", "-c", command], capture_output=True, check=False).returncode != 0:
                return f"{command}: fails here", True
        return None


# --- reading -----------------------------------------------------------------------------------

def console_steps(start, lines):
    steps, continues = [], False
    for number, line in enumerate(lines, start):
        if continues:
            steps[-1].script += "\n" + line
        elif line.startswith(("$ ", "# ")):
            steps.append(Step(number, line[2:], []))
        elif steps:
            steps[-1].printed.append(line)
        else:
            raise ValueError(f"line {number}: what prints this?")
        continues = line.endswith("\\") and (continues or line.startswith(("$ ", "# ")))
    return steps


def heed_comment(section, number, key, value):
    if key == "run":
        section.steps.append(Step(number, value))
    elif key == "wait":
        section.steps.append(Step(number, f"until {value}; do sleep 0.02; done"))
    elif key == "from":
        section.quotes.append([number, value, None])
    elif key in ("first", "only if"):
        (section.first if key == "first" else section.only_if).append(value)
    elif key in ("needs", "may lack"):
        (section.needs if key == "needs" else section.may_lack).extend(value.split())
    else:
        raise ValueError(f"line {number}: unknown comment {key}")


def read_document(path):
    with open(path, encoding="utf-8") as document:
        lines = document.read().split("\n")
    sections, section, number = [], None, 0
    while number < len(lines):
        line = lines[number]
        number += 1
        comment = re.fullmatch(r"<!-- ([a-z ]+?)(?:: (.*))? -->", line)
        if line.startswith(("# ", "## ", "### ")):
            section = Section(line.lstrip("# "))
            sections.append(section)
        elif line.startswith("```"):
            end = lines.index("```", number)
            block, start = lines[number:end], number + 1
            number = end + 1
            if line == "```console":
                section.steps += console_steps(start, block)
            elif line == "```sh":
                section.steps.append(Step(start, "set -e\n" + "\n".join(block) + "\nset +e"))
            elif line == "```c" and section.quotes and section.quotes[-1][2] is None:
                section.quotes[-1][2] = block
        elif comment:
            heed_comment(section, number, comment[1], comment[2])
    return sections


# --- running -----------------------------------------------------------------------------------

def script_of(steps):
    """Each step tells its number before it runs, and its exit status afterwards."""
    parts = [f"printf '{MARK}%d{MARK}' {i}\n{step.script}\nprintf '{MARK}%d{MARK}' $?\n"
             for i, step in enumerate(steps)]
    return "exec 2>&1\n" + "".join(parts)


def with_single_spaces(line):
    return " ".join(line.split())


def matches(printed, expected):
    printed = "".join(with_single_spaces(line) + "\n" for line in printed.splitlines())
    pattern = ""
    for line in map(with_single_spaces, expected):
        if line == "...":
            pattern += r"(?:[^\n]*\n)*?"
        else:
            pattern += ".*".join(re.escape(part) for part in line.split("...")) + "\n"
    return re.fullmatch(pattern, printed)


def judge(step, told, status):
    """The faults of the step, as lines."""
    if told is None or status is None:
        return [f"line {step.line}: did not come to its end: {step.script}", *(told or "").split("\n")]
    if not step.printed and status != 0:
        return [f"line {step.line}: status {status}: {step.script}", *told.split("\n")]
    if step.printed is not None and not matches(told, step.printed):
        return [f"line {step.line}: {step.script}", "-- expected:", *step.printed, "-- printed:",
                *told.split("\n")]
    return []


def judge_all(steps, output):
    # Before the first mark nothing; then number, output, status, nothing, number ...
    fields = output.split(MARK)[1:]
    wrong = []
    for i, step in enumerate(steps):
        told = fields[4 * i + 1] if len(fields) > 4 * i + 1 else None
        status = int(fields[4 * i + 2]) if len(fields) > 4 * i + 2 else None
        wrong += judge(step, told, status)
    return wrong


def children():
    with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as pids:
        return [int(pid) for pid in pids.read().split()]


def end_what_is_left():
    """The jobs of a section, and its daemons, which unmount. Orphans become children."""
    ended = set()
    while children():
        for pid in set(children()) - ended:
            os.kill(pid, signal.SIGTERM)
            ended.add(pid)
        os.waitpid(-1, 0)


def judge_quote(line, path, quoted):
    """The faults, as lines: the parts between the dots stand in the file, one after another."""
    place = 0
    with open(f"{PROJECT}/{path}", encoding="utf-8") as file:
        text = file.read()
    for part in re.split(r"^\s*\.\.\.$", "\n".join(quoted), flags=re.MULTILINE):
        place = text.find(part.strip("\n"), place)
        if place < 0:
            return [f"line {line}: not in {path}:", *part.strip("\n").split("\n")]
    return []


def mount_places():
    for place in "/dev/shm", "/mnt":
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=1777,size=512m", "tmpfs", place], check=True)


def run_section(steps, work):
    directory = tempfile.mkdtemp(prefix="section-", dir=work)
    os.chmod(directory, 0o755)
    os.symlink(SCRIPTS, directory + "/scripts")
    env = {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}
    env |= {"PATH": f"{work}/bin:{PATH}", "HOME": work + "/home", "LC_ALL": "C.UTF-8", "USER": "root"}
    mount_places()
    with tempfile.TemporaryFile("w+", dir=work, encoding="utf-8", errors="replace") as output:
        subprocess.run(["bash", "-c", script_of(steps)], cwd=directory, env=env, stdin=subprocess.DEVNULL,
                       stdout=output, check=False)
        output.seek(0)
        wrong = judge_all(steps, output.read())
    end_what_is_left()
    for place in "/mnt", "/dev/shm":
        subprocess.run(["umount", "--lazy", place], check=True)
    return wrong


def run_all(document, wanted, work):
    sections = read_document(document)
    by_name = {section.name: section for section in sections}
    failures, tests = 0, 0
    for section in sections:
        if not (section.steps or section.quotes) or (wanted and section.name not in wanted):
            continue
        tests += 1
        missing = section.missing()
        if missing and missing[1]:
            print(f"ok {tests} - {section.name} # SKIP {missing[0]}", flush=True)
            continue
        steps = [step for name in section.first for step in by_name[name].steps] + section.steps
        wrong = [missing[0]] if missing else run_section(steps, work) if steps else []
        for quote in section.quotes:
            wrong += judge_quote(*quote)
        failures += bool(wrong)
        print(f"{'not ok' if wrong else 'ok'} {tests} - {section.name}", *wrong, sep="\n# ", flush=True)
    print(f"1..{tests}")
    return 1 if failures or not tests else 0


def inside(work, document, *wanted):
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    mount_places()  # for commands that are tried beforehand
    return run_all(document, wanted, work)


def outside(arguments):
    if os.geteuid() != 0:
        print("1..0 # SKIP mounting for all users needs root")
        return 1 if MUST_RUN else 0
    work = tempfile.mkdtemp(prefix="shmfs-t-documents-", dir="/tmp")
    try:
        os.chmod(work, 0o755)
        for name in "bin", "home":
            os.mkdir(f"{work}/{name}")
        shutil.copy(os.environ.get("SHMFS", PROJECT + "/build/fs/shmfs"), work + "/bin/shmfs")
        os.symlink("shmfs", work + "/bin/shmfs-run")
        return subprocess.run(
            ["setpriv", "--pdeathsig=KILL", "--", SCRIPTS + "/private-mounts", sys.executable, "-I",
             os.path.abspath(__file__), "--inside", work, *arguments], check=False).returncode
    finally:
        shutil.rmtree(work)


if sys.argv[1:2] == ["--inside"]:
    sys.exit(inside(*sys.argv[2:]))
if not sys.argv[1:]:
    sys.exit(__doc__)
sys.exit(outside([os.path.abspath(sys.argv[1]), *sys.argv[2:]]))
