"""The product under test: its people, its rooms, and what is asked of it beside the load client.

Happy path: one person signs up; the others are rows like hers in users.db, and their access tokens are signed with the key of the data directory.
What is measured is not signing up, which costs 25 ms of CPU each. How it fails: a refusal is an assertion with its words.
"""

import base64
import contextlib
import glob
import http.client
import json
import os
import re
import sqlite3
import threading
import time
import uuid

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

from pages import Pages, Wire
from servers import BUILD, ROOT, Load, Server

PER_USER = 25
FILL_AT_ONCE = 64  # limits.in_flight
ROOMS_EACH = 200
KEPT_S = 2  # a connection that nothing was asked on for longer may be closed
TOKEN_S = 3600
OPEN_LIMITS = {
    "limits.connections_per_address": 0,
    "limits.connects_per_address": 0,
    "limits.register_per_hour": 0,
    "limits.user_requests_per_second": 0,
    "limits.messages_per_second": 0,
    "limits.commands_per_second": 0,
    "limits.connections_per_device": 0,
    "limits.connections_per_user": 0,
    "user.access_token_s": TOKEN_S,
    "log.level": "warn",
}


class Product(Server):
    dialect = "chattifier"

    def __init__(self, port, directory, workers=1, settings=None, wrapper=(), binary=os.path.join(BUILD, "src/apps/chattifier")):
        self.directory = directory
        self.people = []  # (user, token)
        self.own_rooms = []
        self.made = {}  # rooms by what they were made for
        self.http = None
        settings = {**OPEN_LIMITS, **(settings or {})}
        super().__init__(
            "chattifier", port,
            [*wrapper, binary, "standalone", "--port", str(port), "--management-port", str(port + 1),
             "--data", directory, "--workers", str(workers), *[f"--{k}={v}" for k, v in settings.items()]],
            "ready", {"CHATTIFIER_GATEWAY_WEB_ROOT": os.path.join(ROOT, "web")})

    def ask(self, method, path, body=None, token=None):
        if not self.http or time.monotonic() - self.asked_at > KEPT_S:
            self.http = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        self.asked_at = time.monotonic()
        headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
        self.http.request(method, path, None if body is None else json.dumps(body), headers)
        answer = self.http.getresponse()
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
        claims = {**self.first_claims, "sub": user, "did": device, "iat": now, "exp": now + TOKEN_S}
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

    def have_people(self, count, tokens=True):
        """So many, of whom those without tokens only exist."""
        if not self.people:
            self.first_person()
        more = [(str(uuid.uuid4()), username(i)) for i in range(len(self.people), count)]
        with contextlib.closing(sqlite3.connect(os.path.join(self.directory, "users.db"), timeout=30)) as users, users:
            columns = [row[1] for row in users.execute("PRAGMA table_info(users)")]
            kept = ", ".join(columns[2:])
            users.executemany(f"INSERT INTO users (id, username, {kept}) SELECT ?, ?, {kept} FROM users WHERE id = ?",
                              [(uuid.UUID(user).bytes, name, uuid.UUID(self.people[0][0]).bytes) for user, name in more])
        self.people += [(user, self.sign(user, str(uuid.uuid4()))) for user, _ in more if tokens]

    def usernames(self, count):
        """With which people sign in, whose password is that of the first."""
        self.have_people(count + 1)
        return [username(i + 1) for i in range(count)]

    def hash_parameters(self):
        """KiB and passes of the passwords."""
        with contextlib.closing(sqlite3.connect(os.path.join(self.directory, "users.db"), timeout=30)) as users:
            rows = users.execute("SELECT * FROM users LIMIT 1").fetchall()
        return re.search(r"\$m=(\d+),t=(\d+),p=1\$", repr(rows)).groups()

    def room_wanted(self, members, kind="group"):
        return {"kind": kind, "members": [self.people[i][0] for i in members], **({"name": "Bench"} if kind == "group" else {})}

    def room(self, owner, members=(), kind="group"):
        return self.ask("POST", "/api/rooms", self.room_wanted(members, kind), self.people[owner][1])["room"]

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

    def rooms(self, count, members):
        """One connection a member, and nobody is in two rooms; rooms of two are direct ones."""
        self.have_people(count * members)
        key = (count, members)
        if key not in self.made:
            self.made[key] = [self.room(i * members, range(i * members + 1, (i + 1) * members), "direct" if members == 2 else "group")
                              for i in range(count)]
        return [("/api/socket", self.people[i * members + j][1], room) for i, room in enumerate(self.made[key]) for j in range(members)]

    def crowd(self, count):
        """PER_USER connections a person, a hundred people a room."""
        people = (count + PER_USER - 1) // PER_USER
        self.have_people(people)
        if ("crowd", count) not in self.made:
            self.made["crowd", count] = [self.room(i, range(i + 1, min(i + 100, people))) for i in range(0, people, 100)]
        rooms = self.made["crowd", count]
        return [("/api/socket", self.people[i // PER_USER][1], rooms[i // PER_USER // 100]) for i in range(count)]

    def with_new_tokens(self, connections):
        users = {token: user for user, token in self.people}
        return [(path, self.sign(users[token], str(uuid.uuid4())), room) for path, token, room in connections]

    def filled_room(self, count):
        """A room with so many messages, of the first person: sent like any other, as many at a time as a connection may have under way."""
        self.have_people(1)
        room = self.room(0)
        load = Load(self, "burst", count // FILL_AT_ONCE + 1, FILL_AT_ONCE, 150, connections=[("/api/socket", self.people[0][1], room)])
        load.go()
        return room

    def fill_with_rooms(self, count, everybody=False):
        """Rooms that the first four are all in; without `everybody`, rooms of others, ROOMS_EACH each."""
        owners = [0] * count if everybody else [4 + i // ROOMS_EACH for i in range(count)]
        self.have_people(max(owners) + 1)
        pages = Pages(self)
        pages.ask([("POST", "/api/rooms", self.room_wanted(range(1, 4) if everybody else ()), self.people[owner][1]) for owner in owners])
        pages.close()

    # ---- a kill
    def write_until_killed(self, writer, seconds):
        """The numbers of the messages that were acknowledged."""
        _, token, room = writer
        acked = []
        timer = threading.Timer(seconds, self.process.kill)
        timer.start()
        with contextlib.suppress(OSError, http.client.HTTPException):
            while True:
                acked.append(self.ask("POST", f"/api/rooms/{room}/messages", {"text": "acknowledged"}, token)["seq"])
        timer.join()
        self.process.wait()
        self.http = None
        return acked

    def found(self, writer, seqs):
        """How many of the messages are there."""
        _, token, room = writer
        there, after, more = set(), 0, True
        while more:
            page = self.ask("GET", f"/api/rooms/{room}/messages?after_seq={after}&limit=100", token=token)
            there.update(message["seq"] for message in page["messages"])
            after, more = max(there, default=0), page["more"]
        return len(there.intersection(seqs))

    # ---- presence
    def presence_room(self, members):
        """A connection of each member of one room."""
        self.have_people(members)
        if "presence" not in self.made:
            self.made["presence"] = room = self.room(0, range(1, 100))
            for user, _ in self.people[100:members]:
                self.ask("POST", f"/api/rooms/{room}/members", {"user": user}, self.people[0][1])
        return [("/api/socket", token, self.made["presence"]) for _, token in self.people[:members]]

    def watch_us(self, members, size):
        """CPU for each member when one watches them in lists of `size`, the next when everybody of the one before was told."""
        wire = Wire(self, 60).open(self.people[0][1])
        users = [user for user, _ in self.people[1:members]]
        lists = [users[i:i + size] for i in range(0, len(users), size)] * 4
        before = self.cpu()
        for some in lists:
            wire.send(wire.frame(1, json.dumps({"type": "presence.watch", "users": some}).encode()))
            told = 0
            while told < len(some):
                told += b'"type":"presence"' in wire.read_frame()[1]
        used = self.cpu() - before
        wire.socket.close()
        return used / sum(map(len, lists)) * 1e6

    def metrics(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port + 1, timeout=60)
        connection.request("GET", "/actuator/prometheus")
        lines = connection.getresponse().read().decode().splitlines()
        return {name: int(value) for name, value in (line.split() for line in lines if not line.startswith("#"))}


def username(index):
    return f"bench{index}"


def part(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
