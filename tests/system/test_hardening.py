"""Item 94 of docs/security.md: the flags, seen on the finished release binary."""

import os
import re
import subprocess

import pytest

from house import ROOT

BINARY = os.path.join(ROOT, "build-run/src/apps/chattifier")


@pytest.fixture(scope="module")
def facts():
    """What readelf says of the binary that ./run builds."""
    subprocess.run([os.path.join(ROOT, "tools/build"), "build-run", "--buildtype=release", "-Dtests=disabled"], check=True, timeout=600)
    return subprocess.check_output(["readelf", "-W", "-h", "-l", "-d", "-n", "-s", BINARY], text=True)


def test_it_is_position_independent(facts):
    assert re.search(r"Type:\s+DYN", facts) and re.search(r"Flags: .*PIE", facts)


def test_relocations_are_read_only_after_the_start(facts):
    assert "GNU_RELRO" in facts and "BIND_NOW" in facts


def test_the_stack_is_not_executable(facts):
    stack = next(line for line in facts.splitlines() if "GNU_STACK" in line)
    assert "RWE" not in stack and "RW " in stack


def test_functions_have_canaries(facts):
    assert "__stack_chk_fail" in facts


def test_library_calls_are_fortified(facts):
    assert re.search(r"__(memcpy|snprintf|read|recv)_chk", facts)


def test_functions_have_landing_pads_for_jumps(facts):
    """The binary has no marker of it, since Debian's own start files are built without; the code can be seen to have it."""
    code = subprocess.check_output(["objdump", "-d", "--no-show-raw-insn", BINARY], text=True)
    assert code.count("endbr64") > 500


def test_it_needs_no_library_path_of_its_own(facts):
    assert "RPATH" not in facts and "RUNPATH" not in facts
