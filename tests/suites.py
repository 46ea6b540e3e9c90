"""Runs the suites and adds them up.

Happy path: each suite prints one line `name: N passed, N failed`; the last line is the sum. How it fails: a suite that
can not start counts as one failure and says why; what failed is shown; what was skipped, a suite whose tool is not
installed too, is counted and named with its reason.
"""

import concurrent.futures
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as xml

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(ROOT, "build-test")
FUZZ_BUILD = "build-fuzz"
FUZZ_OPTIONS = ["-Dfuzz=true", "-Dtests=disabled", "-Db_sanitize=address,undefined", "-Db_lundef=false"]
FUZZ_SECONDS = 30
RELEASE_BUILD = "build-bench"  # as bench/servers.py builds it
RELEASE_SEEDS = (1001, 500)  # the first, and how many: about a minute on two cores
HANG_FACTOR = 4  # how much longer than on a quiet machine a program may take, before it is taken to hang
# Run again with the switch that duplicates, redelivers, delays and drops, in a process of so many workers.
CHAOS_FILES = [f"tests/system/test_{name}.py" for name in ("accounts", "bots", "first_minute", "messages", "rooms")]
CHAOS_PASSES = {"1": CHAOS_FILES, "2": [*CHAOS_FILES, "tests/system/test_rights.py"], "4": CHAOS_FILES}
CHAOS_PER_MILLE = 20
# Run again with their sessions in a Redis that is started.
REDIS_FILES = [f"tests/system/test_{name}.py" for name in ("accounts", "connection", "limits", "live", "revocations")]
# Run again through a gateway that is a process of its own: what its relay could get wrong.
APART_FILES = [f"tests/system/test_{name}.py" for name in ("connection", "cors", "http_bytes", "http_table", "slow_reader", "ws_bytes")]
REAL_ENGINES_S = 900  # on a quiet machine a minute or two, with downloads
REAL_ENGINES_END_S = 180  # for a start that is under way, and for ending what runs
LEFT_OUT = {
    "quick": "lint, fuzz targets, budget, coverage, threads, simulation without sanitizers, real engines, system tests, again with the chaos switch on and with the gateway apart",
    "system": "everything else, and the system tests again with the chaos switch on and with the gateway apart",
}
SANITIZERS = {
    "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=1:strict_string_checks=1",
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
}


class Totals:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def add(self, name, passed, failed, skipped=(), seconds=0.0, detail=""):
        self.passed += passed
        self.failed += failed
        self.skipped += len(skipped)
        skips = f", {len(skipped)} skipped" if skipped else ""
        print(f"{name}: {passed} passed, {failed} failed{skips} ({seconds:.1f} s)", flush=True)
        for test, why in skipped:
            print(f"  skipped {test}: {why}")
        if failed and detail:
            print("\n".join("  " + line for line in detail.splitlines()[-60:]), flush=True)


def meson_suites():
    """The programs by suite."""
    suites = {}
    for test in json.loads(subprocess.check_output(["meson", "introspect", "--tests", BUILD], text=True)):
        suites.setdefault(test["suite"][0].split(":", 1)[-1], []).append(test)
    return suites


def count_tap(output):
    passed = len(re.findall(r"^ok \d+(?!.*# SKIP)", output, re.M))
    failed = len(re.findall(r"^not ok \d+", output, re.M))
    skipped = re.findall(r"^ok \d+(?: -)? (\S+).*# SKIP ?(.*)$", output, re.M)
    return passed, failed, skipped


def run_program(test):
    """One test program; answers (passed, failed, skipped, its words if it failed, seconds)."""
    start = time.time()
    environment = {**os.environ, **SANITIZERS, **test["env"], "CMOCKA_MESSAGE_OUTPUT": "TAP"}
    try:
        done = subprocess.run(test["cmd"], env=environment, cwd=test["workdir"] or BUILD, text=True, errors="replace",
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=HANG_FACTOR * test["timeout"])
        output, code = done.stdout, done.returncode
    except subprocess.TimeoutExpired as late:
        output, code = f"{late.stdout or ''}\ntimed out", 1
    if test["protocol"] == "tap":
        passed, failed, skipped = count_tap(output)
        if code != 0 and failed == 0:
            failed = 1
        if code == 0 and passed + failed + len(skipped) == 0:
            failed, output = 1, output + "\nran no test"
    else:
        passed, failed, skipped = (1, 0, []) if code == 0 else (0, 1, [])
    words = f"--- {test['name']} (exit {code})\n{output[-6000:]}" if failed else ""
    return passed, failed, skipped, words, time.time() - start


def run_meson_suites(totals):
    """One program a test file, as many at a time as there are cores, those that may take long first; TAP programs count
    their functions, others count as one."""
    suites = meson_suites()
    programs = sorted((test for tests in suites.values() for test in tests), key=lambda test: -test["timeout"])
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        running = {test["name"]: pool.submit(run_program, test) for test in programs}
        for suite, tests in suites.items():
            results = [running[test["name"]].result() for test in tests]
            passed, failed, seconds = (sum(result[i] for result in results) for i in (0, 1, 4))
            skipped = [skip for result in results for skip in result[2]]
            totals.add(suite, passed, failed, skipped, seconds, "\n".join(result[3] for result in results if result[3]))


def run_bounded(command, bound_s, **more):
    """Its exit code and words. After bound_s it is interrupted, so that it ends what it started."""
    process = subprocess.Popen(command, cwd=ROOT, text=True, errors="replace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **more)
    try:
        words = process.communicate(timeout=bound_s)[0]
        return process.returncode, words
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
    try:
        words = process.communicate(timeout=REAL_ENGINES_END_S)[0]
    except subprocess.TimeoutExpired:
        process.kill()
        words = process.communicate()[0]
    return 1, f"{words}\ntook longer than {bound_s} s"


def run_pytest(totals, name, arguments, bound_s=None):
    start = time.time()
    report = os.path.join(BUILD, re.sub(r"\W+", "-", name) + ".xml")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", *arguments]
    code, words = run_bounded(command, bound_s, env={**os.environ, **SANITIZERS})
    passed = failed = 0
    skipped = []
    try:
        for case in xml.parse(report).getroot().iter("testcase"):
            skip = case.find("skipped")
            if skip is not None:
                skipped.append((case.get("name"), skip.get("message") or "no reason given"))
            elif case.find("failure") is not None or case.find("error") is not None:
                failed += 1
            else:
                passed += 1
    except (OSError, xml.ParseError):
        failed += 1
    if code not in (0, 5) and failed == 0:
        failed = 1
    totals.add(name, passed, failed, skipped, time.time() - start, words)


def run_node(totals, name, files):
    start = time.time()
    if not shutil.which("node"):
        totals.add(name, 0, 0, [(os.path.basename(file), "node is not installed") for file in files])
        return
    done = subprocess.run(["node", "--test", *files], cwd=ROOT, text=True, errors="replace",
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    counts = {key: int(value) for key, value in re.findall(r"^# (pass|fail) (\d+)$", done.stdout, re.M)}
    skipped = re.findall(r"^\s*ok \d+ - (.*?) # SKIP ?(.*)$", done.stdout, re.M)
    failed = counts.get("fail", 0) or (1 if done.returncode else 0)
    totals.add(name, counts.get("pass", 0), failed, skipped, time.time() - start, done.stdout)


def run_tidy(totals):
    start = time.time()
    done = subprocess.run([sys.executable, "tools/tidy"], cwd=ROOT, text=True, errors="replace",
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    failed = 1 if done.returncode else 0
    totals.add("tidy", 1 - failed, failed, (), time.time() - start, done.stdout)


def fuzz_once(target):
    """Runs one target for a while on a copy of its corpus; returns its words if it failed."""
    seeds = os.path.join(ROOT, "fuzz", "corpus", target.removeprefix("fuzz_"))
    with tempfile.TemporaryDirectory() as found:
        command = [os.path.join(ROOT, FUZZ_BUILD, "fuzz", target), f"-max_total_time={FUZZ_SECONDS}",
                   f"-artifact_prefix={os.path.join(ROOT, FUZZ_BUILD)}/", found]
        command += [seeds] if os.path.isdir(seeds) else []
        try:
            done = subprocess.run(command, cwd=ROOT, text=True, errors="replace", timeout=FUZZ_SECONDS + 60,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        except subprocess.TimeoutExpired:
            return f"--- {target} did not end in time"
    return f"--- {target} (exit {done.returncode})\n{done.stdout[-4000:]}" if done.returncode else ""


def run_fuzz(totals):
    """As many targets at a time as there are cores; one pass for each that meets nothing in its time."""
    start = time.time()
    targets = sorted(name[:-2] for name in os.listdir(os.path.join(ROOT, "fuzz"))
                     if name.startswith("fuzz_") and name.endswith(".c"))
    if not shutil.which("clang"):
        totals.add("fuzz", 0, 0, [(target, "clang is not installed") for target in targets])
        return
    built = subprocess.run(["tools/build", FUZZ_BUILD, *FUZZ_OPTIONS], cwd=ROOT, text=True, errors="replace",
                           env={**os.environ, "CC": "clang"}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if built.returncode:
        totals.add("fuzz", 0, 1, (), time.time() - start, built.stdout)
        return
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        problems = [problem for problem in pool.map(fuzz_once, targets) if problem]
    totals.add("fuzz", len(targets) - len(problems), len(problems), (), time.time() - start, "\n".join(problems))


def run_lint(totals):
    """One pass for the whole tree; clang-tidy's words if it finds anything."""
    start = time.time()
    if not shutil.which("clang-tidy"):
        totals.add("lint", 0, 0, [("tools/lint", "clang-tidy is not installed")])
        return
    done = subprocess.run(["tools/lint"], cwd=ROOT, text=True, errors="replace",
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    failed = 1 if done.returncode else 0
    totals.add("lint", 1 - failed, failed, (), time.time() - start, done.stdout)


def run_judge(totals, name, tool, command):
    """A tool that judges: one pass for each line `ok ...`, which are shown in any case."""
    start = time.time()
    if not shutil.which(tool):
        totals.add(name, 0, 0, [(command[0], f"{tool} is not installed")])
        return
    done = subprocess.run(command, cwd=ROOT, text=True, errors="replace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    lines = done.stdout.splitlines()
    passed, failed = (sum(line.startswith(words) for line in lines) for words in ("ok ", ("OVER ", "BELOW ", "FOUND ")))
    totals.add(name, passed, failed or (1 if done.returncode else 0), (), time.time() - start, done.stdout)
    print("\n".join("  " + line for line in lines if line.startswith("ok ")))


def run_release_simulation(totals):
    """One pass for each seed. Under the sanitizers no block is kept for the next, and nothing is optimized: what is wrong only
    with kept blocks, or as it is installed, shows here."""
    start = time.time()
    built = subprocess.run(["tools/build", RELEASE_BUILD, "--buildtype=release", "-Dtests=disabled"], cwd=ROOT, text=True,
                           errors="replace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if built.returncode:
        totals.add("simulation, release", 0, 1, (), time.time() - start, built.stdout)
        return
    first, count = map(str, RELEASE_SEEDS)
    done = subprocess.run(["sim/run", "--binary", os.path.join(RELEASE_BUILD, "sim", "simulate"), "--seed", first, "--seeds", count],
                          cwd=ROOT, text=True, errors="replace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    seeds = re.search(r"^(\d+) seeds, (\d+) failed$", done.stdout, re.M)
    ran, failed = map(int, seeds.groups()) if seeds else (0, 1)
    words = [line for line in done.stdout.splitlines() if not re.match(r"seed \d+ trace ", line)]
    totals.add("simulation, release", max(ran - failed, 0), failed, (), time.time() - start, "\n".join(words))


def system_python():
    """Debian's python3 has the packages; another one in front of it on the path may not."""
    return "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable


def main():
    what, arguments = sys.argv[1], sys.argv[2:]
    if sys.executable != system_python() and os.environ.get("CHATTIFIER_TEST_PYTHON") != "1":
        os.environ["CHATTIFIER_TEST_PYTHON"] = "1"
        os.execv(system_python(), [system_python(), *sys.argv])
    totals = Totals()
    if what != "system":
        run_tidy(totals)
        run_meson_suites(totals)
        web_tests = sorted(os.path.join("tests/web", f) for f in os.listdir(os.path.join(ROOT, "tests/web")) if f.endswith(".test.mjs")) \
            if os.path.isdir(os.path.join(ROOT, "tests/web")) else []
        if web_tests:
            run_node(totals, "web", web_tests)
    if what == "all":
        run_lint(totals)
        run_fuzz(totals)
        run_judge(totals, "budget", "valgrind", ["bench/budget"])
        run_judge(totals, "coverage", "gcovr", ["tools/coverage"])
        run_judge(totals, "threads", "gcc", ["tools/analyze", "thread"])
        run_release_simulation(totals)
        run_pytest(totals, "real engines", ["tests/engines/real"], REAL_ENGINES_S)
        run_pytest(totals, "real engines, sessions in Redis", [*REDIS_FILES, "--sessions=redis"])
    if what != "quick" and os.path.isdir(os.path.join(ROOT, "tests/system")):
        run_pytest(totals, "system", arguments or ["tests/system"])
    if what == "all":
        for workers, files in CHAOS_PASSES.items():
            options = [f"--workers={workers}", f"--chaos={CHAOS_PER_MILLE}"]
            run_pytest(totals, f"system with chaos, workers {workers}", [*files, *options])
        run_pytest(totals, "system with the gateway apart", [*APART_FILES, "--gateway=apart"])
    if what != "all":
        print(f"left out, ./test runs it: {LEFT_OUT[what]}")
    skips = f", {totals.skipped} skipped" if totals.skipped else ""
    print(f"{totals.passed} passed, {totals.failed} failed{skips}")
    sys.exit(1 if totals.failed else 0)


main()
