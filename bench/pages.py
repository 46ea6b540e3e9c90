"""Many HTTP requests at a time, over connections that stay.

Happy path: every connection gets a request, then every answer is read. How it fails: an answer that is not 200 is an assertion.
"""

from product import Wire

CONNECTIONS = 64


class Pages:
    def __init__(self, server, token):
        self.wires = [Wire(server, 60) for _ in range(CONNECTIONS)]
        self.token = token

    def read(self, paths):
        for i in range(0, len(paths), CONNECTIONS):
            asked = list(zip(self.wires, paths[i:i + CONNECTIONS]))
            for wire, path in asked:
                wire.send(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {self.token}\r\n\r\n".encode())
            for wire, path in asked:
                status, _, _ = wire.read_answer()
                assert status == 200, (path, status)

    def close(self):
        for wire in self.wires:
            wire.socket.close()
