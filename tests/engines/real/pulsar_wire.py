"""Pulsar's binary protocol, as much as tests need: frames of protobuf, one request, one answer.

Happy path: PulsarWire(socket) says CONNECT; ping(), lookup(), publish() and consume() ask one thing each. How it fails: an ERROR of the
broker, or a command that was not asked for, is a ServerError, a closed connection a ConnectionError.
"""

import struct
import time

CONNECT, CONNECTED, SUBSCRIBE, PRODUCER, SEND, SEND_RECEIPT, SEND_ERROR, MESSAGE = 2, 3, 4, 5, 6, 7, 8, 9
FLOW, SUCCESS, ERROR, PRODUCER_SUCCESS, PING, PONG, LOOKUP, LOOKUP_RESPONSE = 11, 13, 14, 17, 18, 19, 23, 24
PROTOCOL = 19
CHECKSUM_MAGIC, ENTRY_MAGIC = b"\x0e\x01", b"\x0e\x02"
LOOKUP_CONNECT, EXCLUSIVE, EARLIEST = 1, 0, 1


class ServerError(Exception):
    pass


def varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def message(fields):
    """Protobuf of {number: value}: numbers, text or bytes."""
    out = b""
    for tag, value in fields.items():
        if isinstance(value, int):
            out += varint(tag << 3) + varint(value)
        else:
            data = value.encode() if isinstance(value, str) else value
            out += varint(tag << 3 | 2) + varint(len(data)) + data
    return out


def read_varint(data, at):
    number = shift = 0
    while True:
        number |= (data[at] & 127) << shift
        shift, at = shift + 7, at + 1
        if data[at - 1] < 128:
            return number, at


def fields_of(data):
    """{number: value}, the last of each."""
    fields, at = {}, 0
    while at < len(data):
        key, at = read_varint(data, at)
        if key & 7 == 0:
            fields[key >> 3], at = read_varint(data, at)
        elif key & 7 == 2:
            size, at = read_varint(data, at)
            fields[key >> 3], at = data[at:at + size], at + size
        else:
            size = {1: 8, 5: 4}[key & 7]
            fields[key >> 3], at = data[at:at + size], at + size
    return fields


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def payload_of(rest):
    """What is said behind the command, of one message that is not in a batch."""
    if rest[:2] == ENTRY_MAGIC:
        rest = rest[6 + struct.unpack(">I", rest[2:6])[0]:]
    if rest[:2] == CHECKSUM_MAGIC:
        rest = rest[6:]
    return rest[4 + struct.unpack(">I", rest[:4])[0]:]


class PulsarWire:
    def __init__(self, connected):
        self.socket, self.file = connected, connected.makefile("rb")
        answer = self.request(CONNECT, {1: "Chattifier-tests", 4: PROTOCOL, 5: "none"}, CONNECTED)
        self.server_version = answer[1].decode()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.file.close()
        self.socket.close()

    def say(self, kind, fields, payload=b""):
        command = message({1: kind, kind: message(fields)})
        body = struct.pack(">I", len(command)) + command + payload
        self.socket.sendall(struct.pack(">I", len(body)) + body)

    def read(self, size):
        data = self.file.read(size)
        if len(data) < size:
            raise ConnectionError("the connection was closed")
        return data

    def hear(self):
        """The next command: its kind, its fields, what is behind it. Pings are answered on the way."""
        while True:
            frame = self.read(struct.unpack(">I", self.read(4))[0])
            size = struct.unpack(">I", frame[:4])[0]
            command = fields_of(frame[4:4 + size])
            kind = command[1]
            if kind != PING:
                return kind, fields_of(command.get(kind, b"")), frame[4 + size:]
            self.say(PONG, {})

    def expect(self, kind):
        heard, fields, rest = self.hear()
        if heard != kind:
            raise ServerError(f"command {heard} in place of {kind}: {fields}")
        return fields, rest

    def request(self, kind, fields, answer):
        self.say(kind, fields)
        return self.expect(answer)[0]

    def ping(self):
        self.request(PING, {}, PONG)

    def lookup(self, topic):
        """Raises unless this broker serves it."""
        answer = self.request(LOOKUP, {1: topic, 2: 1}, LOOKUP_RESPONSE)
        if answer.get(3) != LOOKUP_CONNECT:
            raise ServerError(f"{topic}: {answer.get(7, b'').decode()}")

    def publish(self, topic, payloads):
        """One after the other; returns when the broker has all."""
        self.lookup(topic)
        name = self.request(PRODUCER, {1: topic, 2: 1, 3: 2}, PRODUCER_SUCCESS)[2]
        for sequence, payload in enumerate(payloads):
            metadata = message({1: name, 2: sequence, 3: int(time.time() * 1000)})
            summed = struct.pack(">I", len(metadata)) + metadata + payload
            self.say(SEND, {1: 1, 2: sequence}, CHECKSUM_MAGIC + struct.pack(">I", crc32c(summed)) + summed)
            self.expect(SEND_RECEIPT)

    def consume(self, topic, count):
        """The oldest messages that the topic still has."""
        self.lookup(topic)
        self.request(SUBSCRIBE, {1: topic, 2: "tests", 3: EXCLUSIVE, 4: 1, 5: 3, 13: EARLIEST}, SUCCESS)
        self.say(FLOW, {1: 1, 2: count})
        return [payload_of(self.expect(MESSAGE)[1]) for _ in range(count)]
