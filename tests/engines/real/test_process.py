"""Nothing is signalled but what was started here."""

import json
import os
import platform
import signal
import subprocess
import sys
import time

import pytest

from process import Process, processes_in, started_at

EXIT_CALL = {"x86_64": 60, "aarch64": 93}


@pytest.fixture
def sleeper():
    child = subprocess.Popen(["sleep", "600"])
    yield child
    child.kill()
    child.wait()


def recorded(path, **record):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(record, file)
    return Process(str(path))


def boot():
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return file.read().strip()


@pytest.mark.parametrize("wrong", ["started", "boot"])
def test_another_process_with_the_number_of_a_record_is_left_alone(tmp_path, sleeper, wrong):
    record = {"pid": sleeper.pid, "started": started_at(sleeper.pid), "boot": boot()}
    assert recorded(tmp_path / "right", **record).pid() == sleeper.pid
    stale = recorded(tmp_path / "stale", **{**record, wrong: {"started": record["started"] - 1, "boot": "another"}[wrong]})
    assert stale.pid() is None
    assert stale.end(signal.SIGKILL, 5) is False
    assert sleeper.poll() is None


def test_a_record_that_is_cut_is_of_nobody(tmp_path):
    (tmp_path / "process.json").write_text('{"pid": 1')
    assert Process(str(tmp_path / "process.json")).pid() is None


def test_what_one_program_started_another_one_ends(tmp_path):
    record = str(tmp_path / "process.json")
    code = f"import process; process.Process({record!r}).start(['sleep', '600'], {str(tmp_path)!r}, {str(tmp_path / 'log')!r})"
    subprocess.run([sys.executable, "-c", code], cwd=os.path.dirname(os.path.abspath(__file__)), check=True, timeout=30)
    process = Process(record)
    assert process.pid() is not None
    assert process.end(signal.SIGTERM, 10) is True
    assert process.pid() is None


def test_who_does_not_hear_is_killed(tmp_path):
    process = Process(str(tmp_path / "process.json"))
    process.start(["sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 1; done"], str(tmp_path), str(tmp_path / "log"))
    while not (tmp_path / "log").read_text():
        time.sleep(0.01)
    assert process.end(signal.SIGTERM, 0.2) is True
    assert process.pid() is None


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_what_it_forked_ends_with_it(tmp_path, how):
    """As Redis, which writes its files in a child that a kill does not reach."""
    process = Process(str(tmp_path / "process.json"))
    process.start(["sh", "-c", "sleep 600 & echo up; wait"], str(tmp_path), str(tmp_path / "log"))
    while not (tmp_path / "log").read_text():
        time.sleep(0.01)
    assert process.end(how, 10) is True
    assert processes_in(tmp_path) == []


@pytest.mark.skipif(platform.machine() not in EXIT_CALL, reason="the number of exit is not known for this processor")
def test_a_process_whose_first_thread_is_gone_still_runs(tmp_path):
    """As a JVM that was killed, until its last thread is gone: it still has its ports."""
    code = f"import ctypes, threading, time; threading.Thread(target=time.sleep, args=(600,)).start(); ctypes.CDLL(None).syscall({EXIT_CALL[platform.machine()]}, 0)"
    process = Process(str(tmp_path / "process.json"))
    process.start([sys.executable, "-c", code], str(tmp_path), str(tmp_path / "log"))
    pid = process.pid()
    deadline = time.monotonic() + 10
    while open(f"/proc/{pid}/stat", encoding="ascii").read().rsplit(")", 1)[1].split()[0] != "Z":
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert process.pid() == pid
    assert process.end(signal.SIGKILL, 10) is True
    assert process.pid() is None
