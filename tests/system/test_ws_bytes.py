"""WebSocket byte by byte: items 35 to 45 of docs/security.md, and the close codes of the protocol."""

import json
import struct

import pytest

from wire import Wire

F = Wire.frame
PING = json.dumps({"type": "ping", "ref": "p"}).encode()


@pytest.fixture(scope="module")
def token(house):
    return house.user().token


HANDSHAKES = {
    "no key": ({"Sec_WebSocket_Key": None}, 400),
    "short key": ({"Sec_WebSocket_Key": "YWJj"}, 400),
    "version 12": ({"Sec_WebSocket_Version": "12"}, 426),
    "no sub-protocol": ({"Sec_WebSocket_Protocol": None}, 400),
    "other sub-protocol": ({"Sec_WebSocket_Protocol": "chattifier.v2"}, 400),
    "no credentials": ({"Authorization": None}, 401),
    "foreign origin": ({"Origin": "http://evil.example"}, 403),
    "null origin": ({"Origin": "null"}, 403),
    "origin with our name in front": ({"Origin": "http://127.0.0.1.evil.example"}, 403),
}


@pytest.mark.parametrize("name", HANDSHAKES)
def test_handshake_refused(house, token, name):
    change, status = HANDSHAKES[name]
    fields = {key.replace("_", "-") if "WebSocket" in key else key: value for key, value in change.items()}
    assert Wire(house).upgrade(token, **fields).read_answer()[0] == status


def test_the_own_origin_is_let_in(house, token):
    assert Wire(house).upgrade(token, Origin="http://127.0.0.1").read_answer()[0] == 101


@pytest.mark.parametrize("credential, code", [("rubbish", 4002), ("", 4002)])
def test_a_bad_token_is_closed_after_the_upgrade(house, credential, code):
    wire = Wire(house).upgrade(credential or "a.b.c")
    assert wire.read_answer()[0] == 101
    assert wire.close_code() == code


BAD = {
    "unmasked": (F(1, PING, mask=None), 1002),
    "reserved bit": (F(1, PING, rsv=4), 1002),
    "reserved opcode 3": (F(3, PING), 1002),
    "reserved control 11": (F(11), 1002),
    "binary": (F(2, PING), 1003),
    "fragmented ping": (F(9, b"a", fin=False), 1002),
    "long ping": (F(9, b"a" * 126), 1002),
    "continuation of nothing": (F(0, PING), 1002),
    "text inside a message": (F(1, b"a", fin=False) + F(1, b"b"), 1002),
    "16-bit length for 5 bytes": (F(1, b"hello", wide=16), 1002),
    "64-bit length for 5 bytes": (F(1, b"hello", wide=64), 1002),
    "length with the top bit": (F(1, b"", length=1 << 63, wide=64), 1002),
    "declared too long": (F(1, b"", length=65537, wide=64), 1009),
    "declared 2^32": (F(1, b"", length=1 << 32, wide=64), 1009),
    "65 fragments": (F(1, b"a", fin=False) + F(0, b"a", fin=False) * 64, (1002, 1008, 1009)),
    "invalid UTF-8": (F(1, b"\xff"), 1007),
    "surrogate in UTF-8": (F(1, b"\xed\xa0\x80"), 1007),
    "UTF-8 cut by the end": (F(1, b"\xe2\x82"), 1007),
    "close with one byte": (F(8, b"\x03"), 1002),
    "close 1005": (F(8, struct.pack("!H", 1005)), 1002),
    "close 999": (F(8, struct.pack("!H", 999)), 1002),
    "close 2000": (F(8, struct.pack("!H", 2000)), 1002),
    "close with bad UTF-8": (F(8, struct.pack("!H", 1000) + b"\xff"), (1002, 1007)),
    "close 1000": (F(8, struct.pack("!H", 1000)), 1000),
    "close 4999": (F(8, struct.pack("!H", 4999)), 4999),
    "close without code": (F(8), 1000),
}


@pytest.mark.parametrize("name", BAD)
def test_closed_with(house, token, name):
    sent, code = BAD[name]
    wire = Wire(house).open(token)
    wire.send(sent)
    assert wire.close_code() in (code if isinstance(code, tuple) else (code,))
    wire.socket.shutdown(1)
    assert wire.read_until_closed() == b""


def test_fragments_are_joined_and_pings_come_between(house, token):
    wire = Wire(house).open(token)
    wire.send(F(1, PING[:5], fin=False) + F(9, b"beat") + F(0, PING[5:]))
    assert wire.read_frame() == (10, b"beat")
    opcode, text = wire.read_frame()
    assert opcode == 1 and json.loads(text)["type"] == "pong"


def test_a_frame_may_come_byte_by_byte(house, token):
    wire = Wire(house).open(token)
    for byte in F(1, PING):
        wire.send(bytes([byte]))
    assert json.loads(wire.read_frame()[1])["ref"] == "p"


def test_ready_comes_before_the_answer_to_a_command_that_came_with_the_upgrade(house, token):
    wire = Wire(house).upgrade(token, then=F(1, PING) + F(9, b"beat"))
    assert wire.read_answer()[0] == 101
    assert json.loads(wire.read_frame()[1])["type"] == "ready"
    later = [wire.read_frame() for _ in range(2)]
    assert sorted(opcode for opcode, _ in later) == [1, 10]


def test_the_tenth_unreadable_frame_closes(house, token):
    wire = Wire(house).open(token)
    wire.send(F(1, b"no json") * 10)
    answers = [json.loads(wire.read_frame()[1]) for _ in range(9)]
    assert {a["code"] for a in answers} == {"bad_frame"}
    assert wire.close_code() == 1002
