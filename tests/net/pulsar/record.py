#!/usr/bin/env python3
"""Records what a real broker answers, for recorded.def, by encoders that are not the one under test: its own, and Pulsar's Java client.

    tests/net/pulsar/record.py > recorded.def

Needs what tests/engines/real needs, and a JDK. Happy path: a broker of its own is started; each step asks it one thing, waits for the answer
that it names, and prints both with whatever came before that answer; the broker is forgotten. How it fails: an answer that does not come
within eight seconds ends it.
"""

import base64
import hashlib
import hmac
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request
import zlib

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "engines", "real"))

import pulsar  # noqa: E402
from kit import Kit  # noqa: E402
from pulsar_wire import crc32c, fields_of, message  # noqa: E402

TOPIC, TYPED, SEALED = (f"persistent://public/default/{name}" for name in ("recorded", "typed", "sealed"))
TYPES = {"connected": 3, "send_receipt": 7, "send_error": 8, "message": 9, "success": 13, "error": 14, "close_producer": 15,
         "close_consumer": 16, "producer_success": 17, "pong": 19, "partitions": 22, "lookup": 24, "end_of_topic": 27, "last_id": 30,
         "active": 31, "schema": 35, "auth_challenge": 36, "ack_response": 38}
PUBLISH_TIME = 1700000000000
SECRET = b"a secret of recordings, of 32 bytes and more"
INTERCEPT = "org.apache.pulsar.common.intercept.Append"
SETTINGS = {
    "brokerEntryMetadataInterceptors": f"{INTERCEPT}IndexMetadataInterceptor,{INTERCEPT}BrokerTimestampMetadataInterceptor",
    "exposingBrokerEntryMetadataToClientEnabled": "true",
    "authenticationEnabled": "true",
    "authenticationProviders": "org.apache.pulsar.broker.authentication.AuthenticationProviderToken",
    "tokenSecretKey": f"data:;base64,{base64.b64encode(SECRET).decode()}",
    "anonymousUserRole": "anonymous",  # those who show no token
    "authenticationRefreshCheckSeconds": 1,
}
COMPRESSIONS = ("none", "lz4", "zlib", "zstd", "snappy")
RECORD = ('{"type":"record","name":"Said","fields":[{"name":"text","type":["null","string"],"default":null}]}')


def numbered(number, parts):
    """A repeated field, which a dict has no room for."""
    return b"".join(message({number: part}) for part in parts)


def pair(key, value):
    return message({1: key, 2: value})


def entry(metadata, payload, spoiled=0):
    summed = struct.pack(">I", len(metadata)) + metadata + payload
    return b"\x0e\x01" + struct.pack(">I", crc32c(summed) ^ spoiled) + summed


def member(metadata, payload):
    return struct.pack(">I", len(metadata)) + metadata + payload


def single(payload, key=None):
    fields = {2: key} if key else {}
    return member(message({**fields, 3: len(payload), 8: 20}), payload)


def token(seconds):
    """A JWT that ends so soon."""
    def part(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=")
    words = b".".join(part(json.dumps(piece).encode()) for piece in ({"alg": "HS256"}, {"sub": "recorder", "exp": int(time.time()) + seconds}))
    return words + b"." + part(hmac.digest(SECRET, words, hashlib.sha256))


class Recorder:
    def __init__(self, port, web_port):
        self.port, self.web_port = port, web_port
        self.open()

    def open(self):
        self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=8)

    def read(self, size):
        data = b""
        while len(data) < size:
            more = self.socket.recv(size - len(data))
            if not more:
                raise ConnectionError("the connection was closed")
            data += more
        return data

    def hear(self):
        lengths = self.read(4)
        return lengths + self.read(struct.unpack(">I", lengths)[0])

    def until(self, *wanted):
        """Frames up to the last of those that are wanted, in any order; pings are answered and left out."""
        frames, left = b"", [TYPES[name] for name in wanted]
        while left:
            frame = self.hear()
            kind = fields_of(frame[8:8 + struct.unpack(">I", frame[4:8])[0]])[1]
            if kind == 18:
                self.socket.sendall(self.frame(19, b""))
                continue
            frames += frame
            if kind in left:
                left.remove(kind)
        return frames

    def frame(self, kind, body, behind=b""):
        command = message({1: kind, kind: body})
        content = struct.pack(">I", len(command)) + command + behind
        return struct.pack(">I", len(content)) + content

    def step(self, name, kind, body, wanted, text, behind=b""):
        body = body if isinstance(body, bytes) else message(body)
        request = self.frame(kind, body, behind)
        self.socket.sendall(request)
        answers = self.until(*wanted) if wanted else b""
        self.write(name, request, answers, text)
        return answers

    def write(self, name, request, answers, text):
        print(f'EXCHANGE({name}, "{request.hex()}", "{answers.hex()}", "{text}")')

    def web(self, method, path, body=None):
        request = urllib.request.Request(f"http://127.0.0.1:{self.web_port}/admin/v2/{path}", method=method, data=body,
                                         headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.read()

    # ---- what is asked
    def connection(self):
        self.step("connect", 2, {1: "Chattifier-tests", 4: 19, 5: "none", 10: message({1: 1})}, ["connected"], "The first thing.")
        self.step("ping", 18, b"", ["pong"], "A sign of life.")
        self.step("partitions", 21, {1: TOPIC, 2: 1, 6: 0}, ["partitions"], "Not partitioned.")
        self.step("partitions_missing", 21, {1: "persistent://public/default/missing", 2: 2, 6: 0}, ["partitions"], "No such topic.")
        self.step("partitions_four", 21, {1: "persistent://public/default/four", 2: 3, 6: 0}, ["partitions"], "Four of them.")
        self.step("lookup", 23, {1: TOPIC, 2: 4, 3: 0}, ["lookup"], "Whose topic it is.")
        self.step("lookup_refused", 23, {1: "persistent://no/such/topic", 2: 5, 3: 0}, ["lookup"], "No such namespace.")

    def producers(self):
        self.step("producer", 5, {1: TOPIC, 2: 1, 3: 10, 4: "recorder", 8: 0, 9: 1}, ["producer_success"], "With a name.")
        self.step("producer_busy", 5, {1: TOPIC, 2: 2, 3: 11, 4: "recorder", 8: 0, 9: 1}, ["error"], "The same name.")
        self.step("producer_named", 5, {1: TOPIC, 2: 3, 3: 12, 9: 0}, ["producer_success"], "The broker chooses the name.")
        self.step("producer_missing", 5, {1: "persistent://public/default/missing", 2: 4, 3: 13}, ["error"], "No such topic.")
        schema = message({1: "Said", 3: RECORD, 4: 2})
        self.step("producer_typed", 5, {1: TYPED, 2: 5, 3: 14, 7: schema}, ["producer_success"], "With a schema.")
        self.step("schema", 34, {1: 15, 2: TYPED}, ["schema"], "What payloads look like.")
        self.step("schema_missing", 34, {1: 16, 2: TOPIC}, ["schema"], "None is known.")

    def sends(self):
        plain = message({1: "recorder", 2: 0, 3: PUBLISH_TIME})
        self.step("send", 6, {1: 1, 2: 0}, ["send_receipt"], "A message.", entry(plain, b"hello"))
        rich = (message({1: "recorder", 2: 1, 3: PUBLISH_TIME}) + numbered(4, [pair("kind", "text"), pair("lang", "en")])
                + message({6: "room-1", 12: PUBLISH_TIME - 5, 18: "order"}))
        self.step("send_rich", 6, {1: 1, 2: 1}, ["send_receipt"], "With properties and keys.", entry(rich, b"rich"))
        batch = message({1: "recorder", 2: 2, 3: PUBLISH_TIME, 6: "room-1", 11: 3, 24: 4})
        members = single(b"one", "room-1") + single(b"two", "room-1") + single(b"three", "room-1")
        self.step("send_batch", 6, {1: 1, 2: 2, 3: 3, 6: 4}, ["send_receipt"], "Three at once.", entry(batch, members))
        deflated = message({1: "recorder", 2: 5, 3: PUBLISH_TIME, 8: 2, 9: len(members) * 3, 11: 9, 24: 13})
        self.step("send_zlib", 6, {1: 1, 2: 5, 3: 9, 6: 13}, ["send_receipt"], "A compressed batch.",
                  entry(deflated, zlib.compress(members * 3)))
        self.step("send_spoiled", 6, {1: 1, 2: 14}, ["send_error"], "With a wrong checksum.",
                  entry(message({1: "recorder", 2: 14, 3: PUBLISH_TIME}), b"spoiled", spoiled=1))

    def consumers(self):
        self.step("subscribe", 4, {1: TOPIC, 2: "shared", 3: 1, 4: 1, 5: 20, 6: "first", 13: 1}, ["success"], "From the beginning.")
        answers = self.step("flow", 11, {1: 1, 2: 100}, ["message"] * 4, "All that there is.")
        ids = self.ids(answers)
        self.step("ack", 10, {1: 1, 2: 0, 3: ids[0], 8: 21}, ["ack_response"], "With an answer.")
        batch = fields_of(ids[2])
        half = message({1: batch[1], 2: batch[2], 5: 0b101, 6: 3})
        self.step("ack_member", 10, {1: 1, 2: 0, 3: half, 8: 22}, ["ack_response"], "The second of three.")
        self.step("redeliver", 20, {1: 1}, ["message"] * 3, "What is not acknowledged, once more; of the batch two.")
        self.step("last_id", 29, {1: 1, 2: 23}, ["last_id"], "Where the topic ends.")
        self.step("subscribe_exclusive", 4, {1: TOPIC, 2: "alone", 3: 0, 4: 2, 5: 24}, ["success"], "For itself.")
        self.step("subscribe_busy", 4, {1: TOPIC, 2: "alone", 3: 0, 4: 3, 5: 25}, ["error"], "A second one.")
        self.step("subscribe_failover", 4, {1: TOPIC, 2: "one-of", 3: 2, 4: 4, 5: 26, 6: "a"}, ["success", "active"], "The first is active.")
        self.step("subscribe_standby", 4, {1: TOPIC, 2: "one-of", 3: 2, 4: 5, 5: 27, 6: "b"}, ["success", "active"], "The second is not.")
        self.step("seek", 28, {1: 2, 2: 28, 4: PUBLISH_TIME}, ["close_consumer", "success"], "The broker closes the consumer.")
        self.step("unsubscribe", 12, {1: 1, 2: 29}, ["success"], "The position is forgotten.")
        self.step("close_consumer", 16, {1: 4, 2: 30}, ["success"], "By the client; the other one takes over.")
        self.step("close_producer", 15, {1: 3, 2: 31}, ["success"], "By the client.")

    def ids(self, answers):
        """Message ids of MESSAGE frames, as bytes."""
        found = []
        while answers:
            total, size = struct.unpack(">II", answers[:8])
            command = fields_of(answers[8:8 + size])
            if command[1] == 9:
                found.append(fields_of(command[9])[2])
            answers = answers[4 + total:]
        return found

    def from_the_broker(self):
        self.web("PUT", "persistent/public/default/recorded/unload")
        self.write("unload", b"", self.until("close_producer", "close_consumer"), "The topic goes to another broker, or this one again.")
        self.step("sealed", 4, {1: SEALED, 2: "to-the-end", 3: 0, 4: 9, 5: 40}, ["success"], "Of a topic that ends.")
        self.web("POST", "persistent/public/default/sealed/terminate")
        self.socket.sendall(self.frame(11, message({1: 9, 2: 10})))
        self.write("terminate", b"", self.until("end_of_topic"), "Nothing comes any more.")
        self.step("producer_sealed", 5, {1: SEALED, 2: 9, 3: 41}, ["error"], "Nothing can be published either.")

    def more_of_producers(self):
        self.web("PUT", "namespaces/public/once")
        self.web("POST", "namespaces/public/once/deduplication", b"true")
        self.web("PUT", "persistent/public/once/recorded")
        self.step("producer_once", 5, {1: "persistent://public/once/recorded", 2: 20, 3: 60, 4: "once"}, ["producer_success"], "Duplicates are known.")
        first = entry(message({1: "once", 2: 5, 3: PUBLISH_TIME}), b"once")
        self.step("send_once", 6, {1: 20, 2: 5}, ["send_receipt"], "The first time.", first)
        self.step("send_again", 6, {1: 20, 2: 5}, ["send_receipt"], "The second time: it is stored already.", first)
        self.step("producer_exclusive", 5, {1: TYPED, 2: 21, 3: 61, 4: "first", 10: 1}, ["error"], "Not while another one is there.")
        self.step("close_typed", 15, {1: 5, 2: 62}, ["success"], "So that it can be.")
        self.step("producer_alone", 5, {1: TYPED, 2: 22, 3: 63, 4: "first", 10: 1}, ["producer_success"], "For itself.")
        self.step("producer_waits", 5, {1: TYPED, 2: 23, 3: 64, 4: "second", 10: 2}, ["producer_success"], "The next in line.")
        self.step("close_alone", 15, {1: 22, 2: 65}, ["success", "producer_success"], "And it comes about.")
        keys = message({1: 1, 3: message({1: 0, 2: 65535})})
        self.step("subscribe_sticky", 4, {1: TOPIC, 2: "keys", 3: 3, 4: 30, 5: 66, 17: keys}, ["success"], "All keys for one.")

    def with_broker_entries(self):
        self.open()
        self.step("connect_entries", 2, {1: "Chattifier-tests", 4: 19, 5: "none", 10: message({1: 1, 2: 1})}, ["connected"], "Takes what a broker says of entries.")
        self.step("subscribe_entries", 4, {1: TOPIC, 2: "entries", 3: 0, 4: 1, 5: 1, 13: 1}, ["success"], "From the beginning.")
        self.step("entries", 11, {1: 1, 2: 3}, ["message"] * 3, "With a timestamp and an index.")

    def with_tokens(self):
        self.open()
        self.step("connect_refused", 2, {1: "Chattifier-tests", 3: b"no token", 4: 19, 5: "token"}, ["error"], "With no token at all.")
        self.open()
        self.step("connect_token", 2, {1: "Chattifier-tests", 3: token(2), 4: 19, 5: "token", 10: message({1: 1})}, ["connected"], "With one that ends soon.")
        self.write("auth_challenge", b"", self.until("auth_challenge"), "It has ended.")
        answer = message({1: "token", 2: token(3600)})
        self.step("auth_response", 37, {1: "Chattifier-tests", 2: answer, 3: 19}, [], "A new one.")
        self.step("ping_again", 18, b"", ["pong"], "The connection goes on.")

    def from_java(self):
        jars = pulsar.jars()
        jars.fetch()
        subprocess.run(["java", "-cp", ":".join(jars.jars()), os.path.join(HERE, "Publish.java"), str(self.port)], check=True, stdout=sys.stderr)
        self.open()  # nobody has answered pings meanwhile
        self.socket.sendall(self.frame(2, message({1: "Chattifier-tests", 4: 19})))
        self.until("connected")
        for number, kind in enumerate(COMPRESSIONS):
            topic, consumer = f"persistent://public/default/java_{kind}", 20 + number
            self.step(f"java_{kind}_subscribe", 4, {1: topic, 2: "java", 3: 0, 4: consumer, 5: 50 + number, 13: 1}, ["success"], "From the beginning.")
            self.step(f"java_{kind}", 11, {1: consumer, 2: 10}, ["message"], "Three of the Java client, the last without a payload.")

    def run(self):
        for name in ("recorded", "typed", "sealed", *(f"java_{kind}" for kind in COMPRESSIONS)):
            self.web("PUT", f"persistent/public/default/{name}")
        self.web("PUT", "persistent/public/default/four/partitions", b"4")
        print("/* What a broker answered, byte by byte: Pulsar 4.0.7, standalone. record.py has written this.\n *\n"
              " * EXCHANGE(name, request, response, text); both are whole frames, a response may be several, and nobody asked for some.\n */")
        self.connection()
        self.producers()
        self.sends()
        self.consumers()
        self.from_the_broker()
        self.more_of_producers()
        self.with_broker_entries()
        self.with_tokens()
        self.from_java()


def main():
    pulsar.BROKER.update(SETTINGS)
    with tempfile.TemporaryDirectory() as directory:
        kit = Kit(directory, lambda line: print(line, file=sys.stderr))
        try:
            kit.start(["pulsar"])
            ports = kit.ports.read()
            Recorder(ports["PULSAR_PORT"], ports["PULSAR_WEB_PORT"]).run()
        finally:
            kit.wipe(["pulsar"])


if __name__ == "__main__":
    main()
