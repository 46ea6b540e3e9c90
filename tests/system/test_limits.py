"""Limits: what is over one is told so, with the wait, and is fine after it; 0 is off."""

import contextlib
import json
import time

import pytest

from client import Client, Refused, cid
from house import House
from wire import Wire

F = Wire.frame


@pytest.fixture
def limited(tmp_path, options):
    """Makes a house with the limits of a new installation, but for those given."""
    made = []

    def make(workers=options["workers"], **settings):
        made.append(House(tmp_path / f"d{len(made)}", workers=workers, open_limits=False,
                          settings={key.replace("__", "."): value for key, value in settings.items()}).start())
        return made[-1]
    yield make
    for house in made:
        house.stop()


def answers(client, type, count, **fields):
    """What `count` of a command in a row are answered with, in order."""
    futures = [client.start(type, **{key: value() if callable(value) else value for key, value in fields.items()}) for _ in range(count)]
    return [client.outcome(future) for future in futures]


def codes(found):
    return [answer.get("code", "ok") for answer in found]


def is_rate_limited(answer):
    return answer["code"] == "rate_limited" and answer["retry"] is True and answer["retry_after_ms"] > 0


def done_after(client, wait_ms, type, **fields):
    """The command, when the wait that was told is over."""
    until = client.command("ping")["server_time"] + wait_ms
    while client.command("ping")["server_time"] < until:
        time.sleep(0.05)
    return client.command(type, **fields)


def test_messages_over_the_rate_are_refused_and_taken_after_the_wait(limited):
    house = limited(limits__messages_per_second=1, limits__messages_burst=3, limits__commands_per_second=0)
    with house.user().connect() as client, house.user().connect() as other:
        room = client.group(other.user)
        found = answers(client, "message.send", 5, room=room, cid=cid, text="x")
        assert codes(found) == ["ok"] * 3 + ["rate_limited"] * 2 and all(map(is_rate_limited, found[3:]))
        assert found[4]["retry_after_ms"] <= 1000
        assert client.command("room.history", room=room)["messages"][-1]["n"] == 3
        other.say(room, "not me")
        assert done_after(client, found[4]["retry_after_ms"], "message.send", room=room, cid=cid(), text="now")["n"] == 5


def test_commands_over_the_rate_are_refused(limited):
    house = limited(limits__commands_per_second=1, limits__commands_burst=5)
    with house.user().connect() as client:
        found = answers(client, "room.list", 8)
        assert codes(found) == ["ok"] * 5 + ["rate_limited"] * 3 and all(map(is_rate_limited, found[5:]))


def test_the_limits_of_a_new_installation(limited):
    house = limited()
    with house.user().connect() as client:
        assert codes(answers(client, "room.list", 95)).count("rate_limited") == 0
    with house.user().connect() as client:
        room = client.group()
        found = codes(answers(client, "message.send", 90, room=room, cid=cid, text="x"))
        assert found[:40] == ["ok"] * 40 and "rate_limited" in found


def test_typing_is_taken_once_in_a_while_for_each_room(limited):
    house = limited(limits__typing_interval_ms=60000)
    with house.user().connect() as client:
        room = client.group()
        n = client.say(room, "here")["n"]
        client.wait_for(lambda e: e["type"] == "message" and e["room"] == room and e["n"] == n)  # its node has the room
        found = answers(client, "typing", 2, room=room, on=True)
        assert codes(found) == ["ok", "rate_limited"] and is_rate_limited(found[1])
        client.command("typing", room=room, on=False)


def test_too_many_refused_commands_close_with_4006(limited):
    house = limited(limits__refused_per_10s=5, limits__commands_per_second=0)
    user = house.user()
    with user.connect() as other:
        client = user.connect()
        for _ in range(5):
            client.start("room.get", room="00000000-0000-4000-8000-00000000abcd")
        assert client.wait_closed(5) == 4006
        other.settle()


def test_what_is_rate_limited_too_often_is_4006_as_well(limited):
    house = limited(limits__refused_per_10s=20, limits__commands_per_second=1, limits__commands_burst=1)
    client = house.user().connect()
    client.send_text('{"type":"ping"}')
    with contextlib.suppress(Exception):
        for _ in range(40):
            client.send_text('{"type":"sync"}')
    assert client.wait_closed(5) == 4006


def test_over_in_flight_the_server_reads_no_more_until_something_is_answered(limited):
    house = limited(limits__in_flight=3, message__fresh_wait_ms=700)
    with house.user().connect() as client:
        room = client.group()
        with house.held_store():
            seq = client.say(room, "in the log alone")["seq"]
            began = time.monotonic()
            waits = [client.start("room.history", room=room, at_least=seq) for _ in range(3)]
            pong = client.start("ping")
            client.finish(pong)
            assert time.monotonic() - began > 0.5
        for wait in waits:
            with pytest.raises(Refused):
                client.finish(wait)


def test_what_is_sent_beyond_in_flight_is_done_later_and_in_order(limited):
    house = limited(limits__in_flight=2, limits__messages_per_second=0, limits__commands_per_second=0)
    with house.user().connect() as client:
        room = client.group()
        found = answers(client, "message.send", 200, room=room, cid=cid, text="x")
        assert [answer["n"] for answer in found] == list(range(1, 201))


def test_a_command_that_nobody_answers_is_told_as_timeout(tmp_path, options):
    house = House(tmp_path / "d", workers="2", settings={"socket.answer_timeout_ms": 300}).start()
    user = house.user()
    with user.connect() as client:
        room = client.group()
        with house.held_store(), pytest.raises(Refused) as refused:
            seq = client.say(room, "in the log alone")["seq"]
            client.command("room.history", room=room, at_least=seq)  # waits for longer than the time given here
        assert (refused.value.code, refused.value.answer["retry"]) == ("timeout", True)
        assert client.command("ping")["type"] == "pong"
        client.say(room, "and on it goes")
    house.stop()


def test_rooms_of_a_user_have_a_limit(limited):
    """The default room counts as well. Whoever is at the limit can still be written to."""
    house = limited(limits__rooms_per_user=2)
    user, other, third = house.user(), house.user(), house.user()
    with user.connect() as client, other.connect() as host, third.connect() as writer:
        room = client.group(name="second")
        public = host.channel("lobby")
        assert len(client.command("room.list")["rooms"]) == 2  # so the store has them
        for type, fields in (("room.create", {"kind": "group", "name": "third"}), ("room.join", {"room": public}),
                             ("message.send", {"to": other.id, "text": "hello"})):
            assert client.refused(type, cid=cid(), **fields) == "rate_limited", type
        direct = writer.command("message.send", cid=cid(), to=user.id, text="this reaches")["room"]
        client.message(direct, "this reaches")
        for left in (room, direct):
            client.command("room.leave", cid=cid(), room=left)
        assert len(client.command("room.list")["rooms"]) == 1
        client.command("room.join", cid=cid(), room=public)


# ---- of an address

def test_connections_of_one_address_have_a_limit(limited):
    house = limited(workers="1", limits__connections_per_address=6)
    user = house.user()
    held = [Wire(house).open(user.token) for _ in range(5)]
    refused = 0
    for _ in range(4):
        try:
            held.append(Wire(house, timeout=5).open(user.token))
        except (AssertionError, OSError):
            refused += 1
    assert 1 <= refused <= 4 and len(held) <= 6
    with contextlib.closing(held.pop().socket):
        pass
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        with contextlib.suppress(AssertionError, OSError):
            held.append(Wire(house, timeout=5).open(user.token))
            break
    else:
        raise AssertionError("a place that is free again is given to nobody")
    for wire in held:
        wire.socket.close()


def test_new_connections_of_one_address_have_a_rate(limited):
    house = limited(workers="1", limits__connects_per_address=5)
    found = [house.http("GET", "/api/info") for _ in range(12)]
    refused = [answer for answer in found if answer.status != 200]
    assert refused and {(answer.status, answer.code) for answer in refused} == {(429, "rate_limited")}
    until = time.monotonic() + 5
    while house.http("GET", "/api/info").status != 200:
        assert time.monotonic() < until
        time.sleep(0.25)  # every try counts as well


def test_accounts_from_one_address_have_a_limit(limited):
    house = limited(limits__register_per_hour=2)
    register = lambda name, **more: house.http("POST", "/user/register", {"username": name, "password": "correct horse battery"}, **more)
    assert [register(f"reg{i}").status for i in range(2)] == [201, 201]
    answer = register("reg2")
    assert (answer.status, answer.code) == (429, "rate_limited")
    assert int(answer.headers["retry-after"]) >= 1 and answer.json["error"]["retry"] is True and answer.json["error"]["retry_after_ms"] > 0
    assert register("reg2", source="127.0.0.2").status == 201


def test_wrong_passwords_make_even_the_right_one_wait(limited):
    house = limited(limits__login_failures=3)
    user = house.user()
    login = lambda password, **more: house.http("POST", "/user/login", {"username": user.name, "password": password}, **more)
    assert [login("a wrong password").status for _ in range(3)] == [401] * 3
    for password in ("a wrong password", user.password):
        answer = login(password)
        assert (answer.status, answer.code) == (429, "rate_limited") and int(answer.headers["retry-after"]) >= 1
    assert login(user.password, source="127.0.0.2").status == 200
