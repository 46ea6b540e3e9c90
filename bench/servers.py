"""The servers that are measured, and the load client: started, asked, measured from outside.

Happy path: a server is there when its constructor returns; `connections` and `writers` name what the load client shall open. How it fails: a
server that does not start, a refusal, or a load that loses its connection is an assertion with its words.

The product's people: one signs up; the others are rows like hers in users.db, and their access tokens are signed with the key of the data
directory. What is measured is not signing up, which costs 25 ms of CPU each.
"""

import base64
import glob
import http.client
import json
import os
import sqlite3
import statistics
import subprocess
import time
import uuid

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(ROOT, "build-bench")
TICK = os.sysconf("SC_CLK_TCK")
PER_USER = 25
OPEN_LIMITS = {
    "limits.connections_per_address": 0,
    "limits.connects_per_address": 0,
    "limits.register_per_hour": 0,
    "limits.user_requests_per_second": 0,
    "limits.messages_per_second": 0,
    "limits.commands_per_second": 0,
    "limits.connections_per_device": 0,
    "limits.connections_per_user": 0,
    "log.level": "warn",
}


def cpu_seconds(pid):
    """Of all threads, ended ones too."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def rss_bytes(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as maps:
        return next(int(line.split()[1]) * 1024 for line in maps if line.startswith("Pss:"))


def build():
    subprocess.check_call([os.path.join(ROOT, "tools/build"), "build-bench", "--buildtype=release", "-Dtests=disabled"])


class Server:
    """A program that prints a line when it serves."""

    def __init__(self, name, port, command, ready, environment=None):
        self.name, self.port = name, port
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **(environment or {})})
        line = self.process.stdout.readline()
        assert line.startswith(ready), f"{name} did not start: {line!r}"

    def cpu(self):
        return cpu_seconds(self.process.pid)

    def rss(self):
        return rss_bytes(self.process.pid)

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Floor(Server):
    def __init__(self, port):
        super().__init__("floor", port, [os.path.join(BUILD, "bench/floor"), str(port)], "ready")

    def connections(self, count):
        return [("/room", "-", "-")] * count

    def writers(self, count):
        return [(f"/own{i}", "-", "-") for i in range(count)]

    def rooms(self, count, members):
        return [(f"/room{i}", "-", "-") for i in range(count) for _ in range(members)]


class Product(Server):
    def __init__(self, port, directory, workers=1, settings=None, wrapper=()):
        self.directory = directory
        self.own_rooms = []
        self.people = []  # (user, token)
        settings = {**OPEN_LIMITS, **(settings or {})}
        super().__init__(
            "chattifier", port,
            [*wrapper, os.path.join(BUILD, "src/apps/chattifier"), "standalone", "--port", str(port), "--management-port", str(port + 1),
             "--data", directory, "--workers", str(workers), *[f"--{k}={v}" for k, v in settings.items()]],
            "ready", {"CHATTIFIER_GATEWAY_WEB_ROOT": os.path.join(ROOT, "web")})

    def ask(self, method, path, body=None, token=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        data = json.loads(answer.read())
        assert answer.status in (200, 201), (path, answer.status, data)
        return data

    def sign(self, user, device):
        """An access token as the product writes them."""
        name = max(glob.glob(os.path.join(self.directory, "keys", "token-*.pem")))
        if not hasattr(self, "key"):
            with open(name, "rb") as file:
                self.key = serialization.load_pem_private_key(file.read(), None)
        now = int(time.time())
        claims = {**self.first_claims, "sub": user, "did": device, "iat": now, "exp": now + 900}
        text = self.first_header + "." + part(json.dumps(claims, separators=(",", ":")).encode())
        r, s = utils.decode_dss_signature(self.key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
        return text + "." + part(r.to_bytes(32, "big") + s.to_bytes(32, "big"))

    def first_person(self):
        wanted = {"username": "bench", "password": "correct horse battery"}
        user = self.ask("POST", "/user/register", wanted)["user"]["id"]
        token = self.ask("POST", "/user/login", wanted)["access_token"]
        self.first_header, claims, _ = token.split(".")
        self.first_claims = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
        self.people.append((user, token))

    def have_people(self, count):
        if not self.people:
            self.first_person()
        more = [str(uuid.uuid4()) for _ in range(len(self.people), count)]
        with sqlite3.connect(os.path.join(self.directory, "users.db"), timeout=30) as users:
            columns = [row[1] for row in users.execute("PRAGMA table_info(users)")]
            kept = ", ".join(columns[2:])
            users.executemany(f"INSERT INTO users (id, username, {kept}) SELECT ?, ?, {kept} FROM users WHERE id = ?",
                              [(uuid.UUID(user).bytes, f"b{len(self.people) + i}", uuid.UUID(self.people[0][0]).bytes)
                               for i, user in enumerate(more)])
        users.close()
        self.people += [(user, self.sign(user, str(uuid.uuid4()))) for user in more]

    def room(self, owner, members=()):
        made = self.ask("POST", "/api/rooms", {"kind": "group", "name": "Bench", "members": [self.people[i][0] for i in members]},
                        self.people[owner][1])
        return made["room"]

    def connections(self, count, per_user=PER_USER):
        """All in one new room of at most a hundred people."""
        people = min((count + per_user - 1) // per_user, 100)
        self.have_people(people)
        room = self.room(0, range(1, people))
        return [("/api/socket", self.people[i % people][1], room) for i in range(count)]

    def writers(self, count):
        """One connection each of `count` people, each in a room of its own: acks without fan-out."""
        self.have_people(count)
        self.own_rooms += [self.room(i) for i in range(len(self.own_rooms), count)]
        return [("/api/socket", self.people[i][1], self.own_rooms[i]) for i in range(count)]

    def metrics(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port + 1, timeout=60)
        connection.request("GET", "/actuator/prometheus")
        lines = connection.getresponse().read().decode().splitlines()
        return {name: int(value) for name, value in (line.split() for line in lines if not line.startswith("#"))}


def part(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Load:
    """The load client, connected; see load.c."""

    def __init__(self, server, mode, *arguments, connections):
        self.server = server
        self.process = subprocess.Popen([os.path.join(BUILD, "bench/load"), mode, str(server.port), *map(str, arguments)],
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

    def go(self, end=True):
        """One measured stretch; numbers by name, with the server's CPU seconds."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        self.line("started")
        before = self.server.cpu()
        numbers = {name: float(value) for name, value in (pair.split("=") for pair in self.line("seconds=").split())}
        numbers["cpu"] = self.server.cpu() - before
        if end:
            self.end()
        return numbers

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def spread(values):
    return f"{statistics.median(values):.3g} ({min(values):.3g}..{max(values):.3g})"
