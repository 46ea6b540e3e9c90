"""Messages: history, edits, deletes, reactions, unread, resume, search."""

import pytest

from client import Refused, cid


@pytest.fixture
def pair(house):
    ann, bob = house.user("ann"), house.user("bob")
    with ann.connect() as a, bob.connect() as b:
        yield a, b, a.group(bob)


def test_history_is_pages_in_order_with_exclusive_bounds(pair):
    a, _, room = pair
    seqs = [a.say(room, f"m{i}")["seq"] for i in range(25)]
    newest = a.command("room.history", room=room, limit=10)
    assert [m["text"] for m in newest["messages"]] == [f"m{i}" for i in range(15, 25)] and newest["more"] is True
    older = a.command("room.history", room=room, limit=10, before_seq=newest["messages"][0]["seq"])
    assert [m["text"] for m in older["messages"]] == [f"m{i}" for i in range(5, 15)]
    after = a.command("room.history", room=room, limit=100, after_seq=seqs[20])
    assert [m["seq"] for m in after["messages"]] == seqs[21:] and after["more"] is False
    around = a.command("room.history", room=room, limit=5, around_seq=seqs[10])
    assert seqs[10] in [m["seq"] for m in around["messages"]] and len(around["messages"]) == 5
    assert a.command("room.history", room=room, after_seq=seqs[-1])["messages"] == []
    assert a.refused("room.history", room=room, after_seq=1, before_seq=9) == "bad_field"


def test_an_edit_is_seen_live_and_in_history(pair):
    a, b, room = pair
    said = a.say(room, "tpyo")
    ok = a.command("message.edit", room=room, cid=cid(), target=said["seq"], text="typo")
    event = b.wait_for(lambda e: e["type"] == "message.edited" and e["room"] == room)
    assert (event["target"], event["text"], event["seq"]) == (said["seq"], "typo", ok["seq"])
    message = b.command("room.history", room=room)["messages"][-1]
    assert message["text"] == "typo" and message["edited_seq"] == ok["seq"]
    assert a.command("message.edit", room=room, cid=cid(), target=said["seq"], text="typo")["dup"] is True
    assert b.refused("message.edit", room=room, cid=cid(), target=said["seq"], text="mine") == "forbidden"
    assert a.refused("message.edit", room=room, cid=cid(), target=ok["seq"], text="no message") == "not_found"


def test_a_deleted_message_is_gone_from_every_answer(pair):
    a, b, room = pair
    said = a.say(room, "a secret marker")
    a.command("message.edit", room=room, cid=cid(), target=said["seq"], text="a secret marker, edited")
    put = b.command("message.react", room=room, cid=cid(), target=said["seq"], key="a secret marker", on=True)
    gone = a.command("message.delete", room=room, cid=cid(), target=said["seq"])
    event = b.wait_for(lambda e: e["type"] == "message.deleted" and e["room"] == room)
    assert event["target"] == said["seq"] and "text" not in event
    answers = [b.command("room.history", room=room), b.command("room.events", room=room, after_seq=0),
               b.command("search", q="secret marker"), b.command("sync", events=20)]
    assert "secret marker" not in str(answers)
    reaction = next(e for e in answers[1]["events"] if e["seq"] == put["seq"])
    assert "key" not in reaction and reaction["target"] == said["seq"] and reaction["by"] == b.user.id and reaction["on"] is True
    tombstone = next(m for m in answers[0]["messages"] if m["seq"] == said["seq"])
    assert tombstone["deleted"] is True and tombstone["n"] == said["n"]
    assert a.command("message.delete", room=room, cid=cid(), target=said["seq"])["dup"] is True
    assert a.refused("message.edit", room=room, cid=cid(), target=said["seq"], text="x") == "target_deleted"
    assert b.refused("message.react", room=room, cid=cid(), target=said["seq"], key="+1", on=True) == "target_deleted"
    assert gone["seq"] > said["seq"]


def test_reactions_are_counted_by_key(pair):
    a, b, room = pair
    said = a.say(room, "cake?")["seq"]
    for client, key in ((a, "👍"), (b, "👍"), (b, "🎂")):
        client.command("message.react", room=room, cid=cid(), target=said, key=key, on=True)
    assert b.command("message.react", room=room, cid=cid(), target=said, key="🎂", on=True)["dup"] is True
    reactions = {r["key"]: (r["count"], r["me"]) for r in a.command("room.history", room=room)["messages"][-1]["reactions"]}
    assert reactions == {"👍": (2, True), "🎂": (1, False)}
    b.command("message.react", room=room, cid=cid(), target=said, key="🎂", on=False)
    assert [r["key"] for r in a.command("room.history", room=room)["messages"][-1]["reactions"]] == ["👍"]


@pytest.mark.exact("receipts are sent once")
def test_unread_is_the_head_less_the_cursor(pair):
    a, b, room = pair
    for i in range(5):
        a.say(room, f"m{i}")
    mine = lambda c: next(r for r in c.command("sync")["rooms"] if r["room"] == room)
    assert mine(b)["unread"] == 5 and mine(a)["unread"] == 0
    assert b.command("read", room=room, n=3) | {"ref": ""} == {"type": "ok", "ref": "", "read_n": 3, "unread": 2}
    assert a.wait_for(lambda e: e["type"] == "receipt" and e["room"] == room)["read_n"] == 3
    assert b.command("read", room=room, n=1)["read_n"] == 3
    assert b.command("read", room=room, n=999)["unread"] == 0
    b.say(room, "mine")
    assert mine(b)["unread"] == 0 and mine(a)["unread"] == 1


def test_what_was_just_said_in_a_new_room_can_be_read_at_once(pair):
    a, b, _ = pair
    for _ in range(20):
        room = a.group(b.user)
        a.say(room, "new")
        assert b.command("read", room=room, n=1)["read_n"] == 1


def test_members_of_a_small_room_show_how_far_they_have_read(pair):
    a, b, room = pair
    for i in range(3):
        a.say(room, f"m{i}")
    b.command("read", room=room, n=2)
    assert {m["user"]: m["read_n"] for m in a.command("room.members", room=room)["members"]} == {a.user.id: 3, b.user.id: 2}


def test_a_mention_is_kept_until_read(pair):
    a, b, room = pair
    said = a.command("message.send", room=room, cid=cid(), text="@bob", mentions=[b.user.id])
    assert b.message(room, "@bob")["mentions"] == [b.user.id]
    mine = lambda: next(r for r in b.command("sync")["rooms"] if r["room"] == room)
    assert mine()["mentioned"] is True
    b.command("read", room=room, n=said["n"])
    assert mine()["mentioned"] is False


def test_a_client_that_was_away_gets_what_it_missed_in_order(pair):
    a, b, room = pair
    head = a.say(room, "last seen")["seq"]
    b.message(room, "last seen")
    b.close()
    for i in range(30):
        a.say(room, f"missed {i}")
    with b.user.connect() as back:
        entry = next(r for r in back.command("sync", rooms={room: head})["rooms"] if r["room"] == room)
        assert entry["seq"] == head + 30
        events = back.command("room.events", room=room, after_seq=head, limit=100)["events"]
        assert [e["seq"] for e in events] == list(range(head + 1, head + 31))
        assert [e["text"] for e in events] == [f"missed {i}" for i in range(30)]


@pytest.mark.exact("what is refused for now is sent once more, behind the others")
def test_pipelined_sends_are_decided_in_the_order_sent(pair):
    a, b, room = pair
    futures = [a.start("message.send", room=room, cid=cid(), text=f"p{i}") for i in range(60)]
    seqs = [a.finish(f)["seq"] for f in futures]
    assert seqs == sorted(seqs) and len(set(seqs)) == 60
    b.message(room, "p59")
    assert [e["text"] for e in b.of_room(room) if e["type"] == "message"] == [f"p{i}" for i in range(60)]


def test_search_finds_only_what_one_may_read(house, pair):
    a, b, room = pair
    word = f"zebra{cid()}"
    a.say(room, f"the {word} crossed")
    hit = b.command("search", q=word)["hits"]
    assert [h["text"] for h in hit] == [f"the {word} crossed"]
    with house.user().connect() as stranger:
        assert stranger.command("search", q=word)["hits"] == []
        assert stranger.refused("search", q=word, room=room) == "not_found"


def test_the_same_cid_with_other_words_is_a_conflict(pair):
    a, _, room = pair
    key = cid()
    first = a.command("message.send", room=room, cid=key, text="one")
    again = a.command("message.send", room=room, cid=key, text="one")
    assert again["dup"] is True and again["seq"] == first["seq"]
    with pytest.raises(Refused) as refused:
        a.command("message.send", room=room, cid=key, text="two")
    assert refused.value.code == "conflict"


def test_a_message_sent_at_once_comes_back_to_its_sender(house):
    ann, bob = house.user(), house.user()
    client = ann.connect()
    room = client.group(bob)
    client.close()
    for i in range(10):
        client = ann.connect()
        client.say(room, f"at once {i}")
        client.message(room, f"at once {i}")
        client.close()
