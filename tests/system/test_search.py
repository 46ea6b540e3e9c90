"""Search: messages of my rooms as they are now, by words."""

import pytest

from client import cid


@pytest.fixture(scope="module")
def pair(house):
    ann, bob = house.user(), house.user()
    with ann.connect() as a, bob.connect() as b:
        yield a, b, a.group(bob)


def texts(client, q, **fields):
    return [h["text"] for h in client.command("search", q=q, **fields)["hits"]]


def test_a_hit_says_where_it_is(pair):
    a, b, room = pair
    word = f"w{cid()}"
    said = a.say(room, f"the {word} here")
    hit = b.command("search", q=word)["hits"]
    assert hit == [{"room": room, "seq": said["seq"], "n": said["n"], "from": a.user.id, "ts": said["ts"], "text": f"the {word} here"}]


def test_words_are_found_without_regard_to_case_and_order(pair):
    a, b, room = pair
    word = f"w{cid()}"
    a.say(room, f"Ärger and {word}")
    for q in (word.upper(), f"{word} and", f"ärger {word}"):
        assert texts(b, q) == [f"Ärger and {word}"], q
    assert texts(b, f"{word} absent") == []


def test_an_edit_is_found_by_its_new_words_alone(pair):
    a, b, room = pair
    old, new = f"old{cid()}", f"new{cid()}"
    said = a.say(room, old)["seq"]
    assert texts(b, old) == [old]
    a.command("message.edit", room=room, cid=cid(), target=said, text=new)
    assert (texts(b, old), texts(b, new)) == ([], [new])
    a.command("message.delete", room=room, cid=cid(), target=said)
    assert texts(b, new) == []


def test_one_room_can_be_searched_alone(pair):
    a, b, room = pair
    word, other = f"w{cid()}", a.group(b.user)
    a.say(room, f"{word} one")
    a.say(other, f"{word} two")
    assert texts(b, word, room=other) == [f"{word} two"]
    assert sorted(texts(b, word)) == [f"{word} one", f"{word} two"]


def test_rooms_that_one_left_are_not_searched(house, pair):
    a, _, _ = pair
    with house.user().connect() as c:
        word, room = f"w{cid()}", a.group(c.user)
        a.say(room, word)
        assert texts(c, word) == [word]
        a.command("room.remove", room=room, cid=cid(), user=c.user.id)
        assert texts(c, word) == []
        assert c.refused("search", q=word, room=room) == "not_found"


@pytest.mark.parametrize("q", ['"', "'", "a OR b", "NEAR(", "*", "-x", "text:x", "(", "x*", "^x", "%", "_", ";--", "\u0001", "🙂", "a\"b", "{x}"])
def test_no_query_is_an_error_of_the_store(pair, q):
    a, _, _ = pair
    assert a.command("search", q=q)["type"] == "ok"


def test_an_empty_query_is_refused(pair):
    assert pair[0].refused("search", q="") == "bad_field"


@pytest.mark.exact("what is not lost is answered in turn")
def test_many_searches_of_one_user_hold_up_nobody(house):
    with house.user().connect() as a, house.user().connect() as b:
        room = a.group(b.user)
        for _ in range(10):
            for sent in [a.start("message.send", room=room, text="alpha beta " * 30, cid=cid()) for _ in range(40)]:
                a.finish(sent)
        searches = [a.start("search", q="alpha") for _ in range(30)]
        assert len(texts(b, "alpha", limit=100)) == 100
        assert b.command("room.history", room=room)["messages"]
        found = [a.outcome(search) for search in searches]
        assert {answer.get("code", "ok") for answer in found} <= {"ok", "overloaded"}
        assert all(answer["retry"] is True for answer in found if answer["type"] == "error")
        assert texts(a, "alpha")


def test_what_is_found_comes_in_pages_the_newest_first(pair):
    a, b, room = pair
    word, other = f"w{cid()}", a.group(b.user)
    said = [a.say(room if i % 3 else other, f"{word} {i}")["ts"] for i in range(7)]
    found, cursor = [], {}
    while cursor is not None:
        answer = b.command("search", q=word, limit=2, **cursor)
        found += answer["hits"]
        cursor = {"cursor": answer["next"]} if "next" in answer else None
    assert [hit["ts"] for hit in found] == said[::-1]
    assert sorted(hit["text"] for hit in found) == [f"{word} {i}" for i in range(7)]
