"""Many HTTP requests at a time, over connections that stay.

Happy path: every connection gets a request, then every answer is read. How it fails: an answer that is neither 200 nor 201 is an assertion.
"""

import json

import tests_path  # noqa: F401
from wire import Wire

CONNECTIONS = 64
REQUESTS_EACH = 1000  # after which the product closes a connection


class Pages:
    def __init__(self, server):
        self.server, self.rounds, self.wires = server, 0, []
        self.connect()

    def connect(self):
        self.close()
        self.wires = [Wire(self.server, 60) for _ in range(CONNECTIONS)]

    def read(self, paths, token):
        self.ask([("GET", path, None, token) for path in paths])

    def ask(self, requests):
        """Each is a method, a path, a body or None, and a token."""
        for i in range(0, len(requests), CONNECTIONS):
            if self.rounds and self.rounds % REQUESTS_EACH == 0:
                self.connect()
            self.rounds += 1
            asked = list(zip(self.wires, requests[i:i + CONNECTIONS]))
            for wire, request in asked:
                wire.send(written(*request))
            for wire, request in asked:
                status, _, answer = wire.read_answer()
                assert status in (200, 201), (request[:2], status, answer)

    def close(self):
        for wire in self.wires:
            wire.socket.close()


def written(method, path, body, token):
    text = "" if body is None else json.dumps(body)
    kind = "Content-Type: application/json\r\n" if text else ""
    return f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n{kind}Content-Length: {len(text)}\r\n\r\n{text}".encode()
