"""Redis' protocol, as much as tests need: one command, one answer.

Happy path: Resp(socket).command("PING") answers "PONG". How it fails: an error of the server is a ServerError, a closed connection a
ConnectionError.
"""


class ServerError(Exception):
    pass


class Resp:
    def __init__(self, connected, password=None):
        self.socket, self.file = connected, connected.makefile("rb")
        if password:
            self.command("AUTH", password)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.file.close()
        self.socket.close()

    def command(self, *words):
        parts = [str(word).encode() for word in words]
        self.socket.sendall(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts))
        return self.answer()

    def line(self):
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("the connection was closed")
        return line[:-2].decode()

    def answer(self):
        line = self.line()
        kind, rest = line[:1], line[1:]
        if kind == "+":
            return rest
        if kind == "-":
            raise ServerError(rest)
        if kind == ":":
            return int(rest)
        if kind == "$":
            return None if rest == "-1" else self.file.read(int(rest) + 2)[:-2].decode()
        if kind == "*":
            return None if rest == "-1" else [self.answer() for _ in range(int(rest))]
        raise ConnectionError(f"not Redis: {line[:40]!r}")
