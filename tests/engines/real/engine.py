"""One process of a real engine, in a folder of its own: configuration, data, log, and the record of what process it is.

Happy path: start() writes its configuration, starts it and returns when it answers in its own protocol; stop() and kill() return when its last
thread is gone. How it fails: EngineError says what happened, with the end of the log if it ended or did not answer in time, and leaves no
process behind; Unavailable says that this machine does not have what it takes, so a test may be skipped. Every wait has a bound.
"""

import os
import shutil
import signal
import socket
import time

import ports
from process import Process, memory_bytes

READY_S = 120
POLL_S = 0.05
ASK_S = 5
STOP_S = 15
LOG_LINES = 20
RECORD = "process.json"


class EngineError(Exception):
    pass


class Unavailable(EngineError):
    """Not installed, or where it comes from can not be reached."""


class NotReady(Exception):
    """It answers, but not yet as it shall."""


class Engine:
    name = ""  # of the process and its folder: cassandra-2
    port_keys = ()  # in ports.env; the first is the one that clients use
    host = "127.0.0.1"
    stop_s = STOP_S

    def __init__(self, directory, ports_of):
        self.folder = os.path.join(os.path.abspath(directory), self.name)
        self.ports = ports_of
        self.log_path = os.path.join(self.folder, "log")
        self.process = Process(os.path.join(self.folder, RECORD))

    # ---- what each engine says of itself
    def fetch(self):
        """Has what it is started from on this machine, or raises Unavailable."""

    def configure(self):
        """Writes its configuration below its folder."""

    def command(self):
        raise NotImplementedError

    def ask(self):
        """One question in its protocol. An OSError or NotReady: not now."""
        raise NotImplementedError

    # ---- life
    @property
    def port(self):
        return self.ports.of(self.port_keys[0])

    @property
    def address(self):
        return f"{self.host}:{self.port}"

    def pid(self):
        return self.process.pid()

    def memory_bytes(self):
        return memory_bytes(self.pid() or 0)

    def exists(self):
        return os.path.exists(self.process.record_path)

    def start(self, ready_s=READY_S):
        """False if it ran already; returns when it is ready in either case."""
        end = time.monotonic() + ready_s
        started = self.pid() is None
        if started:
            self.launch()
        try:
            self.wait_ready(end)
        except BaseException:
            if started:
                self.kill()
            raise
        return started

    def launch(self):
        if os.path.isdir(self.folder) and os.listdir(self.folder) and not self.exists():
            raise EngineError(f"{self.name}: {self.folder} was not made here; choose another directory")
        self.ports.take(self.port_keys)
        for key in self.port_keys:
            if not ports.is_free(self.ports.of(key), self.host):
                raise EngineError(f"{self.name}: another process has port {self.ports.of(key)} of {self.host}; wipe to get other ports")
        self.fetch()
        os.makedirs(self.folder, exist_ok=True)
        self.process.claim()
        self.configure()
        self.process.start(self.command(), self.folder, self.log_path)

    def wait_ready(self, end):
        while True:
            answer = None
            try:
                self.ask()
            except (OSError, NotReady) as why:
                answer = str(why) or type(why).__name__
            runs = self.pid() is not None  # after the question, which somebody else may have answered
            if runs and answer is None:
                return
            if not runs:
                raise EngineError(f"{self.name}: ended while it started; {self.log_words()}")
            if time.monotonic() > end:
                raise EngineError(f"{self.name}: not ready in time ({answer}); {self.log_words()}")
            time.sleep(POLL_S)

    def is_ready(self):
        if self.pid() is None:
            return False
        try:
            self.ask()
            return True
        except (OSError, NotReady):
            return False

    def stop(self):
        """False if it did not run."""
        return self.process.end(signal.SIGTERM, self.stop_s)

    def kill(self):
        return self.process.end(signal.SIGKILL, self.stop_s)

    def wipe(self):
        """Ends it and forgets its data, log and ports."""
        self.kill()
        if self.exists():
            shutil.rmtree(self.folder)
        self.ports.forget(self.port_keys)

    # ---- help
    def write(self, name, text):
        """A file of its configuration; returns its path."""
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def connect(self):
        return socket.create_connection((self.host, self.port), ASK_S)

    def log_words(self):
        try:
            with open(self.log_path, encoding="utf-8", errors="replace") as log:
                last = log.read().splitlines()[-LOG_LINES:]
        except OSError:
            last = []
        return "\n".join([f"its log is {self.log_path}", *last])
