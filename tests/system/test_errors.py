"""The closed table of errors: each code with its status and its flag, in the form that HTTP and the socket give it."""

import json

import pytest

from client import Refused, cid

SETTINGS = {"limits.refused_per_10s": 0, "message.fresh_wait_ms": 50}
NONE = "00000000-0000-4000-8000-00000000abcd"
RETRIED = {"muted", "rate_limited", "overloaded", "unavailable", "timeout", "internal"}
PEOPLE = ("ann", "bob", "cleo")


class Scene:
    """A group of ann and bob, a channel of ann alone, and a message of ann that is deleted."""

    def __init__(self, people):
        ann, bob, _ = people
        self.group = ann.group(bob.user)
        self.name = f"taken {cid()}"
        self.channel = ann.channel(self.name)
        self.deleted = ann.say(self.group, "gone soon")["seq"]
        ann.command("message.delete", room=self.group, cid=cid(), target=self.deleted)
        self.said = ann.say(self.group, "here")["seq"]
        ann.command("room.mute", room=self.group, cid=cid(), user=bob.user.id, until=4102444800000)


@pytest.fixture(scope="module")
def scene(people):
    return Scene(people)


# code, HTTP status, field: who, command, its fields; method, path, body
CASES = {
    "bad_field": (422, "text", 0, lambda s: ("message.send", {"room": s.group, "text": ""}),
                  lambda s: ("POST", f"/api/rooms/{s.group}/messages", {"text": ""})),
    "too_large": (413, "text", 0, lambda s: ("message.send", {"room": s.group, "text": "x" * 16385}),
                  lambda s: ("POST", f"/api/rooms/{s.group}/messages", {"text": "x" * 16385})),
    "unknown_type": (404, None, 0, lambda s: ("message.pin", {"room": s.group, "target": s.said, "on": True}),
                     lambda s: ("PUT", f"/api/rooms/{s.group}/messages/{s.said}/pin", {})),
    "forbidden": (403, None, 1, lambda s: ("room.update", {"room": s.group, "name": "mine"}),
                  lambda s: ("PATCH", f"/api/rooms/{s.group}", {"name": "mine"})),
    "not_found": (404, None, 2, lambda s: ("room.history", {"room": s.group}), lambda s: ("GET", f"/api/rooms/{s.group}/messages", None)),
    "not_member": (403, None, 1, lambda s: ("room.history", {"room": s.channel}), lambda s: ("GET", f"/api/rooms/{s.channel}/messages", None)),
    "muted": (403, None, 1, lambda s: ("message.send", {"room": s.group, "text": "x"}),
              lambda s: ("POST", f"/api/rooms/{s.group}/messages", {"text": "x"})),
    "conflict": (409, "name", 1, lambda s: ("room.create", {"kind": "channel", "visibility": "public", "name": s.name}),
                 lambda s: ("POST", "/api/rooms", {"kind": "channel", "visibility": "public", "name": s.name})),
    "target_deleted": (410, None, 0, lambda s: ("message.edit", {"room": s.group, "target": s.deleted, "text": "x"}),
                       lambda s: ("PATCH", f"/api/rooms/{s.group}/messages/{s.deleted}", {"text": "x"})),
    "unavailable": (503, None, 0, lambda s: ("room.history", {"room": s.group, "at_least": 9999}),
                    lambda s: ("GET", f"/api/rooms/{s.group}/messages?at_least=9999", None)),
}


def is_error(error, code, field):
    known = {"code", "message", "retry", "field", "retry_after_ms"}
    assert set(error) <= known and {"code", "message", "retry"} <= set(error)
    assert (error["code"], error.get("field"), error["retry"]) == (code, field, code in RETRIED), error
    assert error["message"] and error.get("retry_after_ms", 1) > 0
    return True


@pytest.mark.parametrize("code", CASES)
def test_a_code_has_its_form_on_the_socket(people, scene, code):
    _, field, who, make, _ = CASES[code]
    type, fields = make(scene)
    if type.startswith(("message", "room.create", "room.update")):
        fields = {**fields, "cid": cid()}
    with pytest.raises(Refused) as refused:
        people[who].command(type, **fields)
    answer = dict(refused.value.answer)
    assert answer.pop("type") == "error" and answer.pop("ref")
    assert is_error(answer, code, field)


@pytest.mark.parametrize("code", CASES)
def test_a_code_has_its_status_and_form_over_http(people, scene, code):
    status, field, who, _, make = CASES[code]
    answer = people[who].user.http(*make(scene))
    assert answer.status == status and set(answer.json) == {"error"}, answer
    assert answer.headers["content-type"].startswith("application/json")
    assert is_error(answer.json["error"], code, field)
    wait = answer.json["error"].get("retry_after_ms")
    assert ("retry-after" in answer.headers) == (wait is not None)
    if wait:
        assert int(answer.headers["retry-after"]) * 1000 >= wait


def test_a_bad_field_says_what_it_takes(house, people, scene):
    with pytest.raises(Refused) as refused:
        people[0].command("message.send", room=scene.group, cid=cid(), text="")
    assert refused.value.answer["message"].endswith(" text takes 1-16384 bytes of text without U+0000.")
    answer = house.http("POST", "/user/register", {"username": "x", "password": "violet staircase"})
    assert answer.status == 422 and " username takes 3-20 of a-z 0-9 . _ -, " in answer.json["error"]["message"]


def test_a_mute_tells_the_wait(people, scene):
    with pytest.raises(Refused) as refused:
        people[1].say(scene.group, "x")
    assert refused.value.answer["retry_after_ms"] > 0


@pytest.mark.parametrize("path", ["/api/rooms", "/api/sync", "/user/me", "/user/me/devices", f"/api/rooms/{NONE}/messages"])
@pytest.mark.parametrize("authorization", [None, "Bearer", "Bearer ", "Bearer x", "Basic eDp5", "Bearer a.b.c", "bearer"])
def test_without_good_credentials_is_unauthorized(house, path, authorization):
    answer = house.http("GET", path, headers={"Authorization": authorization} if authorization else None)
    assert answer.status == 401 and is_error(answer.json["error"], "unauthorized", None)


def test_what_is_there_and_what_is_not_are_refused_alike(people, scene):
    cleo = people[2]
    strip = lambda answer: {k: v for k, v in answer.items() if k != "ref"}
    commands = [("room.get", {}), ("room.history", {}), ("room.events", {}), ("room.members", {}), ("room.join", {"cid": "c"}), ("room.leave", {"cid": "c"}),
                ("message.send", {"text": "x", "cid": "c"}), ("message.delete", {"target": 1, "cid": "c"}), ("read", {"n": 1}), ("typing", {"on": True}),
                ("room.add", {"user": cleo.user.id, "cid": "c"}), ("room.update", {"name": "x", "cid": "c"}), ("search", {"q": "x"})]
    for type, fields in commands:
        found = []
        for room in (scene.group, NONE):
            with pytest.raises(Refused) as refused:
                cleo.command(type, room=room, **fields)
            found.append(json.dumps(strip(refused.value.answer)))
        assert found[0] == found[1] and '"not_found"' in found[0], type


@pytest.mark.parametrize("type", ["", "message", "Message.send", "message.send ", "message.pin", "room.prefs", "ok", "error", "ready", "pong", "room.created", "receipt"])
def test_what_is_no_command_is_unknown(people, type):
    assert people[0].refused(type) == "unknown_type"
