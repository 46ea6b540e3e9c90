"""Pages of listed origins may read every answer of the API, whoever gives it; others none; without a list nothing is said."""

import pytest

from client import cid
from house import House

PAGE = "https://app.example"


@pytest.fixture(scope="module")
def house(tmp_path_factory, options):
    started = House(tmp_path_factory.mktemp("data"), workers=options["workers"], chaos=options["chaos"],
                    settings={"gateway.origins": f"{PAGE}, http://localhost:3000"})
    started.start()
    yield started
    started.stop()


def answers(house, user, origin):
    """One of each kind: of the gateway, the user service, the socket service, and the edge itself."""
    headers = {"Origin": origin} if origin else {}
    made = {200, 201}  # 200 where the bus has given a command twice
    room = user.http("POST", "/api/rooms", {"kind": "group", "name": "A group", "cid": cid()}, headers=headers)
    yield "create", room, made
    path = f"/api/rooms/{room.json['room']}/messages"
    yield "send", user.http("POST", path, {"text": "hello"}, headers={**headers, "Idempotency-Key": cid()}), made
    yield "history", user.http("GET", path, headers=headers), {200}
    yield "info", house.http("GET", "/api/info", headers=headers), {200}
    yield "keys", house.http("GET", "/.well-known/jwks.json", headers=headers), {200}
    yield "me", user.http("GET", "/user/me", headers=headers), {200}
    yield "no token", house.http("GET", "/user/me", headers=headers), {401}
    yield "bad token", house.http("GET", "/api/rooms", token="x", headers=headers), {401}
    yield "wrong password", house.http("POST", "/user/login", {"username": user.name, "password": "x"}, headers=headers), {401}
    yield "no route", house.http("GET", "/api/nothing", headers=headers), {404}
    yield "wrong method", house.http("PUT", "/user/login", headers=headers), {405}
    yield "wrong type", house.http("POST", "/user/login", raw=b"x", headers={**headers, "Content-Type": "text/plain"}), {415}
    yield "bad path", house.http("GET", "/api/%2f", headers=headers), {400}
    yield "too large", house.http("POST", "/user/login", raw=b"x" * 70000, headers=headers), {413}
    yield "preflight", house.http("OPTIONS", "/api/rooms", headers={**headers, "Access-Control-Request-Method": "POST"}), {204}


@pytest.mark.parametrize("origin", [PAGE, "http://localhost:3000"])
def test_a_listed_origin_may_read_every_answer(house, origin):
    for name, answer, statuses in answers(house, house.user(), origin):
        assert answer.status in statuses, (name, answer)
        assert answer.headers.get("access-control-allow-origin") == origin, (name, answer.headers)
        assert answer.headers.get("vary") == "Origin", name
        assert "access-control-allow-credentials" not in answer.headers, name


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "https://app.example.evil", None])
def test_another_origin_may_read_none_and_caches_know(house, origin):
    for name, answer, statuses in answers(house, house.user(), origin):
        assert answer.status in statuses, (name, answer)
        assert not [h for h in answer.headers if h.startswith("access-control")], (name, answer.headers)
        assert answer.headers.get("vary") == "Origin", name


def test_without_a_list_no_origin_is_named(fresh):
    fresh.start()
    for name, answer, statuses in answers(fresh, fresh.user(), PAGE):
        assert answer.status in statuses, (name, answer)
        assert not [h for h in answer.headers if h.startswith("access-control") or h == "vary"], (name, answer.headers)


def test_static_files_are_for_pages_of_ours(house):
    answer = house.http("GET", "/", headers={"Origin": PAGE})
    assert answer.status == 200 and "access-control-allow-origin" not in answer.headers
