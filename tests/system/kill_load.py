"""Load that survives kills: writers that repeat what was not answered, with the same cid and `after`, and readers that record.

Used by test_kill.py and, for more cycles, from the command line:  python3 tests/system/kill_load.py --cycles 100
There it also tells how long starts took, and has SQLite check the integrity of all that is left.
"""

import argparse
import asyncio
import collections
import contextlib
import http.client
import json
import os
import random
import secrets
import sqlite3
import statistics
import sys
import tempfile
import time

import websockets

from checker import History, judge
from connect import connect
from house import House

WRITERS_PER_ROOM = 3
ROOMS = 4
IN_FLIGHT = 8
EXPIRED = 4001


class Writer:
    """One user on one connection at a time; keeps several sends open and never gives one up."""

    def __init__(self, load, user, room):
        self.load, self.user, self.room = load, user, room
        self.open = {}  # ref -> (cid, text, after, attempt)
        self.todo = []  # (cid, text, after): unanswered of earlier connections, oldest first
        self.seen = 0
        self.order = 0
        self.rest_until = 0
        self.socket = None

    async def run(self):
        while not self.load.done or self.todo or self.open:
            try:
                await self.one_connection()
            except (OSError, websockets.WebSocketException, asyncio.TimeoutError) as why:
                if getattr(getattr(why, "rcvd", None), "code", None) == EXPIRED:
                    await asyncio.to_thread(self.load.renew, self.user)
            for _, (cid, text, after, attempt) in sorted(self.open.items()):
                attempt["outcome"] = "unknown"
                self.todo.append((cid, text, after))
            self.open.clear()
            await asyncio.sleep(0.02 + random.random() * 0.05)

    async def one_connection(self):
        url = f"ws://127.0.0.1:{self.load.house.port}/api/socket"
        headers = {"Authorization": f"Bearer {self.user.token}"}
        async with connect(url, headers, 5) as socket:
            self.socket = socket
            connection = next(self.load.connections)
            await self.ask_head(socket)
            await self.fill(socket, connection)
            while self.open:
                frame = json.loads(await asyncio.wait_for(socket.recv(), 20))
                self.take(connection, frame)
                await self.fill(socket, connection)

    def drop(self):
        """As if the network went."""
        if self.socket:
            self.socket.transport.abort()

    async def ask_head(self, socket):
        await socket.send(json.dumps({"type": "room.history", "ref": "head", "room": self.room, "limit": 1}))

    async def fill(self, socket, connection):
        while len(self.open) < self.load.in_flight and (self.todo or not self.load.done):
            await asyncio.sleep(max(0, self.rest_until - time.monotonic()))
            if self.todo:
                cid, text, after = self.todo.pop(0)
            else:
                self.load.count += 1
                cid, text, after = secrets.token_hex(12), self.load.text_of(self.user), self.seen
            self.order += 1
            attempt = self.load.history.sent(self.room, self.user.id, cid, text, at=time.monotonic(), done=None,
                                             outcome="open", seq=0, n=0, connection=connection, order=self.order)
            ref = f"s{self.order}"
            self.open[ref] = (cid, text, after, attempt)
            await socket.send(json.dumps({"type": "message.send", "ref": ref, "room": self.room, "cid": cid,
                                          "after": after, "text": text}))

    def take(self, connection, frame):
        if frame.get("room") == self.room and "seq" in frame and frame["type"] not in ("ok", "error"):
            self.load.history.delivered(connection, self.room, frame)
            self.seen = max(self.seen, frame["seq"])
        elif frame.get("ref") == "head" and frame["type"] == "ok":
            self.load.history.heads[self.user.id, self.room].append(frame["head"])
            self.seen = max(self.seen, frame["head"])
        elif frame.get("ref") in self.open:
            cid, text, after, attempt = self.open.pop(frame["ref"])
            attempt["done"] = time.monotonic()
            if frame["type"] == "ok":
                attempt.update(outcome="ok", seq=frame["seq"], n=frame["n"], dup=frame.get("dup", False))
                self.seen = max(self.seen, frame["seq"])
                self.load.acked += 1
                return
            self.load.refusals[frame["code"]] += 1
            if frame["retry"]:
                self.rest_until = time.monotonic() + frame.get("retry_after_ms", 10) / 1000
                attempt["outcome"] = "unknown" if frame["code"] == "timeout" else "refused"
                self.todo.append((cid, text, after))
            else:
                attempt["outcome"] = "refused"
                self.load.hard_refusals.append(frame)


class Load:
    def __init__(self, house):
        self.house = house
        self.history = History()
        self.connections = iter(range(1, 1 << 30))
        self.done = False
        self.in_flight = IN_FLIGHT  # sends that each writer keeps open
        self.padding = 0  # characters that each text is longer
        self.count = self.acked = 0
        self.hard_refusals = []
        self.refusals = collections.Counter()
        self.recoveries = []

    def text_of(self, user):
        return f"message {self.count} of {user.name}" + "." * self.padding

    def people(self):
        self.writers = []
        for _ in range(ROOMS):
            users = [self.house.user("w") for _ in range(WRITERS_PER_ROOM)]
            room = {"kind": "group", "name": "Load", "members": [u.id for u in users[1:]], "cid": secrets.token_hex(12)}
            answer = users[0].http("POST", "/api/rooms", room)
            assert answer.status in (200, 201), answer
            self.writers += [Writer(self, user, answer.json["room"]) for user in users]

    async def run(self, fault):
        """The writers work while `fault`, a coroutine, does its part; then each finishes what it began."""
        tasks = [asyncio.ensure_future(writer.run()) for writer in self.writers]
        try:
            await fault
            self.done = True
            await asyncio.wait_for(asyncio.gather(*tasks), 120)
        finally:
            for task in tasks:
                task.cancel()

    async def kills(self, cycles, between):
        """After each kill: the seconds from the start to `ready` and to the next acknowledgement, and the MiB of data."""
        for _ in range(cycles):
            await asyncio.sleep(random.uniform(*between))
            await asyncio.to_thread(self.house.kill)
            begun = time.monotonic()
            await asyncio.to_thread(self.house.start)
            ready = time.monotonic()
            await self.progress(1)
            self.recoveries.append((ready - begun, time.monotonic() - begun, mebibytes_in(self.house.data)))
        await asyncio.sleep(between[1])

    async def progress(self, more, within=30):
        """Returns when so many more sends were acknowledged, the seconds that took."""
        begun, wanted = time.monotonic(), self.acked + more
        while self.acked < wanted:
            assert time.monotonic() < begun + within, f"{self.acked} of {wanted} acknowledged after {within} s; refused: {self.refusals}"
            await asyncio.sleep(0.01)
        return time.monotonic() - begun

    def renew(self, user):
        """A new token; the old one stays if just then nobody is there to give one."""
        with contextlib.suppress(OSError, http.client.HTTPException, AssertionError):
            user.token = self.house.sign_in(user.name, user.password).token

    def page(self, writer, path):
        """Asked again while it is refused for the moment, as it may be right after a start."""
        for _ in range(10):
            answer = writer.user.http("GET", path)
            if answer.status == 200:
                return answer.json
            if answer.status == 401:
                self.renew(writer.user)
        raise AssertionError(answer)

    def read_logs(self):
        """Each room from its first event to its head, as one of its members reads it."""
        logs, heads = {}, {}
        for room, writer in {writer.room: writer for writer in self.writers}.items():
            log, head = logs.setdefault(room, {}), 1
            while len(log) < head:
                page = self.page(writer, f"/api/rooms/{room}/events?after_seq={max(log, default=0)}&limit=100")
                head = page["head"]
                if not page["events"]:
                    break
                log.update({event["seq"]: event for event in page["events"]})
            heads[room] = head
        return logs, heads


def mebibytes_in(directory):
    with os.scandir(directory) as entries:
        return sum(entry.stat().st_size for entry in entries if entry.is_file()) / (1 << 20)


def check_integrity(directory):
    """The names of the databases that SQLite finds broken."""
    broken = []
    for name in sorted(os.listdir(directory)):
        if name.endswith(".db"):
            with contextlib.closing(sqlite3.connect(os.path.join(directory, name))) as database:
                if database.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
                    broken.append(name)
    return broken


def describe(recoveries):
    """By size of the data, smallest and largest third: half of the starts took less to be ready, and to acknowledge; the longest."""
    recoveries = sorted(recoveries, key=lambda recovery: recovery[2])
    third = max(1, len(recoveries) // 3)
    for part in (recoveries[:third], recoveries[-third:]):
        ready, acked = ([recovery[i] * 1000 for recovery in part] for i in (0, 1))
        print(f"{part[0][2]:.0f} to {part[-1][2]:.0f} MiB of data: ready after {statistics.median(ready):.0f} ms (at most {max(ready):.0f}), "
              f"first acknowledgement after {statistics.median(acked):.0f} ms (at most {max(acked):.0f})")


def judged(house, fault, load=None):
    """Lets `fault(load)`, a coroutine function, happen under load. Returns (violations, load)."""
    load = load or Load(house)
    load.people()
    asyncio.run(load.run(fault(load)))
    logs, heads = load.read_logs()
    return judge(load.history, logs, heads), load


def run(house, cycles, between=(0.3, 0.9), seed=None):
    """Returns (violations, load)."""
    random.seed(seed)
    return judged(house, lambda load: load.kills(cycles, between))


def is_too_old(frame):
    """A repeat after thousands of others have spoken: whether it had been taken is not known any more, and it is not taken now."""
    return frame["code"] == "conflict" and frame.get("field") == "after"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cycles", type=int, default=100)
    parser.add_argument("--workers", default="2")
    parser.add_argument("--chaos", default="0")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        house = House(directory + "/data", workers=arguments.workers, chaos=arguments.chaos).start()
        violations, load = run(house, arguments.cycles, seed=arguments.seed)
        house.stop()
        violations += [f"I24 {name} is broken" for name in check_integrity(house.data)]
    for violation in violations[:20]:
        print(violation)
    too_old = [frame for frame in load.hard_refusals if is_too_old(frame)]
    wrong = [frame for frame in load.hard_refusals if not is_too_old(frame)]
    for frame in wrong[:20]:
        print(f"refused for good: {frame}")
    describe(load.recoveries)
    print("refused for now:", ", ".join(f"{count} {code}" for code, count in sorted(load.refusals.items())) or "nothing")
    print(f"seed {arguments.seed}: {arguments.cycles} kills, {load.acked} acknowledged, {len(too_old)} repeated too late to be told, "
          f"{len(wrong)} refused for good, {len(violations)} violations")
    sys.exit(1 if violations or wrong else 0)


if __name__ == "__main__":
    main()
