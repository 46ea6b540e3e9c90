"""The servers that are measured, and the load client: started, asked, measured from outside.

Happy path: a server is there when its constructor returns; `connections` and `writers` name what the load client shall open. How it fails: a
server that does not start, or a load that loses its connection, is an assertion with its words.
"""

import math
import os
import statistics
import subprocess
import time

from tests_path import ROOT
from house import cpu_seconds

BUILD = os.path.join(ROOT, "build-bench")


def own_bytes(pid):
    """Memory that is the process's alone: pages of files are shared with whoever else runs."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as maps:
        return next(int(line.split()[1]) * 1024 for line in maps if line.startswith("Anonymous:"))


def build():
    subprocess.check_call([os.path.join(ROOT, "tools/build"), "build-bench", "--buildtype=release", "-Dtests=disabled"])


class Server:
    """A program that prints a line when it serves."""

    dialect = "plain"

    def __init__(self, name, port, command, ready, environment=None):
        self.name, self.port, self.command, self.ready = name, port, command, ready
        self.environment = {**os.environ, **(environment or {})}
        self.start_again()

    def start_again(self):
        begun = time.monotonic()
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True, env=self.environment)
        line = self.process.stdout.readline()
        assert line.startswith(self.ready), f"{self.name} did not start: {line!r}"
        self.start_s = time.monotonic() - begun

    def cpu(self):
        return cpu_seconds(self.process.pid)

    def memory(self):
        return own_bytes(self.process.pid)

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Floor(Server):
    def __init__(self, port):
        super().__init__("floor", port, [os.path.join(BUILD, "bench/floor"), str(port)], "ready")

    def connections(self, count):
        return [("/room", "-", "room")] * count

    def crowd(self, count):
        return [("/crowd", "-", "crowd")] * count

    def writers(self, count):
        return [(f"/own{i}", "-", f"own{i}") for i in range(count)]

    def rooms(self, count, members):
        return [(f"/room{i}", "-", f"room{i}") for i in range(count) for _ in range(members)]


class Load:
    """The load client, connected; see load.c."""

    def __init__(self, server, mode, *arguments, connections, dialect=None):
        self.server = server
        self.process = subprocess.Popen([os.path.join(BUILD, "bench/load"), dialect or server.dialect, mode, str(server.port), *map(str, arguments)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for connection in connections:
            self.process.stdin.write(" ".join(connection) + "\n")
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        self.line("connected")

    def line(self, wanted):
        line = self.process.stdout.readline()
        assert line.startswith(wanted), f"the load against {self.server.name} ended: {line!r}"
        return line

    def begin(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        self.line("started")
        self.before = self.server.cpu()

    def numbers(self):
        """Of the stretch that was begun, when it is over: by name, with the server's CPU seconds."""
        numbers = {name: float(value) for name, value in (pair.split("=") for pair in self.line("seconds=").split())}
        numbers["cpu"] = self.server.cpu() - self.before
        return numbers

    def go(self, end=True):
        """One measured stretch."""
        self.begin()
        numbers = self.numbers()
        if end:
            self.end()
        return numbers

    def release(self):
        """Ends an idle load, which only waits for a line."""
        self.process.stdin.write("\n")
        self.end()

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def number(value):
    """Three digits, or all before the point."""
    if math.isnan(value):
        return "unknown"
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def spread(values):
    return f"{number(statistics.median(values))} ({number(min(values))}..{number(max(values))})"
