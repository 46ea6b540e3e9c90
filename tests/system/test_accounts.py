"""Accounts and sessions over HTTP, and what their end does to open sockets."""

import base64
import contextlib
import json
import pathlib
import sqlite3
import time

import pytest

from client import Client


def register(house, **fields):
    return house.http("POST", "/user/register", {"password": "correct horse battery", **fields})


def test_the_key_set_is_public_and_verifies_as_es256(house):
    keys = house.http("GET", "/.well-known/jwks.json")
    assert keys.status == 200 and "max-age=300" in keys.headers["cache-control"]
    assert {k["kty"] for k in keys.json["keys"]} == {"EC"} and {k["alg"] for k in keys.json["keys"]} == {"ES256"}


def test_a_new_installation_has_no_account(fresh):
    fresh.start()
    with contextlib.closing(sqlite3.connect(f"file:{fresh.data}/users.db?mode=ro", uri=True)) as users:
        assert users.execute("SELECT count(*) FROM users").fetchone() == (0,)


def kid(token):
    head = token.split(".")[0]
    return json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))["kid"]


def kids(house):
    return [k["kid"] for k in house.http("GET", "/.well-known/jwks.json").json["keys"]]


def moment(file):
    """From when on a key signs: its name says so."""
    return int(file.stem.split("-")[1])


def test_a_key_that_is_a_month_old_signs_no_more_and_is_believed_on(fresh):
    fresh.start()
    user = fresh.user()
    assert kids(fresh) == [kid(user.token)]
    fresh.kill()
    keys = pathlib.Path(fresh.data) / "keys"
    file, = keys.glob("token-*.pem")
    file.rename(keys / f"token-{moment(file) - 31 * 86400 * 1000}.pem")
    fresh.start()
    assert len(kids(fresh)) == 2 and kid(fresh.sign_in(user.name).token) == kid(user.token)
    fresh.kill()
    file = max(keys.glob("token-*.pem"), key=moment)
    file.rename(keys / f"token-{moment(file) - 7 * 60 * 1000}.pem")
    fresh.start()
    later = fresh.sign_in(user.name)
    assert kid(later.token) != kid(user.token)
    assert kids(fresh) == [kid(later.token), kid(user.token)]
    assert user.http("GET", "/user/me").status == later.http("GET", "/user/me").status == 200


def test_a_name_is_folded_and_taken_once(house):
    name = f"Folded{int(time.time() * 1000) % 10**9}"
    answer = register(house, username=name)
    assert answer.status == 201 and answer.json["user"]["username"] == name.lower()
    again = register(house, username=name.upper())
    assert again.status == 409 and again.json["error"]["field"] == "username"


@pytest.mark.parametrize("name", ["ab", "a" * 21, "-ab", "ab-", "a..b", "a b", "admin", "äbc", "", None, 1, {"$ne": ""}])
def test_a_bad_name_is_refused(house, name):
    answer = register(house, username=name)
    assert (answer.status, answer.json["error"]["field"]) == (422, "username")


@pytest.mark.parametrize("password", ["short", "x" * 129, "password123", "", None, 12345678])
def test_a_bad_password_is_refused(house, password):
    answer = house.http("POST", "/user/register", {"username": "someone.new", "password": password})
    assert (answer.status, answer.json["error"]["field"]) == (422, "password")


def test_wrong_password_and_unknown_name_look_the_same(house):
    user = house.user()
    wrong = house.http("POST", "/user/login", {"username": user.name, "password": "wrong horse battery"})
    unknown = house.http("POST", "/user/login", {"username": "nobody.here", "password": "wrong horse battery"})
    assert wrong.status == unknown.status == 401 and wrong.body == unknown.body


def test_a_refresh_gives_the_same_successor_for_a_moment_and_reuse_revokes(house):
    user = house.user()
    first = user.login["refresh_token"]
    one = house.http("POST", "/user/refresh", {"refresh_token": first})
    two = house.http("POST", "/user/refresh", {"refresh_token": first})
    assert one.status == two.status == 200 and one.json["refresh_token"] == two.json["refresh_token"]
    third = house.http("POST", "/user/refresh", {"refresh_token": one.json["refresh_token"]})
    assert third.status == 200
    assert house.http("POST", "/user/refresh", {"refresh_token": first}).status == 401
    assert house.http("POST", "/user/refresh", {"refresh_token": third.json["refresh_token"]}).status == 401


def test_sign_out_voids_the_token_and_closes_the_socket(house):
    user = house.user()
    other = house.sign_in(user.name)
    with user.connect() as mine, other.connect() as elsewhere:
        assert user.http("POST", "/user/logout").status == 200
        assert mine.wait_closed(4) == 4002
        elsewhere.settle()
    assert user.http("GET", "/user/me").status == 401
    assert other.http("GET", "/user/me").status == 200


def test_a_new_password_ends_all_other_sessions(house):
    user = house.user()
    other = house.sign_in(user.name)
    with other.connect() as elsewhere:
        wrong = user.http("PUT", "/user/me/password", {"old_password": "not it at all", "new_password": "another fine day"})
        assert wrong.status == 403
        fresh = user.http("PUT", "/user/me/password", {"old_password": user.password, "new_password": "another fine day"})
        assert fresh.status == 200 and fresh.json["access_token"]
        assert elsewhere.wait_closed(4) == 4002
    assert other.http("GET", "/user/me").status == 401
    assert house.http("GET", "/user/me", token=fresh.json["access_token"]).status == 200
    house.sign_in(user.name, "another fine day")


def test_the_log_says_who_did_what_and_no_secret(fresh):
    fresh.settings["log.level"] = "debug"
    fresh.start()
    user = fresh.user()
    fresh.http("POST", "/user/login", {"username": user.name, "password": "a wrong one here"})
    ticket = user.http("POST", "/user/ticket").json["ticket"]
    Client(fresh, user, f"?ticket={ticket}", headers={}).close()
    Client(fresh, user, "?ticket=not-a-good-one", headers={}, wait_ready=False).wait_closed()
    fresh.http("POST", "/user/refresh", {"refresh_token": user.login["refresh_token"]})
    user.http("PUT", "/user/me/password", {"old_password": user.password, "new_password": "another fine day"})
    user.http("POST", "/user/logout")
    log = fresh.log_tail(1 << 20)
    for event, result in [("registered", "ok"), ("login", "ok"), ("login", "unauthorized"), ("password", "ok"), ("logout", "ok")]:
        assert f"event=audit.{event} result={result} user={user.id}" in log, (event, result)
    for secret in (user.password, "a wrong one here", "another fine day", user.token, user.login["refresh_token"], ticket, "not-a-good-one"):
        assert secret not in log


def test_what_strangers_type_begins_no_line_of_the_log(fresh):
    fresh.settings["log.level"] = "debug"
    fresh.start()
    typed = "ann\nts=1 level=error event=forged\x1b[2J\u009b\u202e"
    for path in ("/user/login", "/user/register"):
        fresh.http("POST", path, {"username": typed, "password": typed, "display_name": typed, "device": {"name": typed}})
    user = fresh.user()
    for more in ({}, {"device": {"name": typed}}):
        fresh.http("POST", "/user/login", {"username": user.name, "password": typed, **more})
    user.http("PATCH", "/user/me", {"display_name": typed, "bio": typed})
    lines = fresh.log_tail(1 << 20).splitlines()
    assert any("event=audit.login result=unauthorized" in line for line in lines)
    assert "forged" not in "".join(lines) and all(line.isprintable() for line in lines)


# n of P-256: with (r, s) also (r, n - s) is a signature of the same text.
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def second_text(token):
    head, claims, signature = token.split(".")
    raw = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
    other = raw[:32] + (ORDER - int.from_bytes(raw[32:], "big")).to_bytes(32, "big")
    return ".".join((head, claims, base64.urlsafe_b64encode(other).rstrip(b"=").decode()))


def test_who_signs_out_signs_out_every_text_of_the_token(house):
    user = house.user()
    texts = [user.token, second_text(user.token)]
    statuses = lambda: [house.http("GET", "/user/me", headers={"Authorization": f"Bearer {text}"}).status for text in texts]
    assert statuses() == [200, 200]
    assert user.http("POST", "/user/logout").status == 200
    assert statuses() == [401, 401]


def test_a_ticket_opens_one_socket(house):
    user = house.user()
    ticket = user.http("POST", "/user/ticket")
    assert ticket.status == 201 and ticket.json["expires_in"] == 30
    query = f"?ticket={ticket.json['ticket']}"
    with Client(house, user, query, headers={}):
        again = Client(house, user, query, headers={}, wait_ready=False)
        assert again.wait_closed() == 4008


def test_both_credentials_at_once_are_refused(house):
    user = house.user()
    answer = user.http("GET", "/api/socket?ticket=x", headers={
        "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(b"0" * 16).decode(), "Sec-WebSocket-Protocol": "chattifier.v1"})
    assert answer.status == 400


def tampered(token):
    head, claims, signature = token.split(".")
    wide = lambda part: part + "=" * (-len(part) % 4)
    none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"at+jwt"}').rstrip(b"=").decode()
    other = json.loads(base64.urlsafe_b64decode(wide(claims)))
    other["sub"] = "00000000-0000-4000-8000-000000000000"
    forged = base64.urlsafe_b64encode(json.dumps(other).encode()).rstrip(b"=").decode()
    yield "alg none", f"{none}.{claims}."
    yield "alg none, signature kept", f"{none}.{claims}.{signature}"
    yield "other claims", f"{head}.{forged}.{signature}"
    yield "no signature", f"{head}.{claims}."
    yield "two parts", f"{head}.{claims}"
    yield "four parts", f"{token}.x"
    yield "padding", f"{head}.{claims}=.{signature}"
    yield "flipped signature", f"{head}.{claims}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"
    yield "long", token + "a" * 5000


def test_a_tampered_token_is_refused_everywhere(house):
    user = house.user()
    for name, token in tampered(user.token):
        for path in ("/user/me", "/api/rooms", "/api/sync"):
            answer = house.http("GET", path, token=token)
            assert answer.status in (401, 431), (name, path, answer)


def test_the_profile_can_be_changed_and_found(house):
    user = house.user("seeker")
    changed = user.http("PATCH", "/user/me", {"display_name": "Ann Exämple", "bio": "Likes tea"})
    assert changed.status == 200
    assert user.http("GET", f"/user/{user.id}").json["user"]["display_name"] == "Ann Exämple"
    found = user.http("GET", f"/user?prefix={user.name[:8]}").json["users"]
    assert user.id in [u["id"] for u in found]
    assert "password" not in str(found)


def test_a_deleted_account_leaves_its_messages_and_not_its_name(house):
    ann, bob = house.user(), house.user()
    with ann.connect() as a, bob.connect() as b:
        room = a.group(bob)
        a.say(room, "I was here")
        b.message(room, "I was here")
        assert ann.http("DELETE", "/user/me", {"password": "wrong horse battery"}).status == 403
        assert ann.http("DELETE", "/user/me", {"password": ann.password}).status == 200
        assert a.wait_closed(5) == 4002
        b.wait_for(lambda e: e["type"] == "member" and e["user"] == ann.id and e["state"] == "left")
        assert [m["text"] for m in b.command("room.history", room=room)["messages"]] == ["I was here"]
    assert house.http("POST", "/user/login", {"username": ann.name, "password": ann.password}).status == 401
    assert register(house, username=ann.name).status == 409


def test_devices_are_listed_and_signed_out(house):
    user = house.user()
    other = house.sign_in(user.name, device={"name": "Phone"})
    devices = user.http("GET", "/user/me/devices").json["devices"]
    assert {d["id"] for d in devices} == {user.device, other.device}
    assert user.http("DELETE", f"/user/me/devices/{other.device}").status == 200
    assert other.http("GET", "/user/me").status == 401
