"""What was signed out stays out: over a kill and a restart, and however many others are signed out after it."""

import contextlib
import sqlite3
import threading
import time
import uuid

import pytest

from client import Client
from house import House


def is_refused(house, user):
    """On HTTP and on a socket: the handshake succeeds, because a browser could not read a status, and the close code says why."""
    answer = user.http("GET", "/user/me")
    socket = Client(house, user, wait_ready=False)
    return answer.status == 401 and answer.code == "unauthorized" and socket.wait_closed(5) == 4002


def sign_out(house, user):
    assert user.http("POST", "/user/logout").status == 200


def sign_out_everywhere(house, user):
    assert user.http("POST", "/user/logout-all").status == 200


def sign_out_from_elsewhere(house, user):
    other = house.sign_in(user.name)
    assert other.http("DELETE", f"/user/me/devices/{user.device}").status == 200


def change_the_password_elsewhere(house, user):
    other = house.sign_in(user.name)
    answer = other.http("PUT", "/user/me/password", {"old_password": user.password, "new_password": "another fine day"})
    assert answer.status == 200


def change_the_password(house, user):
    answer = user.http("PUT", "/user/me/password", {"old_password": user.password, "new_password": "another fine day"})
    assert answer.status == 200


def delete_the_account(house, user):
    assert user.http("DELETE", "/user/me", {"password": user.password}).status == 200


def use_an_old_refresh_token(house, user):
    first = user.login["refresh_token"]
    second = house.http("POST", "/user/refresh", {"refresh_token": first}).json["refresh_token"]
    third = house.http("POST", "/user/refresh", {"refresh_token": second}).json
    user.token = third["access_token"]
    assert house.http("POST", "/user/refresh", {"refresh_token": first}).status == 401


WAYS = [sign_out, sign_out_everywhere, sign_out_from_elsewhere, change_the_password_elsewhere, change_the_password,
        delete_the_account, use_an_old_refresh_token]


def test_what_was_signed_out_before_a_kill_is_refused_after_it(fresh):
    fresh.start()
    victims = {way.__name__: fresh.user() for way in WAYS}
    stranger = fresh.user()
    for way in WAYS:
        way(fresh, victims[way.__name__])
    fresh.kill()
    fresh.start()
    assert [name for name, user in victims.items() if not is_refused(fresh, user)] == []
    assert stranger.http("GET", "/user/me").status == 200
    with stranger.connect() as socket:
        socket.settle()


def test_a_refresh_beside_a_sign_out_brings_nobody_back(fresh):
    fresh.settings["limits.devices_per_user"] = 200
    fresh.start()
    name = fresh.user().name
    for _ in range(15):
        user, answers = fresh.sign_in(name), []
        body = {"refresh_token": user.login["refresh_token"]}
        threads = [threading.Thread(target=lambda: answers.append(fresh.http("POST", "/user/refresh", body))) for _ in range(3)]
        threads.append(threading.Thread(target=sign_out, args=(fresh, user)))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for answer in answers:
            if answer.status == 200:
                assert fresh.http("POST", "/user/refresh", {"refresh_token": answer.json["refresh_token"]}).status == 401
                assert fresh.http("GET", "/user/me", token=answer.json["access_token"]).status == 401


def test_a_ticket_of_a_revoked_token_opens_nothing(fresh):
    fresh.start()
    user = fresh.user()
    ticket = user.http("POST", "/user/ticket").json["ticket"]
    sign_out(fresh, user)
    socket = Client(fresh, user, f"?ticket={ticket}", headers={}, wait_ready=False)
    assert socket.wait_closed(5) == 4002


def test_thousands_who_were_signed_out_later_push_nobody_back_in(fresh):
    fresh.start()
    user, stranger = fresh.user(), fresh.user()
    sign_out(fresh, user)
    fresh.kill()
    with contextlib.closing(sqlite3.connect(f"{fresh.data}/users.db")) as users:
        now = int(time.time() * 1000) + 1
        users.executemany("INSERT INTO devices VALUES (?, ?, '', x'', x'', 1, 1, 1, 1, ?)",
                          [(uuid.uuid4().bytes, uuid.uuid4().bytes, now + i) for i in range(6000)])
        users.commit()
    fresh.start()
    assert is_refused(fresh, user)
    assert stranger.http("GET", "/user/me").status == 200


def renew_until_accepted(house, refresh_token):
    """Tokens say in seconds when they were issued: one of the same second as what was forgotten is refused as well."""
    deadline = time.monotonic() + 10
    while True:
        answer = house.http("POST", "/user/refresh", {"refresh_token": refresh_token})
        assert answer.status == 200
        if house.http("GET", "/user/me", token=answer.json["access_token"]).status == 200:
            return
        assert time.monotonic() < deadline


def sign_out_many(house, user, count):
    """One device more than a user may have ends the one that was not used for longest."""
    for _ in range(count):
        house.sign_in(user.name)


@pytest.mark.parametrize("restart", [False, True], ids=["running", "restarted"])
def test_more_than_can_be_remembered_renews_tokens_and_lets_nobody_in(tmp_path, options, restart):
    house = House(tmp_path / "data", workers=options["workers"], chaos=options["chaos"],
                  settings={"limits.revocations": 16, "limits.devices_per_user": 1})
    house.start()
    try:
        first, stranger = house.user(), house.user()
        sign_out(house, first)
        assert stranger.http("GET", "/user/me").status == 200
        sign_out_many(house, house.user(), 18)
        if restart:
            house.kill()
            house.start()
        for user in (first, stranger):
            assert user.http("GET", "/user/me").status == 401
            assert Client(house, user, wait_ready=False).wait_closed(5) == 4001
        renew_until_accepted(house, stranger.login["refresh_token"])
        assert house.http("POST", "/user/refresh", {"refresh_token": first.login["refresh_token"]}).status == 401
    finally:
        house.stop()
