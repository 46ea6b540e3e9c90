"""Clients that send at a rate, whether or not they were answered and whatever they were told to wait.

Happy path: press() sends for a while and returns what became of it. Each client has a room of its own, so that a message costs one
answer and one event here. How it fails: a client whose connection ends comes back by itself; what was under way counts as unanswered.
"""

import asyncio
import collections
import json
import secrets
import statistics
import time

import websockets

from connect import connect

STEP_S = 0.02


class Pressure:
    """What became of the messages of one press()."""

    def __init__(self, seconds):
        self.seconds = seconds
        self.offered = self.acked = 0
        self.cpu_s = 0.0  # of the server, meanwhile
        self.codes = collections.Counter()
        self.latencies = []

    @property
    def goodput(self):
        return self.acked / self.seconds

    def p99_ms(self):
        return statistics.quantiles(self.latencies, n=100)[98] * 1000 if len(self.latencies) > 1 else 0.0

    def __str__(self):
        refused = ", ".join(f"{count} {code}" for code, count in sorted(self.codes.items())) or "nothing"
        return (f"offered {self.offered / self.seconds:.0f}/s, acknowledged {self.goodput:.0f}/s, p99 of these {self.p99_ms():.0f} ms, "
                f"refused: {refused}")


class Client:
    def __init__(self, crowd, user, room):
        self.crowd, self.user, self.room = crowd, user, room
        self.count = 0
        self.sent = {}  # ref -> when
        self.socket = None

    async def run(self):
        headers = {"Authorization": f"Bearer {self.user.token}"}
        while True:
            socket = None
            try:
                async with connect(f"ws://127.0.0.1:{self.crowd.house.port}/api/socket", headers, 20) as socket:
                    self.socket = socket
                    sender = asyncio.ensure_future(self.send(socket))
                    try:
                        await self.receive(socket)
                    finally:
                        sender.cancel()
            except (OSError, websockets.WebSocketException, asyncio.TimeoutError):
                pass
            if self.socket:  # not scattered by us
                self.crowd.now.codes[f"close {socket.close_code}" if socket else "refused connection"] += 1
            self.sent.clear()
            await asyncio.sleep(0.1)

    async def send(self, socket):
        owed, last = 0.0, time.monotonic()
        while True:
            await asyncio.sleep(STEP_S)
            now = time.monotonic()
            owed = min(owed + (now - last) * self.crowd.rate / len(self.crowd.clients), 1000)
            last = now
            while owed >= 1:
                owed -= 1
                self.count += 1
                ref = f"c{self.count}"
                self.crowd.now.offered += 1
                self.sent[ref] = now
                await socket.send(json.dumps({"type": "message.send", "ref": ref, "room": self.room, "cid": secrets.token_hex(8),
                                              "text": "pressure"}))

    async def receive(self, socket):
        async for text in socket:  # until it is closed
            frame = json.loads(text)
            at = self.sent.pop(frame.get("ref"), None)
            if at is None:
                continue
            if frame["type"] == "ok":
                self.crowd.now.acked += 1
                self.crowd.now.latencies.append(time.monotonic() - at)
            else:
                self.crowd.now.codes[frame["code"]] += 1


class Crowd:
    def __init__(self, house, count):
        self.house, self.rate, self.now = house, 0.0, Pressure(1)
        self.clients = []
        for _ in range(count):
            user = house.user("c")
            answer = user.http("POST", "/api/rooms", {"kind": "group", "name": "Alone", "members": [], "cid": secrets.token_hex(12)})
            assert answer.status in house.made, answer
            self.clients.append(Client(self, user, answer.json["room"]))

    async def __aenter__(self):
        self.tasks = [asyncio.ensure_future(client.run()) for client in self.clients]
        return self

    async def __aexit__(self, *_):
        for task in self.tasks:
            task.cancel()

    async def press(self, rate, seconds):
        """So many messages a second from all together; what is answered later counts no more."""
        before = self.house.cpu_seconds()
        self.now, self.rate = Pressure(seconds), rate
        await asyncio.sleep(seconds)
        pressed, self.now, self.rate = self.now, Pressure(1), 0.0
        pressed.cpu_s = self.house.cpu_seconds() - before
        return pressed

    async def rest(self, within):
        """Returns the seconds until all that was under way is answered."""
        return await self.until(within, lambda client: not client.sent)

    async def scatter(self, within):
        """All go at once, with what they still had to say, and come back; returns the seconds until they are there."""
        for client in self.clients:
            if client.socket:
                client.socket.transport.abort()
                client.socket = None
        return await self.until(within, lambda client: client.socket)

    async def until(self, within, holds):
        begun = time.monotonic()
        while not all(map(holds, self.clients)):
            assert time.monotonic() < begun + within, f"{sum(not holds(c) for c in self.clients)} clients are not there after {within} s"
            await asyncio.sleep(STEP_S)
        return time.monotonic() - begun
