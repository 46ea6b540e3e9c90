"""Programs of the build, which tests run beside real engines.

Happy path: program("net", "pulsar_drive") is the path of one; suite([program(...), ...], 300) runs one that is a suite, and answers which of its tests
passed and which failed, by name, and what it wrote. They are those of a build with tests, build-test, or of the one that CHATTIFIER_BUILD names. How it
fails: a program that is not built skips the test; a suite that ends in another way than by its tests fails it.
"""

import os
import re
import subprocess

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
BUILD = os.environ.get("CHATTIFIER_BUILD", os.path.join(ROOT, "build-test"))


def program(*path):
    """Below the tests of the build."""
    whole = os.path.join(BUILD, "tests", *path)
    if not os.path.exists(whole):
        pytest.skip(f"{whole} is not built")
    return whole


def suite(words, timeout_s, **environment):
    done = subprocess.run(words, env={**os.environ, "CMOCKA_MESSAGE_OUTPUT": "TAP", **environment}, text=True, errors="replace", timeout=timeout_s,
                          check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    passed = re.findall(r"^ok \d+ - (\w+)$", done.stdout, re.M)
    failed = re.findall(r"^not ok \d+ - (\w+)", done.stdout, re.M)
    assert done.returncode == len(failed), done.stdout[-6000:]
    return passed, failed, done.stdout
