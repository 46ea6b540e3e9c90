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

from wire import Wire, upgrade_request

STEP_S = 0.02
CLOSE, PING, PONG = 8, 9, 10


class Pressure:
    """What became of the messages of one press()."""

    def __init__(self, rate, seconds):
        self.rate, self.seconds = rate, seconds
        self.offered = self.acked = 0
        self.beside = 0  # acknowledged to others meanwhile
        self.cpu_s = self.own_cpu_s = 0.0  # of the server and of this process, meanwhile
        self.codes = collections.Counter()
        self.latencies = []

    @property
    def goodput(self):
        return (self.acked + self.beside) / self.seconds

    def p99_ms(self):
        return statistics.quantiles(self.latencies, n=100)[98] * 1000 if len(self.latencies) > 1 else 0.0

    def __str__(self):
        refused = ", ".join(f"{count} {code}" for code, count in sorted(self.codes.items())) or "nothing"
        return (f"offered {self.offered / self.seconds:.0f}/s, acknowledged {self.acked / self.seconds:.0f}/s and {self.beside / self.seconds:.0f}/s "
                f"beside, with {self.cpu_s:.2f} s of CPU and {self.own_cpu_s:.1f} s here, p99 {self.p99_ms():.0f} ms, refused: {refused}")


class Client(asyncio.Protocol):
    """Speaks WebSocket by hand: what it costs here it takes from nobody, and answers are read while it sends."""

    def __init__(self, crowd, user, room):
        self.crowd, self.user, self.room = crowd, user, room
        self.count = 0
        self.sent = {}  # ref -> when
        self.open = False
        self.may_write = asyncio.Event()

    async def run(self):
        loop = asyncio.get_running_loop()
        while True:
            self.gone, self.bytes, self.code = loop.create_future(), b"", None
            try:
                await loop.create_connection(lambda: self, "127.0.0.1", self.crowd.house.port)
                sender = asyncio.ensure_future(self.send())
                await self.gone
                sender.cancel()
            except OSError:
                self.crowd.now.codes["refused connection"] += 1
            self.open = False
            self.sent.clear()
            await asyncio.sleep(0.1)

    def leave(self):
        if self.open:
            self.open = False
            self.transport.abort()

    # ---- what asyncio calls
    def connection_made(self, transport):
        self.transport = transport
        self.may_write.set()
        transport.write(upgrade_request(self.user.token).encode())

    def pause_writing(self):
        self.may_write.clear()

    def resume_writing(self):
        self.may_write.set()

    def connection_lost(self, _):
        if self.open:  # not by leave()
            self.crowd.now.codes[f"close {self.code}"] += 1
        self.gone.set_result(None)

    def data_received(self, data):
        self.bytes += data
        if not self.open and b"\r\n\r\n" in self.bytes:
            answer, self.bytes = self.bytes.split(b"\r\n\r\n", 1)
            self.open = b" 101 " in answer[:16]
        while self.open and (frame := self.take_frame()):
            self.on_frame(*frame)

    # ---- frames
    def take_frame(self):
        """(opcode, payload) of the next whole frame, or None."""
        size, head = self.bytes[1] & 127 if len(self.bytes) > 1 else 0, 2
        if size > 125:
            head = 4 if size == 126 else 10
            size = int.from_bytes(self.bytes[2:head], "big") if len(self.bytes) >= head else 0
        if len(self.bytes) < max(2, head + size):
            return None
        frame, self.bytes = (self.bytes[0] & 15, self.bytes[head:head + size]), self.bytes[head + size:]
        return frame

    def on_frame(self, opcode, payload):
        if opcode == CLOSE:
            self.code = int.from_bytes(payload[:2], "big")
        elif opcode == PING:
            self.transport.write(Wire.frame(PONG, payload))
        elif b'"ref":"c' in payload:
            self.on_answer(json.loads(payload))

    def on_answer(self, frame):
        at = self.sent.pop(frame["ref"], None)
        if at and frame["type"] == "ok":
            self.crowd.now.acked += 1
            self.crowd.now.latencies.append(time.monotonic() - at)
        elif at:
            self.crowd.now.codes[frame["code"]] += 1

    def next_message(self, now):
        self.count += 1
        self.crowd.now.offered += 1
        self.sent[f"c{self.count}"] = now
        text = f'{{"type":"message.send","ref":"c{self.count}","room":"{self.room}","cid":"{id(self)}-{self.count}","text":"pressure"}}'
        return b"\x81\xfe" + len(text).to_bytes(2, "big") + bytes(4) + text.encode()  # masked with zeros

    async def send(self):
        owed, last = 0.0, time.monotonic()
        while True:
            await asyncio.sleep(STEP_S)
            await self.may_write.wait()
            now = time.monotonic()
            owed = min(owed + (now - last) * self.crowd.rate / len(self.crowd.clients), 1000)
            last = now
            count = int(owed) if self.open else 0
            owed -= count
            self.transport.write(b"".join(self.next_message(now) for _ in range(count)))


class Crowd:
    def __init__(self, house, count):
        self.house, self.rate, self.now = house, 0.0, Pressure(0, 1)
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

    async def press(self, rate, seconds, load):
        """So many messages a second from all together, beside a load; what is answered later counts no more."""
        before = self.house.cpu_seconds(), time.process_time(), load.acked
        self.now, self.rate = Pressure(rate, seconds), rate
        await asyncio.sleep(seconds)
        pressed, self.now, self.rate = self.now, Pressure(0, 1), 0.0
        now = self.house.cpu_seconds(), time.process_time(), load.acked
        pressed.cpu_s, pressed.own_cpu_s, pressed.beside = (after - was for after, was in zip(now, before))
        return pressed

    async def rest(self, within):
        """Returns the seconds until all that was under way is answered."""
        return await self.until(within, lambda client: not client.sent)

    async def scatter(self, within):
        """All go at once, with what they still had to say, and come back; returns the seconds until they are there."""
        for client in self.clients:
            client.leave()
        return await self.until(within, lambda client: client.open)

    async def until(self, within, holds):
        begun = time.monotonic()
        while not all(map(holds, self.clients)):
            assert time.monotonic() < begun + within, f"{sum(not holds(c) for c in self.clients)} clients are not there after {within} s"
            await asyncio.sleep(STEP_S)
        return time.monotonic() - begun
