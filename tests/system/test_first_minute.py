"""What two people do in their first minute."""

import pytest

from client import cid


def test_a_new_user_finds_the_general_channel(house):
    with house.user().connect() as one:
        rooms = one.command("sync")["rooms"]
        assert [r["name"] for r in rooms] == ["general"]
        assert rooms[0]["kind"] == "channel" and rooms[0]["visibility"] == "public"


def test_a_message_reaches_the_other_and_comes_back_to_the_sender(house):
    ann, bob = house.user("ann"), house.user("bob")
    with ann.connect() as a, bob.connect() as b:
        general = a.command("sync")["rooms"][0]["room"]
        key = cid()
        ok = a.command("message.send", room=general, cid=key, text="Hello, Bob")
        for client in (a, b):
            event = client.message(general, "Hello, Bob")
            assert event["seq"] == ok["seq"] and event["n"] == ok["n"] and event["from"] == ann.id
            assert event["cid"] == key and event["ts"] == ok["ts"]


@pytest.mark.exact("a lost answer is asked for again")
def test_the_answer_comes_before_the_senders_own_event(house):
    with house.user().connect() as a:
        room = a.group()
        answer = a.start("message.send", room=room, cid=cid(), text="first")
        a.message(room, "first")
        assert answer.done()


def test_a_direct_message_makes_the_room_of_two(house):
    ann, bob = house.user(), house.user()
    with ann.connect() as a, bob.connect() as b:
        ok = a.command("message.send", to=bob.id, cid=cid(), text="psst")
        event = b.message(ok["room"], "psst")
        assert event["from"] == ann.id
        again = b.command("message.send", to=ann.id, cid=cid(), text="yes?")
        assert again["room"] == ok["room"]
        a.message(ok["room"], "yes?")
        entry = next(r for r in b.command("sync")["rooms"] if r["room"] == ok["room"])
        assert entry["kind"] == "direct" and entry["peer"] == ann.id


def test_everything_is_there_after_a_kill(fresh):
    fresh.start()
    ann, bob = fresh.user(), fresh.user()
    with ann.connect() as a, bob.connect() as b:
        room = a.group(bob, name="Kept")
        seqs = [a.say(room, f"message {i}")["seq"] for i in range(50)]
        b.message(room, "message 49")
    fresh.kill()
    fresh.start()
    with ann.connect() as a, bob.connect() as b:
        page = a.command("room.history", room=room, limit=100)
        assert [m["text"] for m in page["messages"]] == [f"message {i}" for i in range(50)]
        assert [m["seq"] for m in page["messages"]] == seqs
        b.say(room, "after the kill")
        a.message(room, "after the kill")


def test_a_repeat_after_a_kill_finds_the_first_message(fresh):
    fresh.start()
    ann = fresh.user()
    with ann.connect() as a:
        room, key = a.group(), cid()
        head = a.say(room, "before")["seq"]
        first = a.command("message.send", room=room, cid=key, after=head, text="once")
    fresh.kill()
    fresh.start()
    with ann.connect() as a:
        again = a.command("message.send", room=room, cid=key, after=head, text="once")
        assert again["dup"] is True
        assert (again["seq"], again["n"]) == (first["seq"], first["n"])
        assert a.refused("message.send", room=room, cid=key, after=head, text="other words") == "conflict"
