"""Ids, numbers, texts, names, null: what is taken and how it comes back."""

import json
import uuid

import pytest

from client import Refused, cid

SETTINGS = {"limits.refused_per_10s": 0, "limits.bad_frames_per_minute": 200}
NUMBER_MAX = (1 << 53) - 1


@pytest.fixture(scope="module")
def pair(house):
    ann, bob = house.user("ann"), house.user("bob")
    with ann.connect() as a, bob.connect() as b:
        yield a, b, a.group(bob)


def refusal(client, text):
    """(code, field) of the one answer to a frame that is sent as it is, or None if it was taken."""
    client.settle()
    before = len(client.events)
    client.send_text(text)
    client.settle()
    errors = [e for e in client.events[before:] if e["type"] == "error"]
    return (errors[0]["code"], errors[0].get("field")) if errors else None


# ---- ids

UPPER = "00000000-0000-4000-8000-00000000000A"
ID_FORMS = [UPPER, UPPER.lower().replace("-", ""), "{" + UPPER.lower() + "}", "urn:uuid:" + UPPER.lower(), UPPER.lower() + " ", "a" * 64]


@pytest.mark.parametrize("form", ID_FORMS)
def test_an_id_of_another_form_is_refused_wherever_one_stands(pair, form):
    a, _, room = pair
    fine = {"room": room, "cid": cid()}
    frames = {
        "room": {"type": "room.history", "room": form},
        "to": {"type": "message.send", "to": form, "cid": cid(), "text": "x"},
        "mentions.0": {"type": "message.send", **fine, "text": "x", "mentions": [form]},
        "members.1": {"type": "room.create", "kind": "group", "name": "x", "cid": cid(), "members": [a.user.id, form]},
        "user": {"type": "room.add", **fine, "user": form},
        "users.0": {"type": "user.get", "users": [form]},
    }
    for field, frame in frames.items():
        assert refusal(a, json.dumps(frame)) == ("bad_field", field)
    assert refusal(a, json.dumps({"type": "sync", "rooms": {form: 1}}))[0] == "bad_field"


def test_ids_are_uuids_in_lower_case(pair):
    a, b, room = pair
    direct = a.command("message.send", to=b.user.id, cid=cid(), text="hello")["room"]
    for id in (room, direct, a.user.id, a.user.device, a.ready["session"]):
        assert str(uuid.UUID(id)) == id
    assert uuid.UUID(room).version == uuid.UUID(direct).version == 5


def test_the_direct_room_of_two_is_the_same_from_both_sides(pair):
    a, b, _ = pair
    rooms = {one.command("message.send", to=other.user.id, cid=cid(), text="hi")["room"] for one, other in ((a, b), (b, a))}
    assert len(rooms) == 1


# ---- numbers

@pytest.mark.parametrize("number", ["1.0", "1e3", "1E3", "-0", '"1"', "1.5", "-1", "9007199254740992", "true", "[1]", "{}"])
def test_a_number_of_another_form_is_refused_wherever_one_stands(pair, number):
    a, _, room = pair
    for kind, field in (("room.history", "limit"), ("room.history", "after_seq"), ("room.events", "at_least"), ("read", "n"), ("ping", "ts")):
        assert refusal(a, f'{{"type":"{kind}","room":"{room}","{field}":{number}}}') == ("bad_field", field)
    assert refusal(a, f'{{"type":"sync","rooms":{{"{room}":{number}}}}}')[0] == "bad_field"


def test_the_greatest_number_is_taken(pair):
    a, _, room = pair
    assert a.command("ping", ts=NUMBER_MAX)["ts"] == NUMBER_MAX
    assert a.command("room.history", room=room, after_seq=NUMBER_MAX)["messages"] == []
    assert a.command("ping", ts=0)["ts"] == 0


def test_a_number_that_is_not_asked_for_may_have_any_form_up_to_its_length(pair):
    a, _, _ = pair
    for number in ("-1.5e+3", "0.25", "1" * 32, "-" + "1" * 31):
        assert refusal(a, f'{{"type":"ping","nobody":{number}}}') is None
    assert refusal(a, '{"type":"ping","nobody":%s}' % ("1" * 33)) == ("bad_frame", None)


# ---- JSON

def nested(depth):
    """A command that is `depth` deep."""
    return '{"type":"ping","x":' + "[" * (depth - 1) + "]" * (depth - 1) + "}"


def test_sixteen_levels_are_read_and_seventeen_are_not(pair):
    a, _, _ = pair
    assert refusal(a, nested(16)) is None
    assert refusal(a, nested(17)) == ("bad_frame", None)


@pytest.mark.parametrize("text", [
    r'{"type":"ping","\u0074ype":"ping"}',
    r'{"type":"ping","x":{"a":1,"\u0061":2}}',
    r'{"type":"ping","x":"\udc00\ud800"}',
    r'{"type":"ping","x":"\ud800A"}',
    r'{"type":"ping","\ud800":1}',
    r'{"type":"ping","x":"\u12"}',
    '\ufeff{"type":"ping"}',
    '{"type":"ping"}\u00a0',
    '{"type":"ping","x":tru}',
    '{"type":"ping","x":1.}',
    '{"type":"ping","x":.5}',
    '{"type":"ping","x":-}',
    '{"type":"ping","x":[1,]}',
    '{"type":"ping"',
    '{"type":"ping","x":"\x7f\x01"}',
], ids=range(15))
def test_json_that_is_not_strict_is_bad_frame(pair, text):
    assert refusal(pair[0], text) == ("bad_frame", None)


def test_space_and_escapes_are_read_as_json_says(pair):
    a, _, _ = pair
    a.send_text(' \t\r\n{ "\\u0074ype" : "\\u0070ing" , "ts" : 7 , "ref":"\\ud83d\\ude00" } \n')
    assert a.wait_for(lambda e: e["type"] == "pong" and e.get("ts") == 7)["ref"] == "😀"


# ---- text, names

TEXTS = {
    "blanks at its ends": "  \t x \r\n ", "a blank": " ", "not normalised": "e\u0301 é \u212b", "control characters": "a\u0001\u001b[31m\u007f\u0085",
    "no characters": "\ufffe\uffff\U0010ffff", "byte order mark": "\ufeffx", "bidi": "\u202eabc\u202c", "escapes": "\"\\/\b\f\n\r\t",
    "html": "<script>&amp;</script>", "line separators": "\u2028\u2029", "16,384 bytes": "é" * 8192,
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_comes_back_byte_for_byte(pair, name):
    a, b, room = pair
    a.say(room, TEXTS[name])
    b.message(room, TEXTS[name])
    assert b.command("room.history", room=room)["messages"][-1]["text"] == TEXTS[name]


def test_the_length_of_a_text_counts_its_bytes_and_not_its_escapes(pair):
    a, _, room = pair
    for count, wanted in ((8192, None), (8193, ("too_large", "text"))):
        text = r"\u00e9" * count
        assert refusal(a, '{"type":"message.send","room":"%s","cid":"%s","text":"%s"}' % (room, cid(), text)) == wanted


NAMES = {
    "one": ("x", True), "64 of four bytes": ("😀" * 64, True), "65": ("x" * 65, False), "none": ("", False),
    "a blank": (" ", False), "combined": ("e\u0301", True), "joiner": ("👩\u200d💻", True), "heart": ("Ann ❤\ufe0f", True),
    "Persian": ("می\u200cخواهم", True), "zero width space": ("a\u200b", False), "filler": ("\u3164", False), "soft hyphen": ("a\u00adb", False),
    "joiner at the end": ("👩\u200d", False), "tags": ("a\U000e0061", False), "LRM": ("a\u200e", False), "private": ("a\ue000", False),
    "tab": ("a\tb", False), "delete": ("a\u007f", False), "C1 control": ("a\u0085", False), "NUL": ("a\0", False),
    "RLO": ("a\u202e", False), "LRE": ("a\u202a", False), "RLI": ("a\u2067", False), "PDI": ("a\u2069", False),
}


@pytest.mark.parametrize("name", NAMES)
def test_names_are_counted_in_code_points_and_hide_nothing(house, pair, name):
    a, _, room = pair
    text, fits = NAMES[name]
    for create in ({"type": "room.create", "kind": "group", "cid": cid(), "name": text},
                   {"type": "room.update", "room": room, "cid": cid(), "name": text}):
        assert refusal(a, json.dumps(create)) == (None if fits else ("bad_field", "name"))
    changed = a.user.http("PATCH", "/user/me", {"display_name": text})
    assert changed.status == (200 if fits else 422), changed


def test_topics_and_bios_have_their_lengths(pair):
    a, _, room = pair
    for field, most in (("topic", 256),):
        assert refusal(a, json.dumps({"type": "room.update", "room": room, "cid": cid(), field: "😀" * most})) is None
        assert refusal(a, json.dumps({"type": "room.update", "room": room, "cid": cid(), field: "😀" * (most + 1)})) == ("bad_field", field)
    assert a.user.http("PATCH", "/user/me", {"bio": "😀" * 500}).status == 200
    longer = a.user.http("PATCH", "/user/me", {"bio": "x" * 501})
    assert longer.status == 422 and longer.json["error"]["field"] == "bio"


CIDS = {"1": "a", "64": "a" * 64, "all marks": "A.z_0:9-"}
BAD_CIDS = ["", "a" * 65, "a b", "a/b", "é", "a\n", "a\0", 1, None, ["a"], True]


@pytest.mark.parametrize("name", CIDS)
def test_a_cid_of_its_alphabet_is_taken(pair, name):
    a, _, room = pair
    assert a.command("room.update", room=room, cid=CIDS[name] if name != "1" else "b", topic=f"of {name}")["seq"]


@pytest.mark.parametrize("bad", BAD_CIDS, ids=repr)
def test_a_cid_of_other_forms_is_refused(pair, bad):
    a, _, room = pair
    frames = [{"type": "message.send", "room": room, "text": "x"}, {"type": "room.create", "kind": "group", "name": "x"},
              {"type": "room.leave", "room": room}, {"type": "message.react", "room": room, "target": 1, "key": "k", "on": True}]
    for frame in frames:
        assert refusal(a, json.dumps({**frame, "cid": bad})) == ("bad_field", "cid")


# ---- null

def test_null_is_absent(pair):
    a, b, room = pair
    said = a.command("message.send", room=room, to=None, cid=cid(), text="null", reply_to=None, mentions=None, after=None)
    assert not {"reply_to", "mentions"} & set(b.message(room, "null"))
    page = a.command("room.history", room=room, before_seq=None, after_seq=None, around_seq=None, limit=None, at_least=None)
    assert page["messages"][-1]["seq"] == said["seq"]
    assert refusal(a, json.dumps({"type": "message.send", "room": room, "cid": None, "text": "x"})) == ("bad_field", "cid")
    assert a.command("sync", rooms=None, events=None, cursor=None, limit=None)["rooms"]


def test_in_an_update_absent_is_unchanged_and_null_clears(pair):
    a, b, _ = pair
    room = a.group(b.user, name="Before", topic="A topic")
    a.command("room.update", room=room, cid=cid(), name="After")
    assert a.command("room.get", room=room)["topic"] == "A topic"
    a.command("room.update", room=room, cid=cid(), topic=None)
    b.wait_for(lambda e: e["type"] == "room.updated" and e["room"] == room and e["seq"] > 4)
    got = a.command("room.get", room=room)
    assert got.get("topic", "") == "" and got["name"] == "After"
    with pytest.raises(Refused) as refused:
        a.command("room.update", room=room, cid=cid(), name=None)
    assert (refused.value.code, refused.value.field) == ("bad_field", "name")


def test_in_a_profile_absent_is_unchanged_and_null_clears(house):
    user = house.user()
    assert user.http("PATCH", "/user/me", {"display_name": "Shown", "bio": "Mine"}).status == 200
    assert user.http("PATCH", "/user/me", {"display_name": "Other"}).json["user"]["bio"] == "Mine"
    cleared = user.http("PATCH", "/user/me", {"bio": None})
    assert cleared.status == 200 and "bio" not in cleared.json["user"] and cleared.json["user"]["display_name"] == "Other"
    again = user.http("PATCH", "/user/me", {"display_name": None})
    assert again.status == 200 and again.json["user"]["display_name"] == user.name


# ---- objects of users

def test_a_user_is_an_object_of_known_fields(house, pair):
    a, b, room = pair
    b.user.http("PATCH", "/user/me", {"bio": "There"})
    for got in (a.command("user.get", users=[b.user.id])["users"][0], a.user.http("GET", f"/user/{b.user.id}").json["user"]):
        assert set(got) == {"id", "username", "display_name", "bio", "created"} and got["id"] == b.user.id
    a.say(room, "by name")
    answers = [a.command("room.members", room=room), a.command("room.history", room=room), a.command("room.events", room=room),
               b.command("sync"), b.command("room.list"), b.command("search", q="name", room=room)]
    for answer in answers:
        assert answer["users"][a.user.id]["username"] == a.user.name, answer
        assert set(answer["users"][a.user.id]) == {"username", "display_name"}
