"""Edits, deletions, reactions, replies, mentions: what they may point at, and who may."""

import pytest

from client import cid

SETTINGS = {"limits.refused_per_10s": 0}
NONE = "00000000-0000-4000-8000-00000000abcd"


@pytest.fixture(scope="module")
def three(house):
    clients = [house.user(name).connect() for name in ("owner", "admin", "member")]
    yield clients
    for client in clients:
        client.close()


@pytest.fixture
def trio(three):
    """The three with a group that is new for each test."""
    owner, admin, member = three
    room = owner.group(admin.user, member.user)
    owner.command("room.role", room=room, cid=cid(), user=admin.user.id, role="admin")
    return owner, admin, member, room


def test_a_target_must_be_a_message_of_this_room(trio):
    o, _, _, room = trio
    said = o.say(room, "here")["seq"]
    edited = o.command("message.edit", room=room, cid=cid(), target=said, text="changed")["seq"]
    other = o.group()
    there = [o.say(other, "there")["seq"] for _ in range(20)][-1]
    for target in (1, 2, edited, there, edited + 1, 9007199254740991):
        for type, fields in (("message.edit", {"text": "x"}), ("message.delete", {}), ("message.react", {"key": "k", "on": True}), ):
            assert o.refused(type, room=room, cid=cid(), target=target, **fields) == "not_found", (type, target)
        assert o.refused("message.send", room=room, cid=cid(), text="re", reply_to=target) == "not_found"
    for target in (0, -1, None):
        assert o.refused("message.delete", room=room, cid=cid(), target=target) == "bad_field"


def test_only_the_author_edits_and_author_admin_and_owner_delete(trio):
    o, a, m, room = trio
    said = m.say(room, "mine")["seq"]
    for client in (o, a):
        assert client.refused("message.edit", room=room, cid=cid(), target=said, text="yours") == "forbidden"
    mine = o.say(room, "the owner's")["seq"]
    assert m.refused("message.delete", room=room, cid=cid(), target=mine) == "forbidden"
    event_of = lambda seq: o.wait_for(lambda e: e["type"] == "message.deleted" and e["room"] == room and e["target"] == seq)
    a.command("message.delete", room=room, cid=cid(), target=mine)
    assert event_of(mine)["by"] == a.user.id
    o.command("message.delete", room=room, cid=cid(), target=said)
    assert event_of(said)["by"] == o.user.id
    own = m.say(room, "gone soon")["seq"]
    m.command("message.delete", room=room, cid=cid(), target=own)
    assert event_of(own)["by"] == m.user.id


def test_in_a_direct_room_only_the_author_deletes(house):
    with house.user().connect() as a, house.user().connect() as b:
        said = a.command("message.send", to=b.user.id, cid=cid(), text="for you")
        assert b.refused("message.delete", room=said["room"], cid=cid(), target=said["seq"]) == "forbidden"
        a.command("message.delete", room=said["room"], cid=cid(), target=said["seq"])


def test_an_answer_to_a_deleted_message_is_allowed_and_copies_nothing(trio):
    o, a, _, room = trio
    said = o.say(room, "a secret")["seq"]
    o.command("message.delete", room=room, cid=cid(), target=said)
    a.say(room, "an answer", reply_to=said)
    event = o.message(room, "an answer")
    assert event["reply_to"] == said
    page = o.command("room.history", room=room)
    assert "a secret" not in str(page) and page["messages"][-1]["reply_to"] == said


def test_a_tombstone_is_all_that_is_left(trio):
    o, _, m, room = trio
    key = cid()
    said = m.say(room, "to be gone", cid=key, mentions=[o.user.id])
    m.command("message.react", room=room, cid=cid(), target=said["seq"], key="+1", on=True)
    m.command("message.edit", room=room, cid=cid(), target=said["seq"], text="to be gone, edited")
    m.command("message.delete", room=room, cid=cid(), target=said["seq"])
    tombstone = next(x for x in o.command("room.history", room=room)["messages"] if x["seq"] == said["seq"])
    wanted = {"room": room, "seq": said["seq"], "n": said["n"], "from": m.user.id, "ts": said["ts"], "deleted": True}
    assert {k: v for k, v in tombstone.items() if k not in ("type", "cid")} == wanted
    events = o.command("room.events", room=room, after_seq=0, limit=100)["events"]
    assert "to be gone" not in str(events)
    assert [e["seq"] for e in events] == list(range(1, len(events) + 1))


def test_a_tombstone_counts_until_it_is_read(trio):
    o, _, m, room = trio
    mine = lambda: next(r for r in m.command("sync")["rooms"] if r["room"] == room)
    said = [o.say(room, f"{i}") for i in range(3)]
    o.command("message.delete", room=room, cid=cid(), target=said[1]["seq"])
    assert mine()["unread"] == 3 and mine()["n"] == 3
    assert m.command("read", room=room, n=said[1]["n"])["unread"] == 1
    o.command("message.delete", room=room, cid=cid(), target=said[2]["seq"])
    last = mine()["last"]
    assert last.get("deleted") is True and "text" not in last and mine()["unread"] == 1


def test_edits_and_reactions_do_not_count_as_messages(trio):
    o, _, m, room = trio
    said = o.say(room, "one")
    m.command("read", room=room, n=said["n"])
    o.command("message.edit", room=room, cid=cid(), target=said["seq"], text="two")
    o.command("message.react", room=room, cid=cid(), target=said["seq"], key="k", on=True)
    entry = next(r for r in m.command("sync")["rooms"] if r["room"] == room)
    assert (entry["n"], entry["read_n"], entry["unread"]) == (said["n"], said["n"], 0)
    assert o.say(room, "three")["n"] == said["n"] + 1


def test_reactions_are_each_persons_own(trio):
    o, a, _, room = trio
    said = o.say(room, "vote")["seq"]
    for client in (o, a):
        client.command("message.react", room=room, cid=cid(), target=said, key="+1", on=True)
    off = a.command("message.react", room=room, cid=cid(), target=said, key="+1", on=False)
    event = o.wait_for(lambda e: e["type"] == "reaction" and e.get("seq") == off["seq"] and e["room"] == room)
    assert (event["target"], event["key"], event["by"], event["on"]) == (said, "+1", a.user.id, False)
    for client, me in ((o, True), (a, False)):
        assert client.command("room.history", room=room)["messages"][-1]["reactions"] == [{"key": "+1", "count": 1, "me": me}]


@pytest.mark.exact("an owner that comes anew counts what the store has")
def test_a_message_takes_fifty_different_reactions(trio):
    o, a, _, room = trio
    said = o.say(room, "many")["seq"]
    react = lambda client, key, on=True: client.command("message.react", room=room, cid=cid(), target=said, key=key, on=on)
    for i in range(50):
        react((o, a)[i % 2], f"{i}")
    assert o.refused("message.react", room=room, cid=cid(), target=said, key="one more", on=True) == "conflict"
    react(o, "49")
    assert len(o.command("room.history", room=room)["messages"][-1]["reactions"]) == 50


@pytest.mark.parametrize("key, fits", [("k", True), ("é" * 16, True), ("k" * 32, True), ("é" * 17, False), ("", False)])
def test_a_reaction_has_up_to_32_bytes(trio, key, fits):
    o, _, _, room = trio
    said = o.say(room, "vote")["seq"]
    if fits:
        o.command("message.react", room=room, cid=cid(), target=said, key=key, on=True)
        assert o.command("room.history", room=room)["messages"][-1]["reactions"][0]["key"] == key
    else:
        assert o.refused("message.react", room=room, cid=cid(), target=said, key=key, on=True) == "bad_field"


def test_who_is_no_member_is_dropped_from_mentions(house, trio):
    o, a, m, room = trio
    stranger = house.user()
    o.say(room, "hey", mentions=[a.user.id, stranger.id, NONE, m.user.id])
    assert set(m.message(room, "hey")["mentions"]) == {a.user.id, m.user.id}
    o.say(room, "nobody", mentions=[stranger.id])
    assert m.message(room, "nobody").get("mentions", []) == []
    with stranger.connect() as s:
        assert room not in [r["room"] for r in s.command("sync")["rooms"]]


def test_fifty_mentions_are_taken_and_no_more(trio):
    o, a, m, room = trio
    many = [f"00000000-0000-4000-8000-{i:012x}" for i in range(1, 50)]
    o.say(room, "fifty", mentions=[*many, m.user.id])
    assert m.message(room, "fifty")["mentions"] == [m.user.id]
    answer = None
    try:
        answer = o.say(room, "more", mentions=[*many, a.user.id, m.user.id])
    except Exception as refused:
        assert refused.code == "bad_field" and refused.field == "mentions"
    assert answer is None or len(m.message(room, "more")["mentions"]) <= 50


def test_an_edit_of_a_mention_and_a_read_clear_what_they_should(trio):
    o, _, m, room = trio
    mine = lambda: next(r for r in m.command("sync")["rooms"] if r["room"] == room)
    first = o.say(room, "hey", mentions=[m.user.id])
    o.say(room, "unrelated")
    assert mine()["mentioned"] is True
    m.command("read", room=room, n=first["n"])
    assert mine()["mentioned"] is False and mine()["unread"] == 1
