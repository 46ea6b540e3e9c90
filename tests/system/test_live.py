"""What is said live and kept nowhere: typing, receipts, one's own cursor, presence; and that a removal is the last thing of a room."""

import pytest

from client import Refused, cid

SETTINGS = {"limits.typing_interval_ms": 0, "presence.offline_ms": 0, "presence.batch_ms": 50, "limits.refused_per_10s": 0,
            "chat.receipts_members_max": 8}
pytestmark = pytest.mark.exact("what is kept nowhere may get lost")
PEOPLE = ("ann", "bob", "cleo", "dan")


@pytest.fixture(scope="module")
def many(house):
    """Seven more, each with a connection."""
    clients = [house.user("many").connect() for _ in range(7)]
    yield clients
    for client in clients:
        client.close()


def of(client, type, **fields):
    """The events of that type with those fields that have come so far."""
    return [e for e in list(client.events) if e["type"] == type and all(e.get(k) == v for k, v in fields.items())]


def up_to_date(user):
    """One more connection, which has read where its rooms stand: from then on it is told what comes."""
    client = user.connect()
    client.command("sync")
    return client


def bring_up_to_date(client, room):
    """What was said in the room before has come."""
    marker = cid()
    client.say(room, marker)
    client.message(room, marker)


# ---- typing

def test_typing_is_told_to_the_others_and_ends(people):
    ann, bob, cleo, dan = people
    room = ann.group(bob.user, cleo.user)
    for client in (ann, cleo):
        bring_up_to_date(client, room)
    bob.command("typing", room=room, on=True)
    event = ann.wait_for(lambda e: e["type"] == "typing" and e["room"] == room)
    assert set(event) == {"type", "room", "user", "for_ms"} and event["user"] == bob.user.id and event["for_ms"] > 0
    bob.command("typing", room=room, on=False)
    ann.wait_for(lambda e: e["type"] == "typing" and e["room"] == room and e["for_ms"] == 0)
    cleo.wait_for(lambda e: e["type"] == "typing" and e["room"] == room and e["for_ms"] == 0)
    dan.settle()
    assert of(dan, "typing", room=room) == []


def test_at_most_five_are_named_as_typing(people, many):
    ann = people[0]
    room = ann.group(*[m.user for m in many])
    bring_up_to_date(ann, room)
    for client in many:
        client.command("typing", room=room, on=True)
    bring_up_to_date(many[0], room)
    ann.message(room, of(many[0], "message", room=room)[-1]["text"])
    assert len({e["user"] for e in of(ann, "typing", room=room) if e["for_ms"]}) == 5
    shown, waits = [m for m in many if of(ann, "typing", room=room, user=m.user.id)], many[-1]
    shown[0].command("typing", room=room, on=False)
    waits.command("typing", room=room, on=True)
    ann.wait_for(lambda e: e["type"] == "typing" and e["room"] == room and e["user"] == waits.user.id)


def test_a_muted_and_a_blocked_one_types_unheard(people):
    ann, bob, _, _ = people
    room = ann.group(bob.user)
    ann.command("room.mute", room=room, cid=cid(), user=bob.user.id, until=4102444800000)
    try:
        bob.command("typing", room=room, on=True)
    except Exception as refused:
        assert refused.code in ("muted", "forbidden")


# ---- receipts and cursors

def test_a_receipt_reaches_everybody_in_a_small_room(people):
    ann, bob, cleo, dan = people
    room = ann.group(bob.user, cleo.user)
    said = [ann.say(room, f"{i}") for i in range(3)]
    bob.command("read", room=room, n=said[1]["n"])
    for client in (ann, cleo):
        event = client.wait_for(lambda e: e["type"] == "receipt" and e["room"] == room and e["user"] == bob.user.id)
        assert event == {"type": "receipt", "room": room, "user": bob.user.id, "read_n": said[1]["n"]}
    dan.settle()
    assert of(dan, "receipt", room=room) == []


def test_a_cursor_moves_on_the_other_connections_of_the_reader(people):
    ann, bob, _, _ = people
    room = ann.group(bob.user)
    said = [ann.say(room, f"{i}") for i in range(3)]
    with up_to_date(bob.user) as second:
        bob.command("read", room=room, n=said[1]["n"])
        event = second.wait_for(lambda e: e["type"] == "read" and e["room"] == room)
        assert event == {"type": "read", "room": room, "read_n": said[1]["n"], "unread": 1}


def test_receipts_of_a_larger_room_reach_the_reader_alone(people, many):
    ann, bob = people[:2]
    room = ann.group(bob.user, *[m.user for m in many])
    said = ann.say(room, "many of us")
    with up_to_date(bob.user) as second:
        bob.command("read", room=room, n=said["n"])
        second.wait_for(lambda e: e["type"] == "read" and e["room"] == room)
        bring_up_to_date(ann, room)
        assert of(ann, "receipt", room=room, user=bob.user.id) == []
        ann.command("room.remove", room=room, cid=cid(), user=many[0].user.id)
        bob.command("read", room=room, n=said["n"] + 1)
        assert ann.wait_for(lambda e: e["type"] == "receipt" and e["room"] == room and e["user"] == bob.user.id)["read_n"] == said["n"] + 1


# ---- presence

def watch(client, *users):
    client.command("presence.watch", users=[u.id for u in users])


def presence_of(client, user, state, skip=0):
    return client.wait_for(lambda e: e["type"] == "presence" and e["user"] == user.id and e["state"] == state
                           and any(e is new for new in client.events[skip:]))  # another may be equal


def test_a_watched_user_comes_turns_away_and_goes(house, people):
    ann, other = people[0], house.user()
    ann.group(other)
    watch(ann, other)
    seen = [presence_of(ann, other, "offline")]
    with other.connect() as there:
        seen.append(presence_of(ann, other, "online"))
        there.command("presence.set", state="away")
        seen.append(presence_of(ann, other, "away"))
        mark = len(ann.events)
        there.command("presence.set", state="online")
        seen.append(presence_of(ann, other, "online", mark))
    mark = len(ann.events)
    gone = presence_of(ann, other, "offline", mark)
    assert gone["last_seen"] >= there.ready["server_time"] - 1000
    assert all(set(e) <= {"type", "user", "state", "last_seen"} for e in seen)


def test_of_a_stranger_nothing_is_told(house, people):
    ann, stranger = people[0], house.user()
    shared = house.user()
    ann.group(shared)
    channel = ann.channel()
    watch(ann, stranger, shared)
    with stranger.connect() as s, shared.connect():
        s.command("room.join", room=channel, cid=cid())  # a channel is not enough
        presence_of(ann, shared, "online")
        s.command("presence.set", state="away")
    presence_of(ann, shared, "offline", 0)
    ann.settle()
    assert all(e["state"] == "offline" and not e.get("last_seen") for e in of(ann, "presence", user=stranger.id))


def shown_last(client, user, state):
    """It is what was told of the user last."""
    told = lambda: of(client, "presence", user=user.id)[-1:]
    return client.wait_for(lambda e: told() and e is told()[0] and e["state"] == state)


def test_a_direct_room_shows_presence_unless_it_is_hidden_and_a_block_hides_all(house):
    ann, bob = house.user().connect(), house.user().connect()
    watch(ann, bob.user)
    ann.settle()
    assert of(ann, "presence") == []  # of a stranger
    room = ann.command("message.send", cid=cid(), to=bob.user.id, text="are you there?")["room"]
    presence_of(ann, bob.user, "online")  # who has said nothing
    watch(bob, ann.user)
    presence_of(bob, ann.user, "online")

    bob.command("room.leave", room=room, cid=cid())
    presence_of(ann, bob.user, "offline")
    mark = len(ann.events)
    for state in ("away", "online"):
        bob.command("presence.set", state=state)
    watch(ann, bob.user)
    ann.settle()
    assert {e["state"] for e in ann.events[mark:] if e["type"] == "presence"} <= {"offline"}
    mark = len(ann.events)
    ann.say(room, "still there?")
    presence_of(ann, bob.user, "online", mark)
    shown_last(bob, ann.user, "online")

    bob.say(room, "I am")
    for client in (bob, ann):
        bring_up_to_date(client, room)
    unread = [ann.say(room, "good")["n"] for _ in range(2)]

    marks = {ann: len(ann.events), bob: len(bob.events)}
    bob.command("user.block", user=ann.user.id, on=True)
    gone = [presence_of(ann, bob.user, "offline", marks[ann]), presence_of(bob, ann.user, "offline", marks[bob])]
    assert all(set(e) == {"type", "user", "state", "last_seen"} for e in gone)  # as of somebody who goes
    marks = {ann: len(ann.events), bob: len(bob.events)}
    assert ann.refused("message.send", room=room, cid=cid(), text="why?") == "forbidden"
    for client, state in ((ann, "away"), (bob, "away"), (ann, "online"), (bob, "online")):
        client.command("presence.set", state=state)
        client.command("typing", room=room, on=True)
    with up_to_date(bob.user) as second:
        bob.command("read", room=room, n=unread[0])  # one's own are told
        second.wait_for(lambda e: e["type"] == "read" and e["room"] == room and e["read_n"] == unread[0])
    watch(ann, bob.user)
    again = presence_of(ann, bob.user, "offline", marks[ann])
    assert again["last_seen"] <= gone[0]["last_seen"] + 2000
    read = {m["user"]: m.get("read_n") for m in ann.command("room.members", room=room)["members"]}
    assert read[ann.user.id] > 0 and read[bob.user.id] is None

    bob.command("user.block", user=ann.user.id, on=False)
    for client, other in ((ann, bob), (bob, ann)):
        shown_last(client, other.user, "online")
        other.command("typing", room=room, on=True)
        client.wait_for(lambda e: e["type"] == "typing" and e["room"] == room and client.events.index(e) >= marks[client])
    for client, other in ((ann, bob), (bob, ann)):
        new = client.events[marks[client]:]
        assert len([e for e in new if e["type"] == "typing" and e["for_ms"] and e["user"] == other.user.id]) == 1
        assert {e["state"] for e in new if e["type"] == "presence"} <= {"offline", "online"}
    bob.command("read", room=room, n=unread[1])
    ann.wait_for(lambda e: e["type"] == "receipt" and e["room"] == room and e["user"] == bob.user.id and e["read_n"] == unread[1])
    assert of(ann, "receipt", room=room, user=bob.user.id) == [{"type": "receipt", "room": room, "user": bob.user.id, "read_n": unread[1]}]
    for client in (ann, bob):
        client.close()


def test_a_new_list_replaces_the_old_one(house, people):
    ann, first, second = people[0], house.user(), house.user()
    ann.group(first, second)
    watch(ann, first)
    watch(ann, second)
    with first.connect():
        with second.connect():
            presence_of(ann, second, "online")
    presence_of(ann, second, "offline")
    ann.settle()
    assert of(ann, "presence", user=first.id, state="online") == []


def test_one_of_several_connections_keeps_a_user_online(house, people):
    ann, other = people[0], house.user()
    ann.group(other)
    watch(ann, other)
    with other.connect():
        presence_of(ann, other, "online")
        other.connect().close()
        mark = len(ann.events)
        with house.user().connect() as noise:
            noise.settle()
        assert [e for e in ann.events[mark:] if e["type"] == "presence" and e["user"] == other.id and e["state"] == "offline"] == []


def test_two_hundred_users_can_be_watched(people):
    ann = people[0]
    ids = [f"00000000-0000-4000-8000-{i:012x}" for i in range(1, 202)]
    ann.command("presence.watch", users=ids[:200])
    assert ann.refused("presence.watch", users=ids) == "bad_field"
    ann.command("presence.watch", users=[])
    for state in ("busy", "", 1):
        assert ann.refused("presence.set", state=state) == "bad_field"


# ---- the last thing of a room

ENDS = ["room.remove", "room.ban", "room.leave", "room.delete"]


@pytest.mark.parametrize("end", ENDS)
def test_the_end_of_a_membership_is_the_last_thing_on_every_connection(people, end):
    ann, bob, cleo, _ = people
    room = ann.group(bob.user, cleo.user)
    with up_to_date(bob.user) as second:
        started = []
        begin = lambda client, type, **fields: started.append((client, client.start(type, room=room, **fields)))
        for i in range(30):
            begin(ann, "message.send", cid=cid(), text=f"{i}")
            begin(cleo, "typing", on=i % 2 == 0)
            begin(cleo, "read", n=i)
            if i == 15:
                user = {"user": bob.user.id} if end in ("room.remove", "room.ban") else {}
                begin(bob if end == "room.leave" else ann, end, cid=cid(), **user)
        for client, future in started:
            try:
                client.finish(future)
            except Refused as refused:
                assert end == "room.delete" and refused.code == "not_found", refused
        kinds = {"room.remove": "removed", "room.ban": "banned", "room.leave": "left"}
        for client in (bob, second):
            last = client.wait_for(lambda e: e.get("room") == room and (e["type"] == "room.deleted" or
                                   e["type"] == "member" and e["user"] == bob.user.id and e["state"] == kinds.get(end)))
            client.settle()
            assert [e for e in client.events if e.get("room") == room][-1] == last
