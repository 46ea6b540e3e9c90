"""A store that gathers for a second: who asks hurries it, on whatever worker, and so does who deletes an account or ends the process."""

import contextlib
import sqlite3

import pytest

from house import House

ROOMS = 8  # of 16 shards, on two workers

# A question that nobody hurries is answered without what it waited for.
SLOW = {"message.gather_ms": 1000, "message.fresh_wait_ms": 400}


@pytest.fixture
def slow(tmp_path, options):
    made = House(tmp_path / "slow", workers=options["workers"], chaos=options["chaos"], settings=SLOW)
    made.start()
    yield made
    made.stop()


@pytest.mark.exact("a word that is lost hurries nothing")
def test_what_was_acknowledged_is_read_at_once(slow):
    """A list has rooms of all workers; a page is asked for where its room is stored."""
    with slow.user().connect() as ann:
        rooms = [ann.group() for _ in range(ROOMS)]
        for n in range(1, 4):
            for room in rooms:
                ann.say(room, "here")
                assert {r["room"]: r["n"] for r in ann.command("room.list")["rooms"]}[room] == n
        assert [len(ann.command("room.history", room=room)["messages"]) for room in rooms] == [3] * ROOMS


def test_who_deletes_an_account_right_after_joining_is_in_no_room(slow):
    with slow.user().connect() as ann:
        for _ in range(4):
            bob = slow.user()
            rooms = [ann.group(bob) for _ in range(ROOMS)]
            assert bob.http("DELETE", "/user/me", {"password": bob.password}).status == 200
            for room in rooms:
                ann.wait_for(lambda e, room=room: e["type"] == "member" and e["room"] == room and e["user"] == bob.id and e["state"] == "left")


@pytest.mark.exact("a cursor that is lost is asked for again by the client alone")
def test_who_has_just_joined_has_read_at_once(slow):
    with slow.user().connect() as ann, slow.user().connect() as bob:
        for _ in range(ROOMS):
            room = ann.group(bob.user)
            ann.say(room, "read me")
            bob.message(room, "read me")
            assert bob.command("read", room=room, n=1)["read_n"] == 1


def test_a_process_that_ends_has_stored_all_of_its_log(slow):
    with slow.user().connect() as ann:
        room = ann.group()
        for i in range(40):
            ann.say(room, f"{i}")
    slow.stop()
    with contextlib.closing(sqlite3.connect(f"{slow.data}/log.db")) as log, contextlib.closing(sqlite3.connect(f"{slow.data}/store.db")) as store:
        newest = dict(log.execute("SELECT shard, max(idx) FROM records GROUP BY shard"))
        assert dict(store.execute("SELECT shard, idx FROM shard_progress")) == newest
