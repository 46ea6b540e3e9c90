"""Cassandra's protocol, version 4, as much as tests need: one request, one answer.

Happy path: Cql(socket) says OPTIONS; query() says STARTUP first and answers rows of raw bytes. How it fails: an error of the server is a
ServerError with its code and words, a closed connection a ConnectionError.
"""

import struct
import time

VERSION = 4
ERROR, STARTUP, READY, OPTIONS, SUPPORTED, QUERY, RESULT = 0, 1, 2, 5, 6, 7, 8
WARNINGS = 8
ROWS, SKIP_METADATA, MORE_PAGES = 2, 2, 2
ONE, ALL = 1, 5


class ServerError(Exception):
    pass


class Body:
    """Reads an answer from its start to its end."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, size):
        self.at += size
        return self.data[self.at - size:self.at]

    def number(self, form):
        return struct.unpack(">" + form, self.take(struct.calcsize(form)))[0]

    def string(self):
        return self.take(self.number("H")).decode()

    def strings(self):
        return [self.string() for _ in range(self.number("H"))]

    def bytes(self):
        size = self.number("i")
        return None if size < 0 else self.take(size)


def string(text, size="H"):
    data = text.encode()
    return struct.pack(">" + size, len(data)) + data


class Cql:
    def __init__(self, connected):
        self.socket, self.file = connected, connected.makefile("rb")
        self.started = False

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.file.close()
        self.socket.close()

    def read(self, size):
        data = self.file.read(size)
        if len(data) < size:
            raise ConnectionError("the connection was closed")
        return data

    def request(self, opcode, body=b""):
        self.socket.sendall(struct.pack(">BBhBi", VERSION, 0, 1, opcode, len(body)) + body)
        _, flags, _, opcode, size = struct.unpack(">BBhBi", self.read(9))
        answer = Body(self.read(size))
        if flags & WARNINGS:
            answer.strings()
        if opcode == ERROR:
            raise ServerError(f"{answer.number('i'):#06x} {answer.string()}")
        return opcode, answer

    def options(self):
        """What the server supports, by name."""
        opcode, answer = self.request(OPTIONS)
        if opcode != SUPPORTED:
            raise ConnectionError(f"OPTIONS was answered by {opcode}")
        return {answer.string(): answer.strings() for _ in range(answer.number("H"))}

    def wait_agreed(self, patience_s):
        """Until all nodes know of a table that was just made: writes to it fail before."""
        end = time.monotonic() + patience_s
        while True:
            versions = self.query("SELECT schema_version FROM system.local") + self.query("SELECT schema_version FROM system.peers_v2")
            if len({version for version, in versions}) == 1:
                return
            if time.monotonic() > end:
                raise ServerError(f"the nodes did not agree on the schema within {patience_s} s")
            time.sleep(0.05)

    def query(self, text, consistency=ONE):
        """Rows of cells, raw; None if the answer has no rows."""
        if not self.started:
            self.request(STARTUP, struct.pack(">H", 1) + string("CQL_VERSION") + string("3.0.0"))
            self.started = True
        _, answer = self.request(QUERY, string(text, "I") + struct.pack(">HB", consistency, SKIP_METADATA))
        if answer.number("i") != ROWS:
            return None
        flags, columns = answer.number("i"), answer.number("i")
        if flags & MORE_PAGES:
            answer.bytes()
        return [[answer.bytes() for _ in range(columns)] for _ in range(answer.number("i"))]
