"""Lists and pages: every list is walked to its end, cursors are one's own, and what they hold is exact."""

import pytest

from client import Refused, cid

SETTINGS = {"limits.refused_per_10s": 0}
ROOMS = 7
PEOPLE = ("ann", "bob", "cleo")


@pytest.fixture(scope="module")
def rooms(people):
    """Groups of ann and bob, in the order in which somebody said something last."""
    ann, bob, _ = people
    made = [ann.group(bob.user, name=f"Group {i}") for i in range(ROOMS)]
    for room in made:
        for i in range(3):
            ann.say(room, f"{i} in it")
    return made


def pages(client, type, key, limit, **fields):
    """The pages of a list, walked by its cursor."""
    got, cursor = [], None
    while True:
        answer = client.command(type, limit=limit, cursor=cursor, **fields)
        got.append(answer[key])
        assert len(answer[key]) <= limit
        cursor = answer.get("next")
        if cursor is None:
            return got
        assert isinstance(cursor, str) and len(got) < 50


def whole(client, type, key, limit, **fields):
    return [one for page in pages(client, type, key, limit, **fields) for one in page]


def refusal(client, type, **fields):
    with pytest.raises(Refused) as refused:
        client.command(type, **fields)
    return refused.value.code, refused.value.field


def test_my_rooms_come_newest_first_and_each_once(people, rooms):
    ann, bob, _ = people
    for limit in (1, 2, ROOMS, 100):
        listed = [r["room"] for r in whole(bob, "room.list", "rooms", limit) if r["kind"] == "group"]
        assert listed == rooms[::-1]
    ann.say(rooms[0], "newest now")
    bob.message(rooms[0], "newest now")
    assert [r["room"] for r in bob.command("room.list", limit=2)["rooms"]] == [rooms[0], rooms[-1]]
    ann.say(rooms[-1], "and last again")
    for room in rooms:
        ann.say(room, "in order again")


def test_sync_walks_all_rooms_and_each_once(people, rooms):
    bob = people[1]
    for limit in (1, 3, 100):
        listed = [r["room"] for r in whole(bob, "sync", "rooms", limit) if r["kind"] == "group"]
        assert sorted(listed) == sorted(rooms)


def test_public_channels_are_walked_by_prefix_without_regard_to_case(people):
    ann, bob, _ = people
    prefix = f"Äpfel {cid()[:8]} "
    made = [ann.channel(f"{prefix}{i}") for i in range(5)]
    ann.channel(f"{prefix}hidden", visibility="private")
    for asked in (prefix, prefix.upper(), prefix.lower()):
        found = whole(bob, "room.public", "rooms", 2, prefix=asked)
        assert [r["room"] for r in found] == made
    assert found[0]["name"] == f"{prefix}0" and found[0]["members"] == 1
    assert not {"role", "unread", "read_n"} & set(found[0])
    assert bob.command("room.public", prefix=prefix + "0" * 8)["rooms"] == []


def test_members_are_walked_and_each_once(people):
    ann, bob, cleo = people
    room = ann.group(bob.user, cleo.user)
    for limit in (1, 2, 3, 100):
        members = whole(cleo, "room.members", "members", limit, room=room)
        assert sorted(m["user"] for m in members) == sorted(c.user.id for c in people)


def test_hits_are_walked_and_each_once(people):
    ann, bob, _ = people
    room, word = ann.group(bob.user), f"needle{cid()}"
    said = [ann.say(room, f"{word} {i}")["seq"] for i in range(5)]
    for limit in (1, 2, 5, 100):
        hits = whole(bob, "search", "hits", limit, q=word)
        assert sorted(h["seq"] for h in hits) == said


def test_history_is_walked_from_both_ends(people, rooms):
    ann, bob, _ = people
    room = ann.group(bob.user)
    said = [ann.say(room, f"{i}")["seq"] for i in range(9)]
    for limit in (1, 4, 9):
        backward, before = [], None
        while True:
            page = bob.command("room.history", room=room, limit=limit, before_seq=before)
            backward = [m["seq"] for m in page["messages"]] + backward
            if not page["more"]:
                break
            before = page["messages"][0]["seq"]
        forward, after = [], 0
        while True:
            page = bob.command("room.history", room=room, limit=limit, after_seq=after)
            forward += [m["seq"] for m in page["messages"]]
            if not page["more"]:
                break
            after = page["messages"][-1]["seq"]
        assert backward == forward == said


def test_events_are_walked_from_both_ends_and_dense(people):
    ann, bob, _ = people
    room = ann.group(bob.user)
    last = [ann.say(room, f"{i}")["seq"] for i in range(9)][-1]
    for limit in (1, 5, 100):
        forward, after = [], 0
        while True:
            page = bob.command("room.events", room=room, limit=limit, after_seq=after)
            assert page["head"] == last and not page.get("truncated")
            forward += [e["seq"] for e in page["events"]]
            if not page["more"]:
                break
            after = forward[-1]
        backward, before = [], last + 1
        while True:
            page = bob.command("room.events", room=room, limit=limit, before_seq=before)
            backward = [e["seq"] for e in page["events"]] + backward
            if not page["more"]:
                break
            before = backward[0]
        assert forward == backward == list(range(1, last + 1))


def test_history_around_a_message_has_it_and_both_sides(people):
    ann, bob, _ = people
    room = ann.group(bob.user)
    said = [ann.say(room, f"{i}")["seq"] for i in range(9)]
    for limit in (1, 2, 3, 5):
        seqs = [m["seq"] for m in bob.command("room.history", room=room, around_seq=said[4], limit=limit)["messages"]]
        assert said[4] in seqs and len(seqs) == limit and seqs == sorted(seqs)
    assert [m["seq"] for m in bob.command("room.history", room=room, around_seq=said[0], limit=3)["messages"]][0] == said[0]
    assert [m["seq"] for m in bob.command("room.history", room=room, around_seq=said[-1], limit=3)["messages"]][-1] == said[-1]


def test_beyond_the_head_is_nothing(people, rooms):
    bob = people[1]
    head = bob.command("room.events", room=rooms[0])["head"]
    for after in (head, head + 1, 9007199254740991):
        assert bob.command("room.history", room=rooms[0], after_seq=after)["messages"] == []
        page = bob.command("room.events", room=rooms[0], after_seq=after)
        assert page["events"] == [] and page["head"] == head and page["more"] is False
    assert bob.command("room.history", room=rooms[0], before_seq=1)["messages"] == []


@pytest.mark.parametrize("bounds", [("before_seq", "after_seq"), ("before_seq", "around_seq"), ("after_seq", "around_seq")])
def test_one_bound_at_the_most(people, rooms, bounds):
    assert refusal(people[0], "room.history", room=rooms[0], **dict.fromkeys(bounds, 5))[0] == "bad_field"
    if "around_seq" not in bounds:
        assert refusal(people[0], "room.events", room=rooms[0], **dict.fromkeys(bounds, 5))[0] == "bad_field"


LISTS = [("room.list", {}), ("room.public", {}), ("room.members", {"room": None}), ("room.history", {"room": None}), ("room.events", {"room": None}),
         ("sync", {}), ("search", {"q": "it"})]


@pytest.mark.parametrize("type, fields", LISTS, ids=[name for name, _ in LISTS])
def test_a_limit_is_cut_at_a_hundred_and_never_zero(people, rooms, type, fields):
    bob = people[1]
    fields = {key: rooms[0] for key in fields if key == "room"} or fields
    assert bob.command(type, limit=9007199254740991, **fields)["type"] == "ok"
    assert refusal(bob, type, limit=0, **fields) == ("bad_field", "limit")


def test_fifty_are_a_page_and_a_hundred_the_most(people):
    ann, bob, _ = people
    room = ann.group(bob.user)
    for future in [ann.start("message.send", room=room, cid=cid(), text=f"many {i}") for i in range(110)]:
        ann.finish(future)
    for type, key in (("room.history", "messages"), ("room.events", "events")):
        assert len(bob.command(type, room=room)[key]) == 50
        assert len(bob.command(type, room=room, limit=1000)[key]) == 100
    assert len(bob.command("search", q="many", room=room)["hits"]) == 50
    assert len(bob.command("search", q="many", room=room, limit=1000)["hits"]) == 100


def test_a_page_is_bounded_in_bytes_too(people):
    ann, bob, _ = people
    room = ann.group(bob.user)
    for future in [ann.start("message.send", room=room, cid=cid(), text=f"{i} " + "x" * 16000) for i in range(30)]:
        ann.finish(future)
    page = bob.command("room.history", room=room, limit=100)
    assert page["more"] is True and 1 <= len(page["messages"]) <= 16 and page["messages"][-1]["text"].startswith("29 ")
    page = bob.command("room.events", room=room, limit=100, after_seq=0)
    assert page["more"] is True and page["events"][0]["seq"] == 1 and len(page["events"]) <= 16 + 3


@pytest.mark.parametrize("type, fields", LISTS[:3] + LISTS[5:], ids=[name for name, _ in LISTS[:3] + LISTS[5:]])
def test_a_cursor_is_of_one_user_and_one_query(people, rooms, type, fields):
    ann, bob, _ = people
    prefix = f"cursor {cid()[:8]}"
    for i in range(3 if type == "room.public" else 0):
        ann.channel(f"{prefix} {i}")
    fields = {key: rooms[0] for key in fields if key == "room"} or fields
    if type == "room.public":
        fields = {"prefix": prefix}
    cursor = bob.command(type, limit=1, **fields)["next"]
    assert bob.command(type, limit=1, cursor=cursor, **fields)["type"] == "ok"
    assert refusal(ann, type, limit=1, cursor=cursor, **fields) == ("bad_field", "cursor")
    for other, more in LISTS:
        if other != type and other not in ("room.history", "room.events"):
            more = {key: rooms[0] for key in more if key == "room"} or more
            assert refusal(bob, other, cursor=cursor, **more) == ("bad_field", "cursor"), other
    for bad in ("", "x", cursor[:-1], cursor + "A", ("B" if cursor[0] == "A" else "A") + cursor[1:], "A" * 1000):
        assert refusal(bob, type, cursor=bad, **fields) == ("bad_field", "cursor"), bad
    if type == "room.members":
        assert refusal(bob, type, cursor=cursor, room=rooms[1]) == ("bad_field", "cursor")
    if type == "search":
        assert refusal(bob, type, cursor=cursor, q="other") == ("bad_field", "cursor")
        assert refusal(bob, type, cursor=cursor, q="it", room=rooms[0]) == ("bad_field", "cursor")
    if type == "room.public":
        assert refusal(bob, type, cursor=cursor, prefix=prefix[:4]) == ("bad_field", "cursor")


# ---- sync

ENTRY = {"room", "kind", "visibility", "role", "seq", "n", "read_n", "unread", "mentioned", "last"}


def test_an_entry_says_where_one_stands(people):
    ann, bob, _ = people
    room = ann.group(bob.user, name="Named")
    long = "é" * 100
    said = ann.say(room, long, mentions=[bob.user.id])
    for type in ("sync", "room.list"):
        entry = next(r for r in bob.command(type, limit=100)["rooms"] if r["room"] == room)
        assert set(entry) == ENTRY | {"name"}, entry
        assert entry["last"] == {"seq": said["seq"], "from": ann.user.id, "ts": said["ts"], "text": "é" * 64}
        got = (entry["kind"], entry["name"], entry["visibility"], entry["role"], entry["seq"], entry["n"], entry["read_n"], entry["unread"], entry["mentioned"])
        assert got == ("group", "Named", "private", "member", said["seq"], 1, 0, 1, True)
    got = bob.command("room.get", room=room)
    assert got["creator"] == ann.user.id and got["members"] == 2 and got["created"] <= said["ts"]
    assert got["settings"] == {"posting": "members", "adding": "members", "history": "all"}


def test_sync_tells_what_moved_and_what_was_not_named(people, rooms):
    ann, bob, cleo = people
    heads = {r["room"]: r["seq"] for r in whole(bob, "sync", "rooms", 100)}
    assert bob.command("sync", rooms=heads)["rooms"] == []
    said = ann.say(rooms[3], "moved")
    fresh = ann.group(bob.user)
    moved = {r["room"]: r for r in bob.command("sync", rooms=heads)["rooms"]}
    assert set(moved) == {rooms[3], fresh} and moved[rooms[3]]["seq"] == said["seq"]
    heads[rooms[3]] = said["seq"] + 5  # a client that knows more than there is
    assert {r["room"] for r in bob.command("sync", rooms=heads)["rooms"]} == {fresh}
    del heads[rooms[2]]
    assert {r["room"] for r in bob.command("sync", rooms=heads)["rooms"]} == {fresh, rooms[2]}


def test_sync_tells_which_rooms_are_gone(people):
    ann, bob, cleo = people
    left, removed, banned, deleted = [ann.group(bob.user) for _ in range(4)]
    hidden = ann.command("message.send", to=cleo.user.id, cid=cid(), text="x")["room"]
    nowhere = "00000000-0000-4000-8000-00000000abcd"
    bob.command("room.leave", room=left, cid=cid())
    ann.command("room.remove", room=removed, cid=cid(), user=bob.user.id)
    ann.command("room.ban", room=banned, cid=cid(), user=bob.user.id)
    ann.command("room.delete", room=deleted, cid=cid())
    named = [left, removed, banned, deleted, hidden, nowhere]
    answer = bob.command("sync", rooms=dict.fromkeys(named, 1))
    assert set(answer["gone"]) == set(named) and len(answer["gone"]) == len(named)
    assert not set(named) & {r["room"] for r in answer["rooms"]}


def test_sync_can_bring_the_newest_events(people):
    ann, bob, _ = people
    room = ann.group(bob.user)
    said = [ann.say(room, f"{i}") for i in range(25)]
    for events, count in ((20, 20), (3, 3)):
        entry = next(r for r in bob.command("sync", events=events)["rooms"] if r["room"] == room)
        assert [e["text"] for e in entry["events"]] == [f"{i}" for i in range(25 - count, 25)]
    heads = {r["room"]: r["seq"] for r in whole(bob, "sync", "rooms", 100)}
    heads[room] = said[22]["seq"]
    entry = next(r for r in bob.command("sync", rooms=heads, events=20)["rooms"] if r["room"] == room)
    assert entry["events"][-1]["seq"] == said[-1]["seq"] and len(entry["events"]) <= 20
    assert refusal(bob, "sync", events=21)[0] == "bad_field"


def test_an_empty_list_of_rooms_names_none(people, rooms):
    bob = people[1]
    assert {r["room"] for r in bob.command("sync", rooms={}, limit=100)["rooms"]} >= set(rooms)


# ---- freshness

def test_a_read_waits_for_the_seq_it_must_contain(people):
    ann, bob, _ = people
    room = ann.group(bob.user)
    for i in range(20):
        said = ann.say(room, f"{i}")
        page = bob.command("room.history", room=room, at_least=said["seq"])
        assert page["messages"][-1]["seq"] == said["seq"] and page["head"] >= said["seq"]
    head = said["seq"]
    waits = [bob.start(type, room=room, at_least=head + 1) for type in ("room.history", "room.events", "room.members", "room.get")]
    ann.say(room, "what was waited for")
    for future in waits:
        assert bob.finish(future)["type"] == "ok"


@pytest.mark.exact("the answer to the command may get lost, and its own wait is shorter there")
def test_what_does_not_come_within_two_seconds_is_unavailable(people):
    bob = people[1]
    room = bob.group()
    waits = [bob.start(type, room=room, at_least=9999) for type in ("room.history", "room.events")]
    for future in waits:
        with pytest.raises(Refused) as refused:
            bob.finish(future, 4)
        assert refused.value.code == "unavailable" and refused.value.answer["retry"] is True


# ---- unread

def test_unread_is_exact_for_every_way_in(people):
    ann, bob, cleo = people
    mine = lambda client: next(r for r in client.command("sync")["rooms"] if r["room"] == room)
    room = ann.group(bob.user)
    for i in range(3):
        ann.say(room, f"{i}")
    ann.command("room.add", room=room, cid=cid(), user=cleo.user.id)
    assert (mine(cleo)["read_n"], mine(cleo)["unread"]) == (3, 0)
    bob.say(room, "mine")
    assert [mine(c)["unread"] for c in (ann, bob, cleo)] == [1, 0, 1]
    assert mine(bob)["read_n"] == 4
    assert cleo.command("read", room=room, n=9007199254740991) | {"ref": ""} == {"type": "ok", "ref": "", "read_n": 4, "unread": 0}
    assert cleo.command("read", room=room, n=0)["read_n"] == 4
    cleo.command("room.leave", room=room, cid=cid())
    ann.say(room, "while away")
    ann.command("room.add", room=room, cid=cid(), user=cleo.user.id)
    assert mine(cleo)["unread"] == 0 and mine(cleo)["read_n"] == 5
