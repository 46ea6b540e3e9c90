"""What sim/run and sim/mutants share: running one seed or scenario in a process, and files of scenarios.

Happy path: an Outcome. How it fails: a process that does not end within its time on a processor, however long it waits for
one, or ends by a failed check or a finding of a sanitizer, is an outcome too: it broke a promise of that name.

A file of a scenario: comments behind #, a line `options --seed 7 ...`, then steps as sim/scenario.h says.
"""

import dataclasses
import os
import re
import signal
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
REGRESSIONS = os.path.join(ROOT, "sim", "regressions")
SECONDS_MAX = 300
SANITIZERS = {"ASAN_OPTIONS": "abort_on_error=1", "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1"}


@dataclasses.dataclass
class Outcome:
    good: bool
    trace: str
    promise: str  # that broke; "" if none did
    words: str
    steps: list  # that it recorded
    virtual_s: float


def simulate(binary, options, steps=None, seconds=SECONDS_MAX):
    """One run in one process: by chance, or of these steps."""
    command = ["prlimit", f"--cpu={seconds}", binary, *map(str, options), *(["--replay", "1"] if steps is not None else [])]
    done = subprocess.run(command, text=True, errors="replace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          input="\n".join(steps or []) + "\n", env={**os.environ, **SANITIZERS})
    words, good = done.stdout, done.returncode == 0
    if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        words += f"no end after {seconds} s\n"
    trace = re.search(r"^seed \d+ trace ([0-9a-f]{16})$", words, re.M)
    virtual = re.search(r", virtual ([0-9.]+) s", words)
    recorded = [line for line in words.split("\n") if line[:1].isdigit()]
    words = "\n".join(line for line in words.split("\n") if not line[:1].isdigit())
    return Outcome(good, trace[1] if trace else "none", "" if good else broken_promise(words), words, recorded,
                   float(virtual[1]) if virtual else 0.0)


def broken_promise(words):
    """What broke, short: to know it again."""
    found = re.search(r"^seed \d+ broke (\S+)", words, re.M)
    check = re.search(r"^check failed: ([^(]*)", words, re.M)
    fault = re.search(r"^.*(?:runtime error: |ERROR: \w+: )(.*?)(?: on | at |$)", words, re.M)
    return found[1] if found else f"CHECK {check[1].strip()}" if check else fault[1] if fault else "no end"


def regression_path(name):
    return os.path.join(REGRESSIONS, name + ".txt")


def write_scenario(path, comment, options, steps):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"# {comment}\noptions {' '.join(map(str, options))}\n" + "".join(step + "\n" for step in steps))


def read_scenario(path):
    """(options, steps)"""
    with open(path, encoding="utf-8") as file:
        lines = [line for line in file.read().split("\n") if line and not line.startswith("#")]
    return lines[0].split()[1:], lines[1:]
