"""Mistakes that other servers made, asked of this one. The table of all of them and their tests is docs/lessons.md."""

import json

import pytest

from client import cid
from wire import Wire

F = Wire.frame


@pytest.fixture(scope="module")
def people(house):
    ann, bob, eve = house.user("ann"), house.user("bob"), house.user("eve")
    with ann.connect() as a, bob.connect() as b, eve.connect() as e:
        yield a, b, e


def test_upgrades_that_are_refused_or_given_up_leave_nothing(house):
    """8: hono, aborted upgrades leaked."""
    token = house.user().token

    def give_up(times):
        for i in range(times):
            wire = Wire(house)
            if i % 2:
                wire.upgrade(token, Sec_WebSocket_Key="bad").read_answer()
            else:
                wire.send(b"GET /api/socket HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upg")
            wire.socket.close()
    give_up(1000)
    before = house.memory_bytes()
    give_up(2000)
    assert house.memory_bytes() - before < 8 << 20


OFFERS = ["permessage-deflate", *(f"permessage-deflate; client_max_window_bits={bits}" for bits in (0, 7, 8, 15, 16, 99, "x", '""')),
          "permessage-deflate; server_max_window_bits", "x-webkit-deflate-frame", ", ,", "permessage-deflate, permessage-deflate"]


@pytest.mark.parametrize("offer", OFFERS)
def test_no_offer_of_compression_is_taken(house, people, offer):
    """9, 10: NATS and undici, bombs and window bits: what is never inflated is no bomb."""
    wire = Wire(house).upgrade(people[0].user.token, **{"Sec-WebSocket-Extensions": offer})
    status, headers, _ = wire.read_answer()
    assert status == 101 and "sec-websocket-extensions" not in headers
    assert json.loads(wire.read_frame()[1])["type"] == "ready"
    wire.send(F(1, b"\x00" * 100, rsv=4))
    assert wire.close_code() == 1002


def test_who_is_not_in_a_room_hears_nothing_of_it_by_any_side_way(people):
    """15: Mattermost, a status named the private channel that somebody was in."""
    a, b, e = people
    marker = cid()
    room = a.group(b.user, name=f"Secret {marker}")
    a.group(b.user, e.user)  # in common, so that presence is told
    e.command("presence.watch", users=[a.user.id, b.user.id])
    a.say(room, marker, mentions=[e.user.id, b.user.id])
    a.command("typing", room=room, on=True)
    b.message(room, marker)
    b.command("read", room=room, n=1)
    a.command("presence.set", state="away")
    e.wait_for(lambda event: event["type"] == "presence")
    for answer in (e.command("sync", limit=100), e.command("room.list"), e.command("search", q=marker), e.command("user.get", users=[a.user.id])):
        assert room not in json.dumps(answer) and marker not in json.dumps(answer)
    e.settle()
    assert room not in json.dumps(e.events) and marker not in json.dumps(e.events)


def test_a_private_channel_is_in_no_list_and_its_name_is_free(people):
    """16: Mattermost, lists and lookups of private channels."""
    a, _, e = people
    name = f"Plans {cid()}"
    a.channel(name, visibility="private")
    assert name not in json.dumps(e.command("room.public", prefix=name[:10]))
    assert e.channel(name)


def test_a_name_is_never_an_id(people):
    """17: Mattermost, a rename collided with a direct channel."""
    a, b, _ = people
    direct = a.command("message.send", to=b.user.id, cid=cid(), text="between us")["room"]
    room = a.channel()
    for name in (direct, b.user.id, f"{a.user.id[:30]}__{b.user.id[:30]}"):
        a.command("room.update", room=room, cid=cid(), name=name)
        assert a.command("room.get", room=direct)["kind"] == "direct"
    assert a.refused("room.update", room=room, cid=cid(), name="general") == "conflict"
    assert "between us" not in json.dumps(a.command("room.history", room=room, limit=100))


def test_what_is_about_oneself_takes_no_other(people):
    """20: NodeBB, anybody's password could be changed by naming them."""
    a, b, _ = people
    bio = f"mine {cid()}"
    other = {"id": b.user.id, "user": b.user.id, "uid": b.user.id, "username": b.user.name, "bio": bio}
    assert a.user.http("PATCH", "/user/me", other).status == 200
    assert a.user.http("GET", "/user/me").json["user"]["bio"] == bio
    assert b.user.http("GET", "/user/me").json["user"].get("bio") != bio
    change = {"old_password": b.user.password, "new_password": "orange bicycle", "user": b.user.id, "username": b.user.name}
    wrong = {**change, "old_password": "not the one of either"}
    assert a.user.http("PUT", "/user/me/password", wrong).status == 403
    assert b.user.http("GET", "/user/me").status == 200
    assert a.user.http("DELETE", f"/user/me/devices/{b.user.device}").status == 404


def test_the_room_of_the_path_wins_over_that_of_the_body(people):
    """23: Synapse, the room that was checked was not the room that was used."""
    a, b, _ = people
    mine, ours = a.group(name="mine"), a.group(b.user, name="ours")
    text = cid()
    answer = a.user.http("POST", f"/api/rooms/{mine}/messages", {"room": ours, "to": b.user.id, "cid": cid(), "text": text})
    assert answer.status in (201, 422), answer
    assert text not in json.dumps(a.command("room.history", room=ours, limit=100))
    b.settle()
    assert text not in json.dumps(b.events)


def test_many_slow_requests_hold_little_and_go(fresh):
    """Items 57 and 89 of docs/security.md: heads that do not end, and bodies that do not come."""
    fresh.settings["http.header_timeout_ms"] = fresh.settings["http.body_timeout_ms"] = 3000
    fresh.start()
    head = b"POST /user/login HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
    Wire(fresh).send(head)
    before = fresh.memory_bytes()
    slow = [Wire(fresh).send(head + (b"Content-Length: 9000\r\n\r\n{" if i % 2 else b"X-Slow: ")) for i in range(400)]
    assert fresh.http("GET", "/api/info").status == 200
    assert fresh.memory_bytes() - before < len(slow) * 8192
    assert {wire.read_answer()[0] for wire in slow} == {408}
