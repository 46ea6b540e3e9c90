"""A burst of sign-ins: each costs a slow hash, which waits in a line of its own and holds up no message."""

import threading
from collections import Counter

import pytest

from house import House


def sign_in_at_once(house, user, count):
    """Starts them; their answers are put into the list as they come."""
    answers = []
    body = {"username": user.name, "password": user.password}
    threads = [threading.Thread(target=lambda: answers.append(house.http("POST", "/user/login", body))) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads, answers


def test_messages_overtake_fifty_sign_ins(fresh, options):
    if options["chaos"] != "0":
        pytest.skip("with the chaos switch on, messages wait for repeats")
    fresh.settings["limits.devices_per_user"] = 200
    fresh.settings["limits.hash_wait_ms"] = 60000
    fresh.start()
    user, other = fresh.user(), fresh.user()
    with user.connect() as socket:
        room = socket.group()
        threads, answers = sign_in_at_once(fresh, other, 50)
        while not answers:
            socket.say(room, "before the first")
        for i in range(20):
            socket.say(room, f"number {i}")
        done = len(answers)
    for thread in threads:
        thread.join(120)
    assert done < 50, "twenty messages took as long as fifty hashes"
    assert Counter(answer.status for answer in answers) == {200: 50}


def test_one_address_does_not_take_the_whole_line(tmp_path, options):
    house = House(tmp_path / "data", workers=options["workers"], chaos=options["chaos"],
                  settings={"limits.hashes": 8, "user.hash_threads": 1, "limits.hash_wait_ms": 60000, "limits.devices_per_user": 200}).start()
    try:
        user, other = house.user(), house.user()
        threads, answers = sign_in_at_once(house, user, 40)
        elsewhere = [house.http("POST", "/user/login", {"username": other.name, "password": other.password}, source="127.0.0.2") for _ in range(3)]
        for thread in threads:
            thread.join(60)
        assert [answer.status for answer in elsewhere] == [200, 200, 200]
        assert set(answer.status for answer in answers) == {200, 429}
        assert all(int(answer.headers["retry-after"]) >= 1 for answer in answers if answer.status == 429)
    finally:
        house.stop()


def test_what_is_too_much_is_told_to_come_again(tmp_path, options):
    house = House(tmp_path / "data", workers=options["workers"], chaos=options["chaos"],
                  settings={"limits.hashes": 2, "limits.login_failures": 5}).start()
    try:
        user = house.user()
        threads, answers = sign_in_at_once(house, user, 30)
        for thread in threads:
            thread.join(60)
        statuses = Counter(answer.status for answer in answers)
        assert statuses[503] > 0 and statuses[503] + statuses[200] + statuses[429] == 30, statuses
        refused = next(answer for answer in answers if answer.status == 503)
        assert refused.code == "overloaded" and int(refused.headers["retry-after"]) >= 1
        house.sign_in(user.name)
    finally:
        house.stop()
