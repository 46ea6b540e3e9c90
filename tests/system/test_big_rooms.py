"""Rooms over 256 members: who comes and goes is told to those concerned alone, and `prev` says that nothing is missing."""

import contextlib
import os
import sqlite3
import time

import pytest

from client import cid
from house import House

QUIET_ABOVE = 256


@pytest.fixture(scope="module")
def big(tmp_path_factory, options):
    """(house, ids of 300 people who never sign in)"""
    house = House(tmp_path_factory.mktemp("big"), workers=options["workers"], chaos=options["chaos"],
                  settings={"limits.refused_per_10s": 0}).start()
    house.user()
    house.stop()
    ids = [f"00000000-0000-4000-8000-{i:012x}" for i in range(1, 301)]
    with contextlib.closing(sqlite3.connect(os.path.join(house.data, "users.db"))) as users:
        now = int(time.time() * 1000)
        users.executemany("INSERT INTO users (id, username, display_name, bio, password_hash, created, token_version, row_version, disabled, deleted)"
                          " VALUES (?, ?, ?, '', '', ?, 1, 1, 0, 0)",
                          [(bytes.fromhex(id.replace("-", "")), f"crowd{i}", f"Crowd {i}", now) for i, id in enumerate(ids)])
        users.commit()
    house.start()
    yield house, ids
    house.stop()


def fill(owner, room, ids):
    for future in [owner.start("room.add", room=room, cid=cid(), user=id) for id in ids]:
        owner.finish(future)


def applied(events, mine):
    """The newest seq after the events, each of which has to come next by the gap test of the protocol."""
    for event in events:
        if event["seq"] <= mine:
            continue
        assert event.get("prev", event["seq"] - 1) <= mine, (event, mine)
        mine = event["seq"]
    return mine


def test_in_a_big_room_coming_and_going_is_told_to_the_one_concerned(big):
    house, ids = big
    ann, bob, cleo = house.user(), house.user(), house.user()
    with ann.connect() as a, bob.connect() as b, cleo.connect() as c:
        room = a.channel()
        fill(a, room, ids[:QUIET_ABOVE - 2])
        b.command("room.join", room=room, cid=cid())  # the 256th
        a.wait_for(lambda e: e["type"] == "member" and e.get("user") == bob.id and e["room"] == room)
        fill(a, room, ids[QUIET_ABOVE - 2:QUIET_ABOVE])  # more than 256: from here on it is quiet
        start = a.say(room, "start")["seq"]
        for client in (a, b):
            client.message(room, "start")
        joined = c.command("room.join", room=room, cid=cid())["seq"]
        own = c.wait_for(lambda e: e["type"] == "member" and e["room"] == room and e["seq"] == joined)
        assert (own["user"], own["state"]) == (cleo.id, "joined")
        fill(a, room, ids[QUIET_ABOVE:QUIET_ABOVE + 10])
        said = a.say(room, "after ten more")
        for client in (a, b, c):
            event = client.message(room, "after ten more")
            assert event["seq"] == said["seq"] == start + 12
            assert event["prev"] <= (joined if client is c else start)
        assert [e for e in b.of_room(room) if e["type"] == "member" and e["user"] in ids[QUIET_ABOVE:]] == []
        assert [e for e in b.of_room(room) if e.get("user") == cleo.id] == []
        assert applied(b.of_room(room), b.of_room(room)[0]["seq"]) == said["seq"]
        assert applied(c.of_room(room), joined) == said["seq"]
        left = c.command("room.leave", room=room, cid=cid())["seq"]
        assert c.wait_for(lambda e: e["type"] == "member" and e["room"] == room and e["seq"] == left)["state"] == "left"
        more = [a.say(room, f"more {i}")["seq"] for i in range(3)]
        b.message(room, "more 2")
        assert applied(b.of_room(room), b.of_room(room)[0]["seq"]) == more[-1]
        c.settle()
        assert c.of_room(room)[-1]["seq"] == left
        # A role, a mute and a ban are told to everybody, whatever the size.
        roles = a.command("room.role", room=room, cid=cid(), user=ids[0], role="admin")["seq"]
        assert b.wait_for(lambda e: e["type"] == "member" and e["room"] == room and e["seq"] == roles)["role"] == "admin"
        # The log has them all.
        events = b.command("room.events", room=room, after_seq=start, limit=100)["events"]
        assert [e["seq"] for e in events] == list(range(start + 1, roles + 1))
        assert applied(events, start) == roles


def test_the_removed_of_a_big_room_hears_it_last(big):
    house, ids = big
    ann, bob = house.user(), house.user()
    with ann.connect() as a, bob.connect() as b:
        room = a.channel()
        fill(a, room, ids[:QUIET_ABOVE + 5])
        b.command("room.join", room=room, cid=cid())
        for i in range(5):
            a.say(room, f"{i}")
        removed = a.command("room.remove", room=room, cid=cid(), user=bob.id)["seq"]
        for i in range(5):
            a.say(room, f"after {i}")
        a.message(room, "after 4")
        event = b.wait_for(lambda e: e["type"] == "member" and e["room"] == room and e["seq"] == removed)
        b.settle()
        assert event["state"] == "removed" and b.of_room(room)[-1] == event


def test_one_who_was_away_from_a_big_room_resumes_without_a_gap(big):
    house, ids = big
    ann, bob = house.user(), house.user()
    with ann.connect() as a:
        room = a.channel()
        with bob.connect() as b:
            b.command("room.join", room=room, cid=cid())
            fill(a, room, ids[:QUIET_ABOVE + 5])
            mine = a.say(room, "last seen")["seq"]
            b.message(room, "last seen")
        fill(a, room, ids[QUIET_ABOVE + 5:QUIET_ABOVE + 10])
        a.say(room, "while away")
        with bob.connect() as b:
            b.command("sync", rooms={room: mine})
            page = b.command("room.events", room=room, after_seq=mine, limit=100)
            mine = applied(page["events"], mine)
            assert mine == page["head"]
            fill(a, room, ids[QUIET_ABOVE + 10:QUIET_ABOVE + 15])
            said = a.say(room, "back again")["seq"]
            b.message(room, "back again")
            assert applied([e for e in b.of_room(room) if e["seq"] > mine], mine) == said


def test_a_group_takes_a_thousand_and_no_more(big):
    house, ids = big
    with house.user().connect() as a:
        got = a.command("room.create", kind="group", name="x", cid=cid(), members=ids[:100])
        assert a.command("room.get", room=got["room"])["members"] == 101
        members, cursor = [], None
        while True:
            page = a.command("room.members", room=got["room"], cursor=cursor, limit=30)
            members += [m["user"] for m in page["members"]]
            cursor = page.get("next")
            if not cursor:
                break
        assert sorted(members) == sorted([*ids[:100], a.user.id])
