"""The same command twice: what `cid`, `after` and the state of a room make of it."""

import pytest

from client import Refused, cid

SETTINGS = {"limits.refused_per_10s": 0}


@pytest.fixture(scope="module")
def two(house):
    ann, bob = house.user("ann"), house.user("bob")
    with ann.connect() as a, bob.connect() as b:
        yield a, b


@pytest.fixture
def pair(two):
    """The two with a group that is new for each test."""
    a, b = two
    return a, b, a.group(b.user)


def refusal(client, type, **fields):
    with pytest.raises(Refused) as refused:
        client.command(type, **fields)
    return refused.value.code, refused.value.field


def head(client, room):
    return client.command("room.events", room=room)["head"]


def twice(client, type, **fields):
    """The answer, after the same command again got the same with `dup` and made no entry."""
    fields = {"cid": cid(), **fields}
    first = client.command(type, **fields)
    before = head(client, fields["room"]) if "room" in fields else None
    again = client.command(type, **fields)
    assert again["dup"] is True and again["seq"] == first["seq"], (first, again)
    assert before is None or head(client, fields["room"]) == before
    return first


def test_every_command_that_changes_something_may_be_repeated(house, pair):
    a, b, room = pair
    third = house.user()
    said = twice(a, "message.send", room=room, text="once", mentions=[b.user.id])
    target = said["seq"]
    twice(a, "message.send", room=room, text="an answer", reply_to=target)
    twice(a, "message.edit", room=room, target=target, text="twice")
    twice(a, "message.react", room=room, target=target, key="+1", on=True)
    twice(a, "message.react", room=room, target=target, key="+1", on=False)
    twice(a, "message.delete", room=room, target=target)
    twice(a, "room.update", room=room, name="Another", topic="Another")
    twice(a, "room.add", room=room, user=third.id)
    twice(a, "room.role", room=room, user=third.id, role="admin")
    twice(a, "room.mute", room=room, user=third.id, until=4102444800000)
    twice(a, "room.mute", room=room, user=third.id, until=0)
    twice(a, "room.remove", room=room, user=third.id)
    twice(a, "room.ban", room=room, user=third.id)
    twice(a, "room.unban", room=room, user=third.id)
    twice(a, "message.send", to=b.user.id, text="in private")
    twice(a, "room.create", kind="group", name="Once", members=[b.user.id])
    channel = a.channel()
    twice(b, "room.join", room=channel)


def test_other_content_under_the_same_cid_is_a_conflict(pair):
    a, b, room = pair
    target = a.say(room, "a target")["seq"]
    other = a.say(room, "another target")["seq"]
    pairs = [
        ("message.send", {"text": "one"}, {"text": "two"}),
        ("message.send", {"text": "one"}, {"text": "one", "reply_to": target}),
        ("message.send", {"text": "one"}, {"text": "one", "mentions": [b.user.id]}),
        ("message.edit", {"target": target, "text": "one"}, {"target": target, "text": "two"}),
        ("message.edit", {"target": target, "text": "three"}, {"target": other, "text": "three"}),
        ("message.react", {"target": target, "key": "a", "on": True}, {"target": target, "key": "b", "on": True}),
        ("message.react", {"target": target, "key": "b", "on": True}, {"target": target, "key": "b", "on": False}),
        ("room.update", {"name": "one"}, {"name": "two"}),
        ("room.update", {"name": "three"}, {"topic": "three"}),
        ("room.role", {"user": b.user.id, "role": "admin"}, {"user": b.user.id, "role": "member"}),
        ("room.mute", {"user": b.user.id, "until": 4102444800000}, {"user": b.user.id, "until": 4102444800001}),
    ]
    for type, fields, others in pairs:
        key = cid()
        a.command(type, room=room, cid=key, **fields)
        assert refusal(a, type, room=room, cid=key, **others) == ("conflict", "cid"), type
    key = cid()
    a.command("message.send", room=room, cid=key, text="x")
    assert refusal(a, "message.delete", room=room, cid=key, target=other) == ("conflict", "cid")


def test_a_create_with_other_content_under_the_same_cid_is_a_conflict(pair):
    a, b, _ = pair
    for others in ({"name": "Other"}, {"topic": "other"}, {"members": [b.user.id]}, {"kind": "channel", "visibility": "private"}):
        key = cid()
        a.command("room.create", kind="group", name="One", cid=key)
        assert refusal(a, "room.create", **{"kind": "group", "name": "One", "cid": key, **others})[0] == "conflict", others


@pytest.mark.exact("a repeat of what was answered and lost is a dup")
def test_a_cid_belongs_to_a_room_and_a_user(pair):
    a, b, room = pair
    other, key = a.group(b.user), cid()
    texts = [(a, room, "one"), (b, room, "two"), (a, other, "three"), (b, other, "four")]
    for client, where, text in texts:
        assert "dup" not in client.command("message.send", room=where, cid=key, text=text)
    assert [m["text"] for m in a.command("room.history", room=room)["messages"]] == ["one", "two"]


def test_a_refused_command_leaves_its_cid_free(pair):
    a, b, room = pair
    key = cid()
    assert a.refused("message.send", room=room, cid=key, text="x", reply_to=1) == "not_found"
    assert "dup" not in a.command("message.send", room=room, cid=key, text="y")


def test_a_repeat_is_known_after_the_message_was_edited_and_deleted(pair):
    a, _, room = pair
    key = cid()
    said = a.command("message.send", room=room, cid=key, text="first")
    a.command("message.edit", room=room, cid=cid(), target=said["seq"], text="second")
    assert a.command("message.send", room=room, cid=key, text="first")["seq"] == said["seq"]
    a.command("message.delete", room=room, cid=cid(), target=said["seq"])
    again = a.command("message.send", room=room, cid=key, text="first")
    assert (again["seq"], again["n"], again["dup"]) == (said["seq"], said["n"], True)
    assert refusal(a, "message.send", room=room, cid=key, text="second") == ("conflict", "cid")


def test_a_repeat_is_known_however_much_came_after_it(pair):
    a, _, room = pair
    key, after = cid(), head(a, room)
    said = a.command("message.send", room=room, cid=key, after=after, text="first")
    for future in [a.start("message.send", room=room, cid=cid(), text=f"{i}") for i in range(300)]:
        a.finish(future)
    again = a.command("message.send", room=room, cid=key, after=after, text="first")
    assert (again["seq"], again["ts"], again["dup"]) == (said["seq"], said["ts"], True)
    assert refusal(a, "message.send", room=room, cid=key, after=after, text="other") == ("conflict", "cid")


def test_an_after_beyond_the_head_is_refused_or_waited_for_but_sends_nothing_twice(pair):
    a, _, room = pair
    key = cid()
    first = a.command("message.send", room=room, cid=key, after=9007199254740991, text="from afar")
    again = a.command("message.send", room=room, cid=key, after=9007199254740991, text="from afar")
    assert again["seq"] == first["seq"] and again["dup"] is True


def test_a_repeat_by_somebody_who_left_since_is_answered_as_at_first_or_refused(pair):
    a, b, room = pair
    key = cid()
    b.command("message.send", room=room, cid=key, text="bye")
    b.command("room.leave", room=room, cid=cid())
    try:
        assert b.command("message.send", room=room, cid=key, text="bye")["dup"] is True
    except Refused as refused:
        assert refused.code == "not_found"
    assert len([m for m in a.command("room.history", room=room)["messages"] if m["text"] == "bye"]) == 1


def same_state(client, type, **fields):
    before = head(client, fields["room"])
    answer = client.command(type, cid=cid(), **fields)
    assert answer["dup"] is True and head(client, fields["room"]) == before, answer


def test_what_is_as_wished_already_is_ok_and_makes_no_entry(pair):
    a, b, room = pair
    said = a.say(room, "same")["seq"]
    same_state(a, "message.edit", room=room, target=said, text="same")
    same_state(a, "message.react", room=room, target=said, key="+1", on=False)
    a.command("message.react", room=room, cid=cid(), target=said, key="+1", on=True)
    same_state(a, "message.react", room=room, target=said, key="+1", on=True)
    same_state(a, "room.add", room=room, user=b.user.id)
    a.command("message.delete", room=room, cid=cid(), target=said)
    same_state(a, "message.delete", room=room, target=said)
    channel = a.channel()
    same_state(a, "room.join", room=channel)


def test_a_join_that_changes_nothing_tells_the_seq_of_the_first(pair):
    a, b, _ = pair
    channel = a.channel()
    first = b.command("room.join", room=channel, cid=cid())
    assert b.command("room.join", room=channel, cid=cid())["dup"] is True
    assert b.command("room.leave", room=channel, cid=cid())["seq"] > first["seq"]
    assert b.refused("room.leave", room=channel, cid=cid()) in ("not_found",)
