"""The life of a WebSocket: ready, heartbeats, tokens that end, tickets, goodbyes, and the close codes that say what to do."""

import contextlib
import json
import struct
import time
import uuid

import pytest

import faults
from client import Client, Refused, cid
from house import House
from wire import Wire

F = Wire.frame
READY = {"type", "user", "device", "session", "protocol", "features", "heartbeat_ms", "expires_at", "server_time", "limits"}
HEARTBEAT_MS = 1000


def text(**fields):
    return F(1, json.dumps(fields).encode())


def closed(wire):
    """The code with which the server closes; when that was echoed it ends the TCP connection."""
    code = wire.close_code()
    with contextlib.suppress(OSError):
        wire.send(F(8, struct.pack("!H", code)))
    assert wire.read_until_closed() == b""
    return code


# ---- ready

def test_ready_says_all_that_a_client_must_know(house):
    user = house.user()
    with user.connect() as client:
        ready = client.ready
        assert client.events[0] == ready and set(ready) == READY
        assert (ready["user"], ready["device"], ready["protocol"]) == (user.id, user.device, 1)
        assert abs(ready["server_time"] - time.time() * 1000) < 60_000
        assert 0 < ready["expires_at"] - ready["server_time"] <= user.login["expires_in"] * 1000
        assert ready["heartbeat_ms"] == 30000 and ready["features"] == house.http("GET", "/api/info").json["features"]
        assert all(isinstance(word, str) for word in ready["features"])
        assert not {"attachments", "keys", "prefs", "pins", "deflate"} & set(ready["features"])
        with user.connect() as second:
            assert uuid.UUID(second.ready["session"]) != uuid.UUID(ready["session"])


def test_ready_tells_the_limits_that_are_set(tmp_path):
    house = House(tmp_path / "d", open_limits=False, settings={"limits.in_flight": 7, "limits.messages_per_second": 3, "limits.watch": 9}).start()
    with house.user().connect() as client:
        limits = client.ready["limits"]
        assert limits | {"frame_bytes": 65536, "text_bytes": 16384, "in_flight": 7, "watch": 9, "messages_per_second": 3, "history": 100} == limits
        assert all(isinstance(value, int) for value in limits.values())
        assert house.http("GET", "/api/info").json["limits"].items() >= {"frame_bytes": 65536, "in_flight": 7}.items()
    house.stop()


def test_a_ping_command_is_answered_with_both_clocks(house):
    with house.user().connect() as client:
        pong = client.command("ping", ts=5)
        assert set(pong) == {"type", "ref", "ts", "server_time"} and pong["ts"] == 5
        assert "ts" not in client.command("ping")
        client.send_text('{"type":"ping"}')
        assert set(client.wait_for(lambda e: e["type"] == "pong")) == {"type", "server_time"}


# ---- heartbeats

def test_silence_is_pinged_twice_and_closed_and_any_bytes_count(tmp_path, options):
    house = House(tmp_path / "d", workers=options["workers"], settings={"socket.heartbeat_ms": HEARTBEAT_MS}).start()
    user = house.user()
    answering, talking, silent = [Wire(house).open(user.token) for _ in range(3)]
    began, talked = time.monotonic(), 0
    for _ in range(4):
        opcode, payload = answering.read_frame()
        assert opcode == 9
        answering.send(F(10, payload))
        talking.send(F(1, b"", fin=False) if talked == 0 else F(0, b" ", fin=False))  # never the answer to a ping, never a whole message
        talked += 1
    assert time.monotonic() - began < 30
    assert closed(silent) == 4007
    talking.send(F(0, b'{"type":"ping"}'))
    opcode, payload = talking.read_frame()
    while opcode == 9:
        opcode, payload = talking.read_frame()
    assert json.loads(payload)["type"] == "pong"
    answering.send(text(type="ping", ref="still here"))
    opcode, payload = answering.read_frame()
    while opcode == 9:
        opcode, payload = answering.read_frame()
    assert json.loads(payload)["ref"] == "still here"
    house.stop()


def test_a_message_that_does_not_end_in_ten_seconds_is_1002(house):
    user = house.user()
    half, fragments, byte = [Wire(house, timeout=20).open(user.token) for _ in range(3)]
    began = time.monotonic()
    half.send(F(1, b'{"type"', length=50))
    fragments.send(F(1, b'{"type"', fin=False))
    byte.send(b"\x81")
    for wire in (half, fragments, byte):
        assert closed(wire) == 1002
        assert 9 <= time.monotonic() - began < 15


# ---- tokens

@pytest.fixture
def clocked(tmp_path, options):
    """A house whose clock can be set forward."""
    try:
        rig = faults.Rig(tmp_path, "clock", workers=options["workers"], settings={"user.access_token_s": 900})
    except faults.Impossible as why:
        pytest.skip(str(why))
    with rig:
        yield rig.house, lambda seconds: rig.interposed.set("clock", str(seconds))


def test_a_token_that_ends_is_told_and_a_newer_one_keeps_the_connection(clocked):
    house, set_clock = clocked
    user = house.user()
    kept, lost = user.connect(), user.connect()
    early = user.connect()
    set_clock(845)
    for client in (kept, lost):
        event = client.wait_for(lambda e: e["type"] == "auth.expiring")
        assert event["expires_at"] == client.ready["expires_at"] and set(event) == {"type", "expires_at"}
    newer = house.http("POST", "/user/refresh", {"refresh_token": user.login["refresh_token"]}).json["access_token"]
    answer = kept.command("auth", token=newer)
    assert answer["expires_at"] > kept.ready["expires_at"] and set(answer) == {"type", "ref", "expires_at"}
    set_clock(905)
    assert lost.wait_closed(10) == early.wait_closed(10) == 4001
    assert kept.command("ping")["type"] == "pong"
    assert Client(house, user, wait_ready=False).wait_closed(5) == 4001
    assert kept.refused("auth", token=user.token) == "unauthorized"
    assert kept.command("ping")["type"] == "pong"
    kept.close()


def test_a_ticket_is_good_for_thirty_seconds(clocked):
    house, set_clock = clocked
    user = house.user()
    tickets = [user.http("POST", "/user/ticket").json["ticket"] for _ in range(2)]
    set_clock(25)
    Client(house, user, f"?ticket={tickets[0]}", headers={}).close()
    set_clock(40)
    assert Client(house, user, f"?ticket={tickets[1]}", headers={}, wait_ready=False).wait_closed(5) == 4008


def test_only_a_newer_token_of_the_same_user_and_device_is_taken(house):
    ann, bob = house.user(), house.user()
    other_device = house.sign_in(ann.name)
    with ann.connect() as client:
        for token in (bob.token, other_device.token):
            assert client.refused("auth", token=token) in ("forbidden", "unauthorized")
        for token in ("x", "a.b.c", ann.token[:-2], ann.token + "x"):
            assert client.refused("auth", token=token) in ("unauthorized", "bad_field")
        for token in ("", 1, None):
            assert client.refused("auth", token=token) == "bad_field"
        assert client.command("ping")["type"] == "pong"


def test_a_revoked_token_is_not_taken_and_the_newer_one_is_revoked_with_its_device(house):
    user = house.user()
    client = user.connect()
    newer = house.http("POST", "/user/refresh", {"refresh_token": user.login["refresh_token"]}).json["access_token"]
    client.command("auth", token=newer)
    assert house.http("POST", "/user/logout", token=newer).status == 200
    assert client.wait_closed(5) == 4002


# ---- tickets

@pytest.mark.parametrize("ticket", ["x", "a" * 22, "a" * 43, "%20", "..", "A" * 1000])
def test_a_made_up_ticket_is_4008(house, ticket):
    assert Client(house, house.user(), f"?ticket={ticket}", headers={}, wait_ready=False).wait_closed(5) == 4008


def test_a_ticket_is_bound_to_the_origin_it_was_made_for(house):
    user = house.user()
    make = lambda origin: user.http("POST", "/user/ticket", headers={"Origin": origin} if origin else None).json["ticket"]
    host = f"127.0.0.1:{house.port}"
    opened = lambda ticket, origin: Client(house, user, f"?ticket={ticket}", headers={"Origin": origin} if origin else {}, wait_ready=False)
    assert opened(make(f"http://{host}"), None).wait_closed(5) == 4008
    for made, used in ((f"http://{host}", f"http://{host}"), (None, f"http://{host}"), (None, None)):
        client = opened(make(made), used)
        assert client.wait_for(lambda e: e["type"] in ("ready",))
        client.close()


def test_an_empty_ticket_is_none(house):
    wire = Wire(house)
    wire.send(b"GET /api/socket?ticket= HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
              b"Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Protocol: chattifier.v1\r\n\r\n")
    status, _, _ = wire.read_answer()
    assert status == 401 or status == 101 and wire.close_code() == 4008


# ---- goodbyes

def test_the_sub_protocol_is_selected_among_others(house):
    wire = Wire(house).upgrade(house.user().token, **{"Sec-WebSocket-Protocol": "soap, chattifier.v1, chat"})
    status, headers, _ = wire.read_answer()
    assert status == 101 and headers["sec-websocket-protocol"] == "chattifier.v1" and "sec-websocket-extensions" not in headers


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999])
def test_a_close_code_of_a_client_is_echoed_and_the_connection_ended(house, code):
    wire = Wire(house).open(token_of(house))
    wire.send(F(8, struct.pack("!H", code) + "why ✓".encode()))
    began = time.monotonic()
    assert closed(wire) == code and time.monotonic() - began < 5


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 1999, 2000, 2999, 5000, 65535])
def test_a_close_code_that_no_client_may_send_is_1002(house, code):
    wire = Wire(house).open(token_of(house))
    wire.send(F(8, struct.pack("!H", code)))
    assert closed(wire) == 1002


def token_of(house, tokens={}):
    """One user for what needs any."""
    if house not in tokens:
        tokens[house] = house.user().token
    return tokens[house]


def test_sixty_four_fragments_are_joined(house):
    wire = Wire(house).open(token_of(house))
    body = json.dumps({"type": "ping", "ref": "joined", "x": "x" * 30}).encode()
    parts = [body[i:i + 1] for i in range(63)] + [body[63:]]
    wire.send(b"".join(F(1 if i == 0 else 0, part, fin=i == 63) for i, part in enumerate(parts)))
    assert json.loads(wire.read_frame()[1])["ref"] == "joined"


def test_the_longest_message_is_read_and_one_byte_more_is_1009(house):
    wire = Wire(house).open(token_of(house))
    fill = lambda size: json.dumps({"type": "ping", "ref": "r", "x": ""}).encode()[:-2] + b"x" * (size - 37) + b'"}'
    assert len(fill(65536)) == 65536
    wire.send(F(1, fill(65536)))
    assert json.loads(wire.read_frame()[1])["ref"] == "r"
    wire.send(F(1, b"a" * 40000, fin=False) + F(0, b"", length=25537))
    assert closed(wire) == 1009


def test_pongs_that_can_not_drain_close_with_4003_and_nobody_else_notices(tmp_path, options):
    house = House(tmp_path / "d", workers=options["workers"], settings={"limits.control_frames_per_second": 100000}).start()
    user = house.user()
    wire = Wire(house)
    wire.open(user.token)
    with contextlib.suppress(OSError):
        wire.send(F(9, b"x" * 125) * 200_000)  # 26 MB: more than all buffers between here and there hold
    with user.connect() as other:
        other.settle()
    assert wire.close_code() == 4003
    house.stop()


# ---- refusals

def test_refs_may_be_any_text_of_32_bytes(house):
    with house.user().connect() as client:
        for ref in ("r", "é" * 16, "😀" * 8, "\u0001", '"\\'):
            client.send_text(json.dumps({"type": "ping", "ref": ref}))
            client.wait_for(lambda e: e["type"] == "pong" and e.get("ref") == ref)
        client.send_text(json.dumps({"type": "ping", "ref": "é" * 17}))
        error = client.wait_for(lambda e: e["type"] == "error")
        assert (error["code"], error["field"]) == ("bad_field", "ref") and "ref" not in error


def test_a_ref_is_free_again_after_its_answer(house):
    with house.user().connect() as client:
        for i in range(3):
            client.send_text('{"type":"ping","ref":"again","ts":%d}' % i)
            assert client.wait_for(lambda e, i=i: e.get("ref") == "again" and e.get("ts") == i)["type"] == "pong"


def test_an_error_without_ref_comes_without_ref(house):
    with house.user().connect() as client:
        client.send_text(json.dumps({"type": "room.get", "room": "00000000-0000-4000-8000-00000000abcd"}))
        error = client.wait_for(lambda e: e["type"] == "error")
        assert error.keys() == {"type", "code", "message", "retry"} and error["code"] == "not_found" and error["retry"] is False


def test_ten_unreadable_frames_of_one_connection_close_it_and_not_the_others(house):
    user = house.user()
    with user.connect() as other:
        wire = Wire(house).open(user.token)
        wire.send(F(1, b"no json") * 9 + text(type="ping", ref="alive"))
        kinds = [json.loads(wire.read_frame()[1])["type"] for _ in range(10)]
        assert kinds == ["error"] * 9 + ["pong"]
        wire.send(F(1, b"no json"))
        assert closed(wire) == 1002
        other.settle()


def test_an_account_that_is_gone_closes_its_sockets_and_opens_none(house):
    user = house.user()
    client = user.connect()
    assert user.http("DELETE", "/user/me", {"password": user.password}).status == 200
    assert client.wait_closed(5) == 4002
    assert Client(house, user, wait_ready=False).wait_closed(5) == 4002
