"""A bot that answers `!echo words` in every room where it is, and misses none while it is away.

    python3 docs/bots/echo.py http://127.0.0.1:8080 echobot 'correct horse battery'

It needs python3-requests and python3-websockets. Happy path: sign in (or up), open the WebSocket, read what was missed, then follow. How it
fails: a lost connection is opened again, a refusal that may be retried is retried, any other ends the bot with its words.
"""

import asyncio
import json
import os
import random
import sys
import time

import requests
import websockets

STATE = "echobot.json"  # the newest seq of each room that was taken


class Refused(Exception):
    def __init__(self, status, error):
        super().__init__(f"{status} {error['code']} {error.get('field', '')}: {error['message']}")
        self.code = error["code"]


class Bot:
    def __init__(self, url, name, password):
        self.url, self.words = url.rstrip("/"), {"username": name, "password": password}
        self.http, self.refresh, self.seen = requests.Session(), None, {}
        if os.path.exists(STATE):
            with open(STATE, encoding="utf-8") as file:
                self.seen = json.load(file)

    # ---- requests
    def sign_in(self):
        try:
            self.adopt(self.ask("POST", "/user/login", self.words))
        except Refused as refused:
            if refused.code != "unauthorized":
                raise
            self.ask("POST", "/user/register", self.words)
            self.adopt(self.ask("POST", "/user/login", self.words))

    def adopt(self, answer):
        self.http.headers["Authorization"] = "Bearer " + answer["access_token"]
        self.token, self.refresh, self.me = answer["access_token"], answer["refresh_token"], answer["user"]["id"]

    def renew(self):
        old, self.refresh = self.refresh, None
        self.adopt(self.ask("POST", "/user/refresh", {"refresh_token": old}))

    def ask(self, method, path, body=None, key=None):
        for attempt in range(6):
            answer = self.http.request(method, self.url + path, json=body, headers={"Idempotency-Key": key} if key else None)
            if answer.ok:
                return answer.json()
            error = answer.json()["error"]
            if answer.status_code == 401 and self.refresh:
                self.renew()
            elif error["retry"] and attempt < 5:  # with the same key, what did happen does not happen again
                time.sleep(error.get("retry_after_ms", 500 * 2**attempt) / 1000)
            else:
                break
        raise Refused(answer.status_code, error)

    # ---- events
    def take(self, event):
        room, seq = event["room"], event["seq"]
        if seq <= self.seen.get(room, 0):
            return
        text = event.get("text", "")
        if event["type"] == "message" and event["from"] != self.me and text.startswith("!echo "):
            # The key follows from the question: after a crash before `seen` was written this is the same answer, not a second one.
            self.ask("POST", f"/api/rooms/{room}/messages", {"text": text[6:], "reply_to": seq}, key=f"{room}:{seq}")
        self.seen[room] = seq
        with open(STATE + ".new", "w", encoding="utf-8") as file:
            json.dump(self.seen, file)
        os.replace(STATE + ".new", STATE)

    def catch_up(self, room):
        more = True
        while more:
            page = self.ask("GET", f"/api/rooms/{room}/events?after_seq={self.seen[room]}&limit=100")
            for event in page["events"]:
                self.take(event)
            more = page["more"]

    def catch_up_everywhere(self):
        cursor = ""
        while cursor is not None:
            page = self.ask("GET", "/api/rooms?limit=100" + (f"&cursor={cursor}" if cursor else ""))
            for room in page["rooms"]:
                if self.seen.setdefault(room["room"], room["seq"]) < room["seq"]:
                    self.catch_up(room["room"])
            cursor = page.get("next")

    def hear(self, event):
        before = event.get("prev", event["seq"] - 1)
        if before > self.seen.setdefault(event["room"], before):
            self.catch_up(event["room"])  # a gap: the log has what the socket left out
        self.take(event)

    # ---- the socket
    async def follow(self):
        ticket = self.ask("POST", "/user/ticket")["ticket"]
        address = self.url.replace("http", "ws", 1) + "/api/socket?ticket=" + ticket
        async with websockets.connect(address, subprotocols=["chattifier.v1"]) as socket:
            async for text in socket:
                frame = json.loads(text)
                if frame["type"] == "ready":
                    self.catch_up_everywhere()
                    print(f"listening in {len(self.seen)} rooms; Ctrl-C ends it", flush=True)
                elif frame["type"] == "room.gap":
                    self.catch_up(frame["room"])
                elif frame["type"] == "auth.expiring":
                    self.renew()
                    await socket.send(json.dumps({"type": "auth", "token": self.token}))
                elif "room" in frame and "seq" in frame:
                    self.hear(frame)

    async def run(self):
        self.sign_in()
        while True:
            try:
                await self.follow()
            except (OSError, requests.ConnectionError, websockets.WebSocketException) as problem:
                print(f"connection lost ({problem}); trying again", file=sys.stderr)
            await asyncio.sleep(1 + random.random() * 2)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit("usage: echo.py URL USERNAME PASSWORD")
    try:
        asyncio.run(Bot(*sys.argv[1:]).run())
    except KeyboardInterrupt:
        pass
