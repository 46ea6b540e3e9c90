"""Raw bytes to the public port and back, for what no well-behaved client can send."""

import base64
import os
import socket
import struct


def upgrade_request(token, **headers):
    key = base64.b64encode(os.urandom(16)).decode()
    fields = {"Host": "127.0.0.1", "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": key,
              "Sec-WebSocket-Version": "13", "Sec-WebSocket-Protocol": "chattifier.v1",
              "Authorization": f"Bearer {token}", **headers}
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items() if value is not None)
    return f"GET /api/socket HTTP/1.1\r\n{lines}\r\n"


class Wire:
    def __init__(self, house, timeout=10):
        self.socket = socket.create_connection(("127.0.0.1", house.port), timeout)
        self.buffer = b""

    def send(self, data):
        self.socket.sendall(data)
        return self

    def read_until_closed(self):
        while True:
            try:
                more = self.socket.recv(65536)
            except ConnectionResetError:
                more = b""
            if not more:
                return self.buffer
            self.buffer += more

    def read_bytes(self, count):
        while len(self.buffer) < count:
            more = self.socket.recv(65536)
            assert more, f"closed after {self.buffer!r}"
            self.buffer += more
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def read_answer(self):
        """(status, headers, body) of one answer with Content-Length."""
        while b"\r\n\r\n" not in self.buffer:
            more = self.socket.recv(65536)
            assert more, f"closed after {self.buffer!r}"
            self.buffer += more
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        headers = dict((k.lower(), v.strip()) for k, v in (line.split(":", 1) for line in lines[1:]))
        return int(lines[0].split()[1]), headers, self.read_bytes(int(headers.get("content-length", 0)))

    # ---- WebSocket
    def upgrade(self, token, then=b"", **headers):
        """`then`: frames that leave with the request, before its answer."""
        self.send(upgrade_request(token, **headers).encode() + then)
        return self

    def open(self, token):
        self.upgrade(token)
        status, _, _ = self.read_answer()
        assert status == 101
        assert self.read_frame()[0] == 1  # ready
        return self

    @staticmethod
    def frame(opcode, payload=b"", fin=True, rsv=0, mask=b"\x01\x02\x03\x04", length=None, wide=None):
        size = len(payload) if length is None else length
        first = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
        bit = 0x80 if mask else 0
        if wide == 64 or (wide is None and size > 65535):
            head = first + bytes([bit | 127]) + struct.pack("!Q", size)
        elif wide == 16 or (wide is None and size > 125):
            head = first + bytes([bit | 126]) + struct.pack("!H", size)
        else:
            head = first + bytes([bit | size])
        masked = bytes(b ^ mask[i % 4] for i, b in enumerate(payload)) if mask else payload
        return head + (mask or b"") + masked

    def read_frame(self):
        """(opcode, payload)"""
        first, second = self.read_bytes(2)
        assert not second & 0x80, "a masked frame from the server"
        size = second & 127
        if size == 126:
            size = struct.unpack("!H", self.read_bytes(2))[0]
        elif size == 127:
            size = struct.unpack("!Q", self.read_bytes(8))[0]
        return first & 15, self.read_bytes(size)

    def close_code(self):
        """The code of the close frame that comes, after whatever comes before it."""
        while True:
            opcode, payload = self.read_frame()
            if opcode == 8:
                return struct.unpack("!H", payload[:2])[0] if payload else None
