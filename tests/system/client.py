"""A WebSocket client for tests on top of the `websockets` package: commands are answered by ref, everything else is an event.

Happy path: connect, ready, command -> ok. How it fails: an error answer raises Refused with its code; silence raises after a bound.
With the chaos switch on it does what the protocol asks of every client: it repeats a command whose outcome is unknown, with the
same cid, and fetches what a room.gap says it was not sent.
"""

import asyncio
import itertools
import json
import secrets
import threading

import websockets

from connect import connect
from house import TRIES, TRY_AGAIN

WAIT_S = 15


class Refused(Exception):
    def __init__(self, answer):
        super().__init__(json.dumps(answer))
        self.answer, self.code = answer, answer["code"]
        self.field = answer.get("field")


class Loop:
    """One event loop on a thread, for all clients of the test process."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    def run(self, coroutine, timeout=WAIT_S):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(timeout)


LOOP = Loop()


def cid():
    return secrets.token_hex(12)


class Client:
    def __init__(self, house, user, query="", headers=None, wait_ready=True):
        self.house, self.user = house, user
        self.refs = itertools.count(1)
        self.waiting = {}
        self.frames = {}
        self.events = []
        self.changed = None
        self.close_code = None
        headers = headers if headers is not None else {"Authorization": f"Bearer {user.token}"}
        LOOP.run(self._open(f"ws://127.0.0.1:{house.port}/api/socket{query}", headers))
        self.ready = self.wait_for(lambda e: e["type"] == "ready") if wait_ready else None
        if house.chaos and wait_ready:
            self.command("sync", limit=1)  # what comes after a client has read its rooms is sent to it, or told as a gap

    async def _open(self, url, headers):
        self.changed = asyncio.Condition()
        self.socket = await connect(url, headers, WAIT_S)
        self.reader = asyncio.ensure_future(self._read())

    async def _read(self):
        try:
            async for text in self.socket:
                await self._take(json.loads(text))
        except websockets.ConnectionClosed:
            pass
        async with self.changed:
            self.close_code = self.socket.close_code
            for future in self.waiting.values():
                if not future.done():
                    future.set_exception(ConnectionError(f"closed {self.close_code}"))
            self.changed.notify_all()

    async def _take(self, frame):
        future = self.waiting.pop(frame.get("ref"), None) if frame["type"] in ("ok", "error", "pong") else None
        if self.house.chaos and frame["type"] == "room.gap":
            asyncio.ensure_future(self._fetch(frame["room"], max(frame["from"] - 1, frame["to"] - 200), frame["to"]))
        async with self.changed:
            if future and not future.done():
                future.set_result(frame)
            else:
                self.events.append(frame)
            self.changed.notify_all()

    async def _fetch(self, room, after, to):
        while after < to:
            ask = {"type": "room.events", "room": room, "after_seq": after, "limit": 100}
            try:
                answer = await self._answer(await self._send(ask), WAIT_S)
            except (ConnectionError, websockets.ConnectionClosed):
                return
            if answer["type"] == "error" or not answer["events"]:
                return
            after = answer["events"][-1]["seq"]
            async with self.changed:
                known = {e["seq"] for e in self.of_room(room)}
                self.events += [e for e in answer["events"] if e["seq"] not in known]
                self.changed.notify_all()

    # ---- commands
    async def _send(self, fields):
        frame = {"ref": f"r{next(self.refs)}", **fields}
        future = asyncio.get_running_loop().create_future()
        self.waiting[frame["ref"]] = future
        self.frames[future] = fields
        await self.socket.send(json.dumps(frame))
        return future

    async def _answer(self, future, timeout):
        for _ in range(TRIES):
            fields = self.frames.pop(future)
            frame = await asyncio.wait_for(future, timeout)
            if not self.house.chaos or frame["type"] != "error" or frame["code"] not in TRY_AGAIN:
                break
            future = await self._send(fields)
        return frame

    def start(self, type, **fields):
        """Sends a command and returns its future answer, for pipelining."""
        return LOOP.run(self._send({"type": type, **fields}))

    def finish(self, future, timeout=WAIT_S):
        frame = LOOP.run(self._answer(future, timeout), timeout * TRIES)
        if frame["type"] == "error":
            raise Refused(frame)
        return frame

    def outcome(self, future):
        """The answer to what was started, ok or not."""
        try:
            return self.finish(future)
        except Refused as refused:
            return refused.answer

    def command(self, type, **fields):
        return self.finish(self.start(type, **fields))

    def refused(self, type, **fields):
        """The code with which the command is refused."""
        try:
            answer = self.command(type, **fields)
        except Refused as refused:
            return refused.code
        raise AssertionError(f"{type} was not refused: {answer}")

    def send_text(self, text):
        LOOP.run(self.socket.send(text))

    def say(self, room, text, **fields):
        return self.command("message.send", room=room, text=text, **{"cid": cid(), **fields})

    def group(self, *members, name="A group", **fields):
        return self.command("room.create", kind="group", name=name, cid=cid(),
                            members=[m.id for m in members], **fields)["room"]

    def channel(self, name=None, visibility="public", **fields):
        return self.command("room.create", kind="channel", name=name or f"channel {cid()}", cid=cid(),
                            visibility=visibility, **fields)["room"]

    # ---- events
    def wait_for(self, wanted, timeout=WAIT_S):
        """The first event, already there or to come, for which `wanted` is true."""
        async def find():
            async with self.changed:
                while True:
                    for event in self.events:
                        if wanted(event):
                            return event
                    if self.close_code is not None:
                        raise AssertionError(f"closed {self.close_code}; events: {self.events[-5:]}")
                    await self.changed.wait()
        try:
            return LOOP.run(asyncio.wait_for(find(), timeout), timeout + 1)
        except asyncio.TimeoutError:
            raise AssertionError(f"the event did not come; events: {json.dumps(self.events[-8:])}") from None

    def message(self, room, text, timeout=WAIT_S):
        return self.wait_for(lambda e: e["type"] == "message" and e["room"] == room and e.get("text") == text, timeout)

    def of_room(self, room):
        found = [e for e in list(self.events) if e.get("room") == room and "seq" in e]
        return sorted(found, key=lambda e: e["seq"]) if self.house.chaos else found

    def wait_closed(self, timeout=WAIT_S):
        async def closed():
            async with self.changed:
                while self.close_code is None:
                    await self.changed.wait()
        LOOP.run(asyncio.wait_for(closed(), timeout), timeout + 1)
        return self.close_code

    def settle(self):
        """Everything that was on its way to this connection before is here after."""
        self.command("ping")

    def close(self):
        LOOP.run(self.socket.close())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
