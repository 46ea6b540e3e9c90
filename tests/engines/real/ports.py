"""The ports of the engines of one directory, in its ports.env: KEY=VALUE lines that a shell can read too.

Happy path: take() gives the port that was taken before, else a free one, below those that the kernel gives to outgoing connections.
CHATTIFIER_ENGINES_PORTS=FIRST-LAST chooses others. How it fails: NoPort if none of the range is free.
"""

import contextlib
import os
import random
import socket
import threading

RANGE = "20000-32000"


class NoPort(Exception):
    pass


def is_free(port, host=""):
    """Also of every other address of this machine, unless one is named."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # what is left of closed connections is in nobody's way
        try:
            probe.bind((host, port))
            return True
        except OSError:
            return False


def choose(taken):
    first, last = map(int, os.environ.get("CHATTIFIER_ENGINES_PORTS", RANGE).split("-"))
    candidates = list(range(first, last + 1))
    random.shuffle(candidates)
    for port in candidates:
        if port not in taken and is_free(port):
            return port
    raise NoPort(f"no port from {first} to {last} is free")


class Ports:
    def __init__(self, directory):
        self.path = os.path.join(directory, "ports.env")
        self.lock = threading.Lock()

    def read(self):
        try:
            with open(self.path, encoding="ascii") as file:
                return {key: int(value) for key, _, value in (line.strip().partition("=") for line in file) if value}
        except FileNotFoundError:
            return {}

    def write(self, ports):
        if not ports:
            with contextlib.suppress(FileNotFoundError):
                os.remove(self.path)
            return
        with open(self.path + ".new", "w", encoding="ascii") as new:
            new.writelines(f"{key}={port}\n" for key, port in sorted(ports.items()))
        os.replace(self.path + ".new", self.path)

    def of(self, key):
        """0 if it was never taken."""
        return self.read().get(key, 0)

    def take(self, keys):
        with self.lock:
            ports = self.read()
            missing = [key for key in keys if key not in ports]
            for key in missing:
                ports[key] = choose(set(ports.values()))
            if missing:
                self.write(ports)

    def forget(self, keys):
        with self.lock:
            self.write({key: port for key, port in self.read().items() if key not in keys})
