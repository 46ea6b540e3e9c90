"""Every row of the HTTP table from outside: what is answered, with which status, and what is named where something does not fit."""

import json

import pytest

from client import cid
from house import House
from wire import Wire

NONE = "00000000-0000-4000-8000-000000000000"


def key():
    return {"Idempotency-Key": cid()}


class Party:
    """Ann, who owns a group with Bob; Cleo is not in it."""

    def __init__(self, house):
        self.ann, self.bob, self.cleo = house.user("ann"), house.user("bob"), house.user("cleo")
        self.room = self.create(kind="group", name="Tea", members=[self.bob.id])
        self.path = f"/api/rooms/{self.room}"

    def create(self, **fields):
        answer = self.ann.http("POST", "/api/rooms", fields, headers=key())
        assert answer.status in self.ann.house.made, answer
        return answer.json["room"]

    def say(self, text="hello", **more):
        return self.ann.http("POST", f"{self.path}/messages", {"text": text}, headers=key(), **more).json


@pytest.fixture(scope="module")
def party(house):
    return Party(house)


def blamed(answer):
    error = answer.json["error"]
    return answer.status, error["code"], error.get("field")


# ---- methods
ALLOWED = {
    "/": "GET, HEAD",
    "/app.js": "GET, HEAD",
    "/api/info": "GET, HEAD",
    "/api/socket": "GET, HEAD",
    "/api/rooms": "GET, HEAD, POST",
    "/api/rooms/public": "GET, HEAD",
    f"/api/rooms/{NONE}": "GET, HEAD, PATCH, DELETE",
    f"/api/rooms/{NONE}/join": "POST",
    f"/api/rooms/{NONE}/leave": "POST",
    f"/api/rooms/{NONE}/read": "POST",
    f"/api/rooms/{NONE}/members": "GET, HEAD, POST",
    f"/api/rooms/{NONE}/members/{NONE}": "PATCH, DELETE",
    f"/api/rooms/{NONE}/messages": "GET, HEAD, POST",
    f"/api/rooms/{NONE}/messages/1": "PATCH, DELETE",
    f"/api/rooms/{NONE}/messages/1/reactions/x": "PUT, DELETE",
    f"/api/rooms/{NONE}/events": "GET, HEAD",
    "/api/sync": "GET, HEAD",
    "/api/search": "GET, HEAD",
    "/user": "GET, HEAD",
    f"/user/{NONE}": "GET, HEAD",
    "/user/register": "POST",
    "/user/login": "POST",
    "/user/refresh": "POST",
    "/user/logout": "POST",
    "/user/logout-all": "POST",
    "/user/ticket": "POST",
    "/user/me": "GET, HEAD, PATCH, DELETE",
    "/user/me/password": "PUT",
    "/user/me/devices": "GET, HEAD",
    f"/user/me/devices/{NONE}": "DELETE",
    "/user/me/blocks": "GET, HEAD",
    f"/user/me/blocks/{NONE}": "GET, HEAD, PUT, DELETE",
    "/.well-known/jwks.json": "GET, HEAD",
}


@pytest.mark.parametrize("path", ALLOWED)
def test_options_and_wrong_methods_tell_what_is_allowed(house, path):
    allowed = f"{ALLOWED[path]}, OPTIONS"
    options = house.http("OPTIONS", path)
    assert (options.status, options.headers["allow"], options.body) == (204, allowed, b"")
    for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "BREW"):
        if method not in allowed.split(", "):
            answer = house.http(method, path)
            assert (answer.status, answer.headers["allow"]) == (405, allowed), (method, answer)
            assert method == "HEAD" or answer.code == "bad_frame"


def test_options_of_the_server_tells_all_methods(house):
    status, headers, body = Wire(house).send(b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n").read_answer()
    assert (status, headers["allow"], body) == (204, "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS", b"")


@pytest.mark.parametrize("path", ["/api", "/api/nothing", "/api/rooms/", "/api/rooms//messages", "/user/", "/user/me/nothing", "/.well-known/x"])
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_an_unknown_path_is_json_404_also_without_a_token(house, method, path):
    answer = house.http(method, path)
    assert (answer.status, answer.code) == (404, "unknown_type")


@pytest.mark.exact("answers get lost")
def test_head_answers_as_get_without_a_body(party):
    for path in ("/api/info", "/api/rooms", party.path, f"{party.path}/messages", "/api/sync", "/user/me", f"/user/{NONE}", "/", "/nothing"):
        get, head = party.ann.http("GET", path), party.ann.http("HEAD", path)
        assert (head.status, head.body) == (get.status, b""), path
        assert (head.headers["content-type"], head.headers["content-length"]) == (get.headers["content-type"], get.headers["content-length"]), path


# ---- what is wrong is named as it stands there
WRONG = {
    "room": [("GET", "/api/rooms/x"), ("PATCH", "/api/rooms/x"), ("DELETE", f"/api/rooms/{NONE.replace('8', 'A')}"), ("POST", "/api/rooms/x/join"),
             ("POST", "/api/rooms/x/leave"), ("POST", "/api/rooms/x/read"), ("GET", "/api/rooms/x/members"), ("GET", "/api/rooms/x/messages"),
             ("GET", f"/api/rooms/{NONE.replace('-', '')}/events"), ("POST", "/api/rooms/x/messages"), ("GET", "/api/search?q=tea&room=x")],
    "user": [("PATCH", f"/api/rooms/{NONE}/members/x"), ("DELETE", f"/api/rooms/{NONE}/members/x"), ("GET", "/user/me/blocks/x"),
             ("PUT", "/user/me/blocks/x"), ("DELETE", "/user/me/blocks/x")],
    "id": [("GET", "/user/x"), ("GET", f"/user/{NONE}0"), ("DELETE", "/user/me/devices/x")],
    "seq": [("PATCH", f"/api/rooms/{NONE}/messages/x"), ("DELETE", f"/api/rooms/{NONE}/messages/0"), ("DELETE", f"/api/rooms/{NONE}/messages/007"),
            ("PUT", f"/api/rooms/{NONE}/messages/-1/reactions/x"), ("DELETE", f"/api/rooms/{NONE}/messages/9007199254740992")],
    "key": [("PUT", f"/api/rooms/{NONE}/messages/1/reactions/{'k' * 33}")],
    "prefix": [("GET", "/user"), ("GET", "/user?prefix=a"), ("GET", f"/api/rooms/public?prefix={'a' * 65}")],
    "q": [("GET", "/api/search"), ("GET", "/api/search?q=")],
    "events": [("GET", "/api/sync?events=21")],
}


@pytest.mark.parametrize("field", WRONG)
def test_what_does_not_fit_in_a_path_or_query_is_named(party, field):
    for method, path in WRONG[field]:
        assert blamed(party.ann.http(method, path)) == (422, "bad_field", field), (method, path)


LISTS = ["/api/rooms?", "/api/rooms/public?", "{room}/members?", "{room}/messages?", "{room}/events?", "/api/sync?", "/api/search?q=tea&", "/user?prefix=an&"]


@pytest.mark.parametrize("path", LISTS)
def test_a_limit_is_read_the_same_everywhere(party, path):
    path = path.format(room=party.path)
    for good in ("1", "100", "101", "1000000000", "9007199254740991", "%31"):
        assert party.ann.http("GET", f"{path}limit={good}").status == 200, good
    for bad in ("0", "-1", "007", "+1", "%2B1", "1.0", "1e2", "x", "", "9007199254740992", "99999999999999999999"):
        assert blamed(party.ann.http("GET", f"{path}limit={bad}")) == (422, "bad_field", "limit"), bad
    assert blamed(party.ann.http("GET", f"{path}limit=1&limit=1"))[:2] == (400, "bad_frame")
    assert party.ann.http("GET", f"{path}nothing=1&nothing=2").status == 200


@pytest.mark.parametrize("query", ["x=%zz", "x=%", "%4=1", "limit=%0", "x=%00", "x=%ff", "x=%c0%af", "a=1&b=%ed%a0%80"])
@pytest.mark.parametrize("path", ["/api/info", "/api/rooms", "/user", "/", "/api/socket"])
def test_a_query_that_does_not_decode_is_no_request(house, path, query):
    answer = house.http("GET", f"{path}?{query}")
    assert (answer.status, answer.code, answer.headers["connection"]) == (400, "bad_frame", "close")


@pytest.mark.parametrize("name", ["before_seq", "after_seq", "around_seq", "at_least"])
def test_places_are_numbers(party, name):
    for bad in ("x", "-1", "01", "1.0", "", "9007199254740992"):
        assert blamed(party.ann.http("GET", f"{party.path}/messages?{name}={bad}")) == (422, "bad_field", name), bad
    assert party.ann.http("GET", f"{party.path}/messages?{name}=0").status == 200


def test_at_most_one_bound(party):
    answer = party.ann.http("GET", f"{party.path}/messages?before_seq=5&after_seq=1")
    assert answer.status == 422 and answer.json["error"]["field"] in ("before_seq", "after_seq")


@pytest.mark.exact("a page may be asked for twice")
def test_at_least_of_what_is_not_there_is_unavailable(party):
    head = party.say()["seq"]
    assert party.bob.http("GET", f"{party.path}/messages?at_least={head}").json["head"] >= head
    for path in (party.path, f"{party.path}/messages", f"{party.path}/events", f"{party.path}/members"):
        answer = party.bob.http("GET", f"{path}?at_least={head + 1000}")
        assert (answer.status, answer.code) == (503, "unavailable"), path


# ---- bodies
BODIES = [("POST", "/user/register"), ("POST", "/user/login"), ("POST", "/user/refresh"), ("PATCH", "/user/me"), ("POST", "/user/ticket"),
          ("POST", "/api/rooms"), ("POST", f"/api/rooms/{NONE}/join"), ("DELETE", f"/api/rooms/{NONE}")]


@pytest.mark.parametrize("method, path", BODIES)
def test_a_body_is_json_and_says_so(party, method, path):
    for type in ("text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1", "application/jsonx"):
        answer = party.ann.http(method, path, raw=b"{}", headers={"Content-Type": type})
        assert (answer.status, answer.code) == (415, "bad_frame"), type
    assert party.ann.http(method, path, raw=b"{}").status == 415
    for bad in (b"[]", b"{", b'{"a":1,"a":2}', b'{"a":"\\ud800"}', b"{} x", b'{"a":' + b"[" * 17 + b"]" * 17 + b"}"):
        answer = party.ann.http(method, path, raw=bad, headers={"Content-Type": "Application/JSON; charset=UTF-8"})
        assert (answer.status, answer.code) == (400, "bad_frame"), bad


@pytest.mark.parametrize("rest", ["Content-Length: 65537\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n10001\r\n"])
def test_a_body_over_its_limit_is_refused_before_it_comes_and_ends_the_connection(party, house, rest):
    head = f"POST /api/rooms HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {party.ann.token}\r\nContent-Type: application/json\r\n"
    answer = Wire(house).send((head + rest).encode()).read_until_closed()
    assert answer.startswith(b"HTTP/1.1 413 ") and b"\r\nConnection: close\r\n" in answer
    assert json.loads(answer.split(b"\r\n\r\n")[1])["error"]["code"] == "too_large"


def test_unknown_members_are_passed_over_however_many(house, party):
    many = {f"unknown{i}": i for i in range(200)}
    login = house.http("POST", "/user/login", {**many, "username": party.ann.name, "password": party.ann.password})
    assert login.status == 200
    assert party.ann.http("PATCH", f"{party.path}/members/{party.bob.id}", {**many, "role": "member"}, headers=key()).status == 200


def test_routes_without_fields_take_an_empty_body(house):
    user = house.user()
    for method, path in (("POST", "/user/ticket"), ("PATCH", "/user/me"), ("PUT", f"/user/me/blocks/{house.user().id}"), ("POST", "/user/logout")):
        assert user.http(method, path).status in (200, 201), path


MEMBER = [
    ({}, "role"), (None, "role"), ({"role": None}, "role"), ({"role": 1}, "role"), ({"role": "king"}, "role"),
    ({"muted_until": "x"}, "muted_until"), ({"muted_until": 1.5}, "muted_until"), ({"muted_until": -1}, "muted_until"),
    ({"banned": 1}, "banned"), ({"banned": "true"}, "banned"), ({"role": "admin", "banned": True}, "banned"),
]


@pytest.mark.parametrize("body, field", MEMBER)
def test_a_wrong_change_of_a_member_is_named(party, body, field):
    assert blamed(party.ann.http("PATCH", f"{party.path}/members/{party.bob.id}", body, headers=key())) == (422, "bad_field", field)


@pytest.mark.exact("what was changed is asked for again")
def test_null_lifts_a_mute_and_a_ban(party):
    member = f"{party.path}/members/{party.bob.id}"
    say = lambda: party.bob.http("POST", f"{party.path}/messages", {"text": "me too"}, headers=key())
    change = lambda **fields: party.ann.http("PATCH", member, fields, headers=key())
    assert change(muted_until=4102444800000).status == 200
    muted = say()
    assert (muted.status, muted.code) == (403, "muted")
    assert int(muted.headers["retry-after"]) == -(-muted.json["error"]["retry_after_ms"] // 1000)
    assert change(muted_until=None).status == 200 and say().status == 201
    assert change(banned=True).status == 200 and say().status == 404
    assert change(banned=None).status == 200
    assert party.ann.http("POST", f"{party.path}/members", {"user": party.bob.id}, headers=key()).status == 200
    assert say().status == 201


# ---- answers
def test_each_write_answers_its_place_and_a_repeat_is_told(house):
    party = Party(house)
    create = {"kind": "group", "name": "Twice"}
    same = key()
    made, again = (party.ann.http("POST", "/api/rooms", create, headers=same) for _ in range(2))
    assert made.status in house.made and again.status == 200 and again.json["dup"] is True
    assert made.json["room"] == again.json["room"] and made.headers["x-room-seq"] == again.headers["x-room-seq"] == "1"
    other = party.ann.http("POST", "/api/rooms", {**create, "name": "Other"}, headers=same)
    assert blamed(other) == (409, "conflict", "cid")
    seq = party.say()["seq"]
    message, member = f"{party.path}/messages/{seq}", f"{party.path}/members/{party.cleo.id}"
    writes = [
        ("POST", f"{party.path}/messages", {"text": "hello"}), ("PATCH", message, {"text": "hello all"}), ("PUT", f"{message}/reactions/%F0%9F%91%8D", None),
        ("DELETE", f"{message}/reactions/%F0%9F%91%8D", None), ("DELETE", message, None), ("PATCH", party.path, {"name": "More tea"}),
        ("POST", f"{party.path}/members", {"user": party.cleo.id}), ("PATCH", member, {"role": "admin"}), ("PATCH", member, {"banned": True}),
        ("PATCH", member, {"banned": False}), ("DELETE", f"{party.path}/members/{party.bob.id}", None), ("DELETE", party.path, None),
    ]
    for method, path, body in writes:
        same = key()
        first, repeat = (party.ann.http(method, path, body, headers=same) for _ in range(2))
        created = path.endswith("/messages")
        assert first.status in (house.made if created else (200,)), (method, path, first)
        assert repeat.status == 200 and repeat.json["dup"] is True, (method, path, repeat)
        assert first.json["room"] == repeat.json["room"] == party.room
        assert first.headers["x-room-seq"] == repeat.headers["x-room-seq"] == str(first.json["seq"]) == str(repeat.json["seq"])
        assert first.json["seq"] > seq
        seq = first.json["seq"]


def test_join_and_leave_answer_their_place(house):
    party = Party(house)
    path = f"/api/rooms/{party.create(kind='channel', name=cid(), visibility='public')}"
    joined = party.bob.http("POST", f"{path}/join", headers=key())
    again = party.bob.http("POST", f"{path}/join", headers=key())
    assert joined.headers["x-room-seq"] == again.headers["x-room-seq"] and again.json["dup"] is True
    same = key()
    left, repeat = (party.bob.http("POST", f"{path}/leave", headers=same) for _ in range(2))
    assert left.headers["x-room-seq"] == repeat.headers["x-room-seq"] and repeat.json["dup"] is True
    assert party.bob.http("POST", f"{path}/leave", headers=key()).status == 404


@pytest.mark.exact("a key is added to each write")
def test_a_key_may_stand_in_the_body_and_a_header_wins(party):
    send = lambda **more: party.ann.http("POST", f"{party.path}/messages", **more)
    body = {"text": "in the body", "cid": cid()}
    assert (send(body=body).status, send(body=body).json.get("dup")) == (201, True)
    assert send(body=body, headers=key()).status == 201
    for bad in ("", "a b", "x" * 65):
        assert blamed(send(body={"text": "x"}, headers={"Idempotency-Key": bad})) == (422, "bad_field", "cid")
    for bad in ("", "x", "-1", "01"):
        assert blamed(send(body={"text": "x"}, headers={**key(), "Idempotency-After": bad})) == (422, "bad_field", "after")
    same = {**key(), "Idempotency-After": "0"}
    assert (send(body={"text": "x"}, headers=same).status, send(body={"text": "x"}, headers=same).json.get("dup")) == (201, True)


def test_commands_with_nothing_to_say_answer_an_empty_object(house):
    user, other = house.user(), house.user()
    for method in ("PUT", "PUT", "DELETE", "DELETE"):
        answer = user.http(method, f"/user/me/blocks/{other.id}")
        assert (answer.status, answer.body) == (200, b"{}"), method
    for path in ("/user/logout", "/user/logout-all"):
        answer = house.sign_in(user.name).http("POST", path)
        assert (answer.status, answer.body) == (200, b"{}"), path


def test_all_answers_are_json_in_utf8(party):
    for method, path in (("GET", "/api/info"), ("GET", "/api/rooms"), ("GET", "/api/nothing"), ("GET", party.path), ("GET", "/user/me"), ("POST", "/api/rooms")):
        assert party.ann.http(method, path).headers["content-type"] == "application/json; charset=utf-8", path


def ids(value):
    """All ids of users in an answer."""
    if isinstance(value, list):
        return set().union(*map(ids, value), set())
    if not isinstance(value, dict):
        return set()
    named = {value[k] for k in ("from", "by", "user", "peer", "creator") if isinstance(value.get(k), str)}
    return named.union(value.get("mentions", []), *map(ids, value.values()))


def test_whom_a_list_names_is_beside_it(house):
    party = Party(house)
    party.create(kind="direct", members=[party.cleo.id])
    party.create(kind="channel", name=cid(), visibility="public")
    word = f"w{cid()}"
    body = {"text": f"{word} @bob", "mentions": [party.bob.id]}
    assert party.ann.http("POST", f"{party.path}/messages", body, headers=key()).status in house.made
    for path in ("/api/rooms", "/api/rooms/public", party.path, f"{party.path}/members", f"{party.path}/messages", f"{party.path}/events",
                 "/api/sync", "/api/sync?events=20", f"/api/search?q={word}"):
        answer = party.ann.http("GET", path)
        assert answer.status == 200, answer
        users = answer.json.pop("users")
        found = ids(answer.json)
        assert found and set(users) >= found, path
        assert all({"username", "display_name"} <= set(user) for user in users.values()), path


def test_a_blocked_user_who_is_deleted_is_said_to_be(house):
    user, gone = house.user(), house.user()
    user.http("PUT", f"/user/me/blocks/{gone.id}")
    assert gone.http("DELETE", "/user/me", {"password": gone.password}).status == 200
    answer = user.http("GET", "/user/me/blocks").json
    assert answer["blocks"] == [gone.id] and answer["users"][gone.id]["deleted"] is True
    assert gone.name not in json.dumps(answer)


# ---- pages
def pages(user, path, name):
    """Everything, two at a time."""
    found, cursor = [], None
    while True:
        answer = user.http("GET", f"{path}limit=2" + (f"&cursor={cursor}" if cursor else ""))
        assert answer.status == 200, answer
        found += answer.json[name]
        cursor = answer.json.get("next")
        if not cursor:
            return found
        assert len(answer.json[name]) == 2


def test_a_cursor_leads_to_the_end_and_is_for_its_reader_and_question_alone(house):
    party = Party(house)
    word = f"w{cid()}"
    for i in range(5):
        party.say(f"{word} number {i}")
    rooms = [party.room, *(party.create(kind="channel", name=f"{word} {i}", visibility="public") for i in range(4))]
    party.ann.http("POST", f"{party.path}/members", {"user": party.cleo.id}, headers=key())
    mine = {r["room"] for r in pages(party.ann, "/api/rooms?", "rooms")}
    assert mine >= set(rooms) and {r["room"] for r in pages(party.ann, "/api/sync?", "rooms")} == mine
    assert [r["room"] for r in pages(party.bob, f"/api/rooms/public?prefix={word}&", "rooms")] == rooms[1:]
    assert len(pages(party.bob, f"{party.path}/members?", "members")) == 3
    assert len(pages(party.bob, f"/api/search?q={word}&", "hits")) == 5
    lists = ["/api/rooms?", "/api/sync?", f"/api/rooms/public?prefix={word}&", f"{party.path}/members?", f"/api/search?q={word}&"]
    for path in lists:
        cursor = party.ann.http("GET", f"{path}limit=2").json["next"]
        assert party.ann.http("GET", f"{path}limit=2&cursor={cursor}").status == 200
        foreign = [(party.bob, f"{path}cursor={cursor}"), *((party.ann, f"{other}cursor={cursor}") for other in lists if other != path),
                   (party.ann, f"{path}cursor={cursor[:-2]}"), (party.ann, f"{path}cursor={'A' + cursor[1:] if cursor[0] != 'A' else 'B' + cursor[1:]}"),
                   (party.ann, f"{path}cursor="), (party.ann, f"{path}cursor=abc"), (party.ann, f"{path}cursor={'A' * 512}")]
        for reader, asked in foreign:
            assert blamed(reader.http("GET", asked)) == (422, "bad_field", "cursor"), asked
    cursor = party.ann.http("GET", f"/api/search?q={word}&limit=2").json["next"]
    assert blamed(party.ann.http("GET", f"/api/search?q={word}2&cursor={cursor}")) == (422, "bad_field", "cursor")


# ---- names of public channels
def test_the_name_of_a_deleted_or_renamed_channel_is_free_at_once(house):
    party = Party(house)
    make = lambda user, name: user.http("POST", "/api/rooms", {"kind": "channel", "name": name, "visibility": "public"}, headers=key())
    name = f"name {cid()}"
    for other in (party.ann, party.bob, party.ann):
        made = make(other, name)
        assert made.status in house.made, made
        assert blamed(make(party.cleo, name.upper())) == (409, "conflict", "name")
        assert other.http("DELETE", f"/api/rooms/{made.json['room']}", headers=key()).status == 200
    made = make(party.ann, name)
    assert party.ann.http("PATCH", f"/api/rooms/{made.json['room']}", {"name": f"{name} 2"}, headers=key()).status == 200
    again = make(party.bob, name)
    assert again.status in house.made, again
    assert party.bob.http("PATCH", f"/api/rooms/{again.json['room']}", {"visibility": "private"}, headers=key()).status == 200
    assert make(party.cleo, name).status in house.made


# ---- limits
def test_who_has_to_wait_is_told_how_long(tmp_path):
    house = House(tmp_path / "data", settings={"limits.commands_per_second": 1, "limits.messages_per_second": 1, "limits.login_failures": 5})
    house.start()
    try:
        user = house.user()
        answers = [user.http("GET", "/api/rooms") for _ in range(20)]
        answers += [house.http("POST", "/user/login", {"username": user.name, "password": "not it at all"}) for _ in range(6)]
        late = [a for a in answers if a.status == 429]
        assert {a.code for a in late} == {"rate_limited"} and late[-1] is answers[-1] and late[0].status == 429 and answers[0].status == 200
        for answer in late:
            wait_ms = answer.json["error"]["retry_after_ms"]
            assert wait_ms > 0 and int(answer.headers["retry-after"]) == -(-wait_ms // 1000) and answer.json["error"]["retry"] is True
    finally:
        house.stop()
