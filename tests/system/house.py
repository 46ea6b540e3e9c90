"""The real binary as tests see it: started, asked over HTTP, killed, started again.

Happy path: start() returns when the process said `ready`. How it fails: the log is part of the assertion's message; a process that ends with a
sanitizer's report or a broken invariant fails the test that stops it.
"""

import contextlib
import http.client
import itertools
import json
import os
import secrets
import signal
import socket
import sqlite3
import subprocess
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.environ.get("CHATTIFIER_BINARY", os.path.join(ROOT, "build-test/src/apps/chattifier"))

# Limits that would be in the way of many quick tests from one address; their own tests set them back.
OPEN_LIMITS = {
    "limits.connections_per_address": 0,
    "limits.connects_per_address": 0,
    "limits.register_per_hour": 0,
    "limits.login_failures": 0,
    "limits.user_requests_per_second": 0,
    "limits.messages_per_second": 0,
    "limits.commands_per_second": 0,
    "limits.connections_per_user": 0,
    "limits.connections_per_device": 0,
}

# With the chaos switch on: what gets lost is asked for again soon, so that tests need not wait for it.
SOON = {
    "socket.answer_timeout_ms": 1000,
    "socket.resend_ms": 100,
    "socket.rotation_ms": 1000,
    "socket.roster_rotation_ms": 1000,
}
TRY_AGAIN = ("timeout", "unavailable", "overloaded")
TRIES = 20


def free_port():
    """Below the ports that the kernel gives to outgoing connections: one of those may be taken again before it is used."""
    while True:
        port = secrets.randbelow(22000) + 10000
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        return self.json["error"]["code"]

    def __repr__(self):
        return f"<{self.status} {self.body[:300]!r}>"


def cpu_seconds(pid):
    """Of all threads that are there, user and system, to the nanosecond."""
    used = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with contextlib.suppress(FileNotFoundError), open(f"/proc/{pid}/task/{thread}/schedstat", encoding="ascii") as stat:
            used += int(stat.read().split()[0])
    return used / 1e9


class Process:
    """One that says `ready`, and ends without a broken invariant."""

    def __init__(self, arguments, environment, log_path, port):
        self.log_path = log_path
        self.log = open(log_path, "ab")
        self.process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=self.log, text=True, env=environment)
        self.port = port

    def wait_ready(self, timeout):
        timer = threading.Timer(timeout, self.process.kill)
        timer.start()
        line = self.process.stdout.readline()
        timer.cancel()
        assert line == f"ready http://127.0.0.1:{self.port}\n", f"{line!r}\n{log_tail(self.log_path)}"

    def stop(self):
        """As an operator would; the exit code has to be 0."""
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT)
            self.process.wait()
            raise AssertionError(f"did not stop within 30 s\n{log_tail(self.log_path)}")
        finally:
            self.close()
        log = log_tail(self.log_path, 1 << 20)
        assert code == 0, f"exit code {code}\n{log_tail(self.log_path)}"
        for word in ("check failed", "bug:", "AddressSanitizer", "runtime error"):
            assert word not in log, log_tail(self.log_path)

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.close()

    def close(self):
        self.process.stdout.close()
        self.log.close()


def log_tail(path, size=4000):
    with open(path, "rb") as log:
        log.seek(0, 2)
        log.seek(max(0, log.tell() - size))
        return log.read().decode(errors="replace")


class House:
    names = itertools.count(1)
    redis_port = None  # of a Redis that has the sessions; None: they are in the process
    apart = False  # the gateway is a process of its own, before one of all other services

    def __init__(self, data, workers="2", chaos="0", settings=None, open_limits=True, role=("standalone",)):
        self.data = str(data)
        self.role = ("serve", "socket,user,chat,message") if self.apart and role == ("standalone",) else role
        self.gateway, self.gateway_settings = None, {}
        self.service_port = free_port() if self.is_apart() else None
        self.port, self.management_port = free_port(), free_port()
        self.chaos = chaos != "0"
        self.made = (200, 201) if self.chaos else (201,)  # 200: the answer of a repeat, since the first was lost
        self.settings = {**(OPEN_LIMITS if open_limits else {}), **(SOON if self.chaos else {}),
                         "local.chaos_per_mille": chaos, "server.drain_ms": 0, **(settings or {})}
        if self.redis_port:
            self.settings = {"engine.sessions": "redis", "redis.hosts": f"127.0.0.1:{self.redis_port}",
                             "redis.prefix": f"{secrets.token_hex(8)}:", **self.settings}
        self.workers = workers
        self.process = None
        self.log_path = self.data + ".log"
        self.wrapper = []  # words before the command, such as those that enter another mount namespace
        self.environment = {}

    # ---- life
    def arguments(self):
        relay = {"engine.upstream": "relay"} if self.is_apart() else {}
        return [*self.wrapper, BINARY, *self.role, "--port", str(self.listens()), "--management-port", str(self.management_port),
                "--data", self.data, *self.flags({**relay, **self.settings})]

    def gateway_arguments(self, port):
        service = f"127.0.0.1:{self.service_port}"
        return [BINARY, "serve", "gateway", "--port", str(self.port), "--management-port", str(port), *self.flags(
            {**self.settings, "engine.upstream": "relay", "upstream.socket": service, "upstream.user": service, **self.gateway_settings})]

    def flags(self, settings):
        return ["--workers", str(self.workers), *[f"--{key}={value}" for key, value in settings.items()]]

    def listens(self):
        return self.service_port if self.is_apart() else self.port

    def is_apart(self):
        return self.apart and self.role[0] == "serve" and "gateway" not in self.role[1]

    def environ(self):
        return {**os.environ, "CHATTIFIER_GATEWAY_WEB_ROOT": os.path.join(ROOT, "web"), **self.environment}

    def start(self, timeout=30):
        self.start_services(timeout)
        if self.is_apart():
            self.gateway = Process(self.gateway_arguments(free_port()), self.environ(), self.log_path, self.port)
            self.gateway.wait_ready(timeout)
        return self

    def start_services(self, timeout=30):
        self.started = Process(self.arguments(), self.environ(), self.log_path, self.listens())
        self.process = self.started.process
        self.started.wait_ready(timeout)

    def stop(self):
        """Ends as an operator would; the exit code has to be 0 and the log without a broken invariant."""
        gateway, self.gateway = self.gateway, None
        if gateway:
            gateway.stop()
        if self.process:
            self.process = None
            self.started.stop()

    def kill(self):
        gateway, self.gateway = self.gateway, None
        if gateway:
            gateway.kill()
        self.process = None
        self.started.kill()

    @contextlib.contextmanager
    def held_store(self):
        """Nothing is written to the store meanwhile: what is said is in the log alone."""
        with contextlib.closing(sqlite3.connect(f"{self.data}/store.db", isolation_level=None)) as store:
            store.execute("BEGIN IMMEDIATE")
            yield
            store.execute("ROLLBACK")

    def memory_bytes(self, name="VmRSS"):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith(name + ":"))

    def cpu_seconds(self):
        return cpu_seconds(self.process.pid)

    def log_tail(self, size=4000):
        return log_tail(self.log_path, size)

    # ---- HTTP
    def http(self, method, path, body=None, token=None, headers=None, **more):
        """One request; with the chaos switch on one that is repeated, with its key, while its outcome is unknown."""
        headers = dict(headers or {})
        if self.chaos and method != "GET" and path.startswith("/api/"):
            headers.setdefault("Idempotency-Key", secrets.token_hex(12))
        for _ in range(TRIES if self.chaos else 1):
            answer = self.http_once(method, path, body, token, headers, **more)
            if answer.status not in (503, 504):
                break
        return answer

    def http_once(self, method, path, body, token, headers, management=False, raw=None, source=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.management_port if management else self.port,
                                                timeout=20, source_address=(source, 0) if source else None)
        data = raw
        if body is not None:
            data = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        if token:
            headers["Authorization"] = f"Bearer {token}"
        try:
            connection.request(method, path, data, headers)
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    # ---- people
    def user(self, prefix="user"):
        """A new user, signed in."""
        name = f"{prefix}{next(self.names)}x{int(time.time() * 1000) % 1000000}"
        password = "correct horse battery"
        answer = self.http("POST", "/user/register", {"username": name, "password": password})
        assert answer.status == 201, answer
        return self.sign_in(name, password)

    def sign_in(self, name, password="correct horse battery", device=None):
        body = {"username": name, "password": password}
        if device:
            body["device"] = device
        answer = self.http("POST", "/user/login", body)
        assert answer.status == 200, answer
        return User(self, name, password, answer.json)


class User:
    def __init__(self, house, name, password, login):
        self.house, self.name, self.password = house, name, password
        self.login = login
        self.id = login["user"]["id"]
        self.device = login["device"]["id"]
        self.token = login["access_token"]

    def http(self, method, path, body=None, **more):
        return self.house.http(method, path, body, token=self.token, **more)

    def connect(self, **more):
        from client import Client
        return Client(self.house, self, **more)
