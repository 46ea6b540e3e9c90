"""A process that was started here, known by more than its number, so that nothing else is ever signalled.

Happy path: start() records pid, start time and boot in a file; signal() and wait_end() find the same process again, from any other program
too. How it fails: a record whose pid is another process by now, or of another boot, is of a process that has ended.
"""

import contextlib
import json
import os
import select
import signal
import subprocess

KILLED_S = 60
_children = []  # of this program: who started a process has to bury it


def _boot():
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as boot:
        return boot.read().strip()


def _stat(pid):
    """What the kernel says of a process behind its name: state, parent, group, session ...; nothing if there is none."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
            return stat.read().rsplit(")", 1)[1].split()
    except (OSError, IndexError):
        return []


def started_at(pid):
    """In ticks since boot; None if there is no such process."""
    stat = _stat(pid)
    return int(stat[19]) if stat else None


def _in_session(pid, leader):
    stat = _stat(pid)
    return bool(stat) and int(stat[3]) == leader and stat[0] not in "ZX"


def _end_session(leader):
    """Kills what a process that has ended left behind. Its number is given to nobody else while its session has members."""
    for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):
        if not _in_session(pid, leader):
            continue
        with contextlib.suppress(ProcessLookupError):
            descriptor = os.pidfd_open(pid)
            try:
                if _in_session(pid, leader):
                    signal.pidfd_send_signal(descriptor, signal.SIGKILL)
                    select.select([descriptor], [], [], KILLED_S)
            finally:
                os.close(descriptor)


def memory_bytes(pid):
    """What is resident, pages of files too; 0 if it has ended."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
            return next((int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS:")), 0)
    except OSError:
        return 0


def processes_in(folder):
    """Whoever works in it or below it."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            where = os.readlink(f"/proc/{pid}/cwd")
        except OSError:
            continue
        if where == str(folder) or where.startswith(f"{folder}/"):
            found.append(int(pid))
    return found


class Process:
    """The process that a file tells of."""

    def __init__(self, record_path):
        self.record_path = record_path

    def _write(self, record):
        with open(self.record_path + ".new", "w", encoding="utf-8") as new:
            json.dump(record, new)
        os.replace(self.record_path + ".new", self.record_path)

    def claim(self):
        """Says whose the folder is before anything is started in it."""
        if not os.path.exists(self.record_path):
            self._write({})

    def start(self, command, folder, log_path):
        """In a session of its own: it outlives this program and does not hear its Ctrl-C."""
        with open(log_path, "ab") as log:
            child = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                                     start_new_session=True)
        _children.append(child)
        self._write({"pid": child.pid, "started": started_at(child.pid), "boot": _boot()})

    def _open(self):
        """Its pid and a descriptor of it, which stays that process's; None if it has ended."""
        for child in _children:
            child.poll()
        try:
            with open(self.record_path, encoding="utf-8") as file:
                record = json.load(file)
            descriptor = os.pidfd_open(record["pid"])
        except (OSError, ValueError, KeyError):
            return None
        same = record["boot"] == _boot() and record["started"] == started_at(record["pid"])
        if same and not select.select([descriptor], [], [], 0)[0]:
            return record["pid"], descriptor
        os.close(descriptor)
        return None

    def pid(self):
        """None if it does not run."""
        found = self._open()
        if found is None:
            return None
        os.close(found[1])
        return found[0]

    def end(self, how, patience_s):
        """Signals it and waits until its last thread is gone, and with it its ports; after patience_s it is killed. What it forked ends with
        it. False if it did not run."""
        found = self._open()
        if found is None:
            return False
        descriptor = found[1]
        try:
            with contextlib.suppress(ProcessLookupError):  # it ended by itself just now
                signal.pidfd_send_signal(descriptor, how)
            if not select.select([descriptor], [], [], patience_s)[0]:
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
                if not select.select([descriptor], [], [], KILLED_S)[0]:
                    raise TimeoutError(f"process {found[0]} was killed and has not ended after {KILLED_S} s")
        finally:
            os.close(descriptor)
        _end_session(found[0])
        return True
