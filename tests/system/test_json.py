"""Wrong JSON and wrong fields: each gets its error, the connection goes on."""

import json

import pytest

from client import cid

NONE = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def client(house):
    with house.user().connect() as opened:
        yield opened


FRAMES = {
    "not JSON": "hello", "empty": "", "list": "[]", "number": "1", "null": "null", "trailing": "{} x", "two objects": "{}{}",
    "duplicate member": '{"type":"ping","type":"ping"}', "nested duplicate": '{"type":"ping","x":{"a":1,"a":2}}',
    "lone surrogate": r'{"type":"ping","x":"\ud800"}', "bad escape": r'{"type":"ping","x":"\q"}',
    "control in text": '{"type":"ping","x":"a\tb"}', "too deep": '{"type":"ping","x":' + "[" * 17 + "]" * 17 + "}",
    "single quotes": "{'type':'ping'}", "comma at the end": '{"type":"ping",}', "comment": '{"type":"ping"/**/}',
    "long number": '{"type":"ping","ts":' + "1" * 33 + "}", "leading zero": '{"type":"ping","ts":01}', "plus": '{"type":"ping","ts":+1}',
    "NaN": '{"type":"ping","ts":NaN}',
}


@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_that_is_no_object_is_bad_frame(house, name):
    with house.user().connect() as own:
        own.send_text(FRAMES[name])
        assert own.wait_for(lambda e: e["type"] == "error")["code"] == "bad_frame"
        own.settle()


def refused_with(client, frame):
    before = len(client.events)
    client.send_text(json.dumps(frame) if isinstance(frame, dict) else frame)
    client.settle()
    errors = [e for e in client.events[before:] if e["type"] == "error"]
    assert len(errors) == 1, client.events[before:]
    return errors[0]["code"], errors[0].get("field")


FIELDS = {
    "no type": ({"x": 1}, ("bad_field", "type")),
    "type that is a number": ({"type": 1}, ("bad_field", "type")),
    "unknown type": ({"type": "no.such"}, ("unknown_type", None)),
    "later release": ({"type": "message.pin", "room": NONE, "target": 1, "on": True}, ("unknown_type", None)),
    "empty ref": ({"type": "ping", "ref": ""}, ("bad_field", "ref")),
    "long ref": ({"type": "ping", "ref": "r" * 33}, ("bad_field", "ref")),
    "ref that is a number": ({"type": "ping", "ref": 1}, ("bad_field", "ref")),
    "room missing": ({"type": "room.get"}, ("bad_field", "room")),
    "room null": ({"type": "room.get", "room": None}, ("bad_field", "room")),
    "room in upper case": ({"type": "room.get", "room": NONE.replace("8", "A")}, ("bad_field", "room")),
    "room without dashes": ({"type": "room.get", "room": NONE.replace("-", "")}, ("bad_field", "room")),
    "room that is an object": ({"type": "room.get", "room": {"$ne": 1}}, ("bad_field", "room")),
    "number as text": ({"type": "read", "room": NONE, "n": "1"}, ("bad_field", "n")),
    "number with fraction": ('{"type":"read","room":"%s","n":1.0}' % NONE, ("bad_field", "n")),
    "number with exponent": ('{"type":"read","room":"%s","n":1e3}' % NONE, ("bad_field", "n")),
    "negative zero": ('{"type":"read","room":"%s","n":-0}' % NONE, ("bad_field", "n")),
    "negative": ({"type": "read", "room": NONE, "n": -1}, ("bad_field", "n")),
    "beyond 2^53": ({"type": "read", "room": NONE, "n": 1 << 53}, ("bad_field", "n")),
    "cid missing": ({"type": "message.send", "room": NONE, "text": "x"}, ("bad_field", "cid")),
    "cid with a space": ({"type": "message.send", "room": NONE, "text": "x", "cid": "a b"}, ("bad_field", "cid")),
    "cid too long": ({"type": "message.send", "room": NONE, "text": "x", "cid": "a" * 65}, ("bad_field", "cid")),
    "text empty": ({"type": "message.send", "room": NONE, "text": "", "cid": "c"}, ("bad_field", "text")),
    "text with NUL": ({"type": "message.send", "room": NONE, "text": "a\0b", "cid": "c"}, ("bad_field", "text")),
    "text too long": ({"type": "message.send", "room": NONE, "text": "x" * 16385, "cid": "c"}, ("too_large", "text")),
    "room and to": ({"type": "message.send", "room": NONE, "to": NONE, "text": "x", "cid": "c"}, ("bad_field", "to")),
    "neither room nor to": ({"type": "message.send", "text": "x", "cid": "c"}, ("bad_field", "room")),
    "member that is no id": ({"type": "room.create", "cid": "c", "kind": "group", "name": "x", "members": [NONE, NONE, NONE, "x"]}, ("bad_field", "members.3")),
    "too many members": ({"type": "room.create", "cid": "c", "kind": "group", "name": "x", "members": [NONE] * 101}, ("bad_field", "members")),
    "unknown kind": ({"type": "room.create", "cid": "c", "kind": "party", "name": "x"}, ("bad_field", "kind")),
    "group without name": ({"type": "room.create", "cid": "c", "kind": "group"}, ("bad_field", "name")),
    "name too long": ({"type": "room.create", "cid": "c", "kind": "group", "name": "x" * 65}, ("bad_field", "name")),
    "name with a line break": ({"type": "room.create", "cid": "c", "kind": "group", "name": "a\nb"}, ("bad_field", "name")),
    "public group": ({"type": "room.create", "cid": "c", "kind": "group", "name": "x", "visibility": "public"}, ("bad_field", "visibility")),
    "direct with two": ({"type": "room.create", "cid": "c", "kind": "direct", "members": [NONE, NONE]}, ("bad_field", "members")),
    "limit 0": ({"type": "room.list", "limit": 0}, ("bad_field", "limit")),
    "cursor that was made up": ({"type": "room.list", "cursor": "abc"}, ("bad_field", "cursor")),
    "key too long": ({"type": "message.react", "room": NONE, "cid": "c", "target": 1, "key": "k" * 33, "on": True}, ("bad_field", "key")),
    "on that is a number": ({"type": "typing", "room": NONE, "on": 1}, ("bad_field", "on")),
    "short prefix": ({"type": "user.find", "prefix": "a"}, ("bad_field", "prefix")),
    "too many users": ({"type": "user.get", "users": [NONE] * 101}, ("bad_field", "users")),
}


@pytest.mark.parametrize("name", FIELDS)
def test_a_wrong_field_is_named(house, name):
    frame, wanted = FIELDS[name]
    with house.user().connect() as own:
        assert refused_with(own, frame) == wanted


def test_unknown_and_server_fields_are_ignored(client):
    room = client.group()
    answer = client.say(room, "mine", seq=999, n=999, ts=1, by=NONE, nonsense={"deep": [1, 2]}, **{"from": NONE})
    event = client.message(room, "mine")
    assert event["seq"] == answer["seq"] < 999 and event["from"] == client.user.id and "nonsense" not in event


@pytest.mark.exact("answers get lost")
def test_a_ref_in_flight_may_not_be_used_again(client):
    room = client.group()
    for i in range(20):
        client.send_text(json.dumps({"type": "message.send", "ref": "same", "room": room, "cid": cid(), "text": f"{i}"}))
    refused = lambda: [e for e in client.events if e["type"] == "error" and e.get("field") == "ref"]
    done = lambda: [e for e in client.events if e["type"] == "ok" and e.get("ref") == "same"]
    client.wait_for(lambda _: len(refused()) + len(done()) == 20)
    assert done()
    assert len([e for e in client.of_room(room) if e["type"] == "message"]) <= len(done())


def test_an_answer_without_ref_is_silent(client):
    room = client.group()
    before = len(client.events)
    client.send_text(json.dumps({"type": "message.send", "room": room, "cid": cid(), "text": "silent"}))
    client.message(room, "silent")
    assert [e for e in client.events[before:] if e["type"] == "ok"] == []
