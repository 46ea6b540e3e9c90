"""The same commands over HTTP, for programs."""


import pytest


@pytest.fixture(scope="module")
def bot(house):
    return house.user("bot")


def test_a_bot_makes_a_room_sends_and_reads(house, bot):
    made = bot.http("POST", "/api/rooms", {"kind": "group", "name": "Bots"}, headers={"Idempotency-Key": "make-1"})
    assert made.status in house.made and made.headers["x-room-seq"]
    again = bot.http("POST", "/api/rooms", {"kind": "group", "name": "Bots"}, headers={"Idempotency-Key": "make-1"})
    assert again.status == 200 and again.json["dup"] is True and again.json["room"] == made.json["room"]
    room = made.json["room"]
    sent = bot.http("POST", f"/api/rooms/{room}/messages", {"text": "beep"}, headers={"Idempotency-Key": "say-1"})
    assert sent.status in house.made and set(sent.json) >= {"room", "seq", "n", "ts"}
    repeat = bot.http("POST", f"/api/rooms/{room}/messages", {"text": "beep"}, headers={"Idempotency-Key": "say-1"})
    assert repeat.status == 200 and repeat.json["dup"] is True
    page = bot.http("GET", f"/api/rooms/{room}/messages?at_least={sent.json['seq']}")
    assert [m["text"] for m in page.json["messages"]] == ["beep"]
    seq = sent.json["seq"]
    assert bot.http("PATCH", f"/api/rooms/{room}/messages/{seq}", {"text": "boop"}).status == 200
    assert bot.http("PUT", f"/api/rooms/{room}/messages/{seq}/reactions/%F0%9F%91%8D").status == 200
    message = bot.http("GET", f"/api/rooms/{room}/messages").json["messages"][0]
    assert message["text"] == "boop" and message["reactions"] == [{"key": "👍", "count": 1, "me": True}]
    assert bot.http("DELETE", f"/api/rooms/{room}/messages/{seq}/reactions/%F0%9F%91%8D").status == 200
    assert bot.http("DELETE", f"/api/rooms/{room}/messages/{seq}").status == 200
    events = bot.http("GET", f"/api/rooms/{room}/events?after_seq=0").json["events"]
    assert [e["type"] for e in events][-5:] == ["message", "message.edited", "reaction", "reaction", "message.deleted"]


@pytest.mark.parametrize("after", ["", "-1", "01", "1e3", "x", "9007199254740992"])
def test_an_after_that_is_no_number_is_refused(bot, after):
    room = bot.http("POST", "/api/rooms", {"kind": "group", "name": "After"}).json["room"]
    headers = {"Idempotency-Key": "once", "Idempotency-After": after}
    answer = bot.http("POST", f"/api/rooms/{room}/messages", {"text": "beep"}, headers=headers)
    assert answer.status == 422 and answer.json["error"]["field"] == "after"
    assert bot.http("GET", f"/api/rooms/{room}/messages").json["messages"] == []


def test_members_over_http(house, bot):
    friend = house.user("friend")
    room = bot.http("POST", "/api/rooms", {"kind": "group", "name": "Two"}).json["room"]
    assert bot.http("POST", f"/api/rooms/{room}/members", {"user": friend.id}).status in (200, 201)
    assert bot.http("PATCH", f"/api/rooms/{room}/members/{friend.id}", {"role": "admin"}).status == 200
    assert bot.http("PATCH", f"/api/rooms/{room}/members/{friend.id}", {"role": "admin", "banned": True}).status == 422
    members = friend.http("GET", f"/api/rooms/{room}/members").json
    assert {m["user"]: m["role"] for m in members["members"]} == {bot.id: "owner", friend.id: "admin"}
    assert members["users"][friend.id]["username"] == friend.name
    assert bot.http("PATCH", f"/api/rooms/{room}/members/{friend.id}", {"banned": True}).status == 200
    assert friend.http("GET", f"/api/rooms/{room}").status == 404


STATUS = {
    "unknown path": ("GET", "/api/nothing", None, 404, "unknown_type"),
    "unknown user path": ("GET", "/user/me/nothing", None, 404, "unknown_type"),
    "later release": ("GET", "/user/me/keys", None, 404, "unknown_type"),
    "wrong method": ("PUT", "/api/rooms", {}, 405, "bad_frame"),
    "bad id": ("GET", "/api/rooms/not-an-id", None, 422, "bad_field"),
    "bad number": ("GET", "/api/sync?limit=-1", None, 422, "bad_field"),
    "number with a sign": ("GET", "/api/sync?limit=%2B1", None, 422, "bad_field"),
    "repeated parameter": ("GET", "/api/sync?limit=1&limit=2", None, 400, "bad_frame"),
    "not JSON": ("POST", "/api/rooms", b"{", 400, "bad_frame"),
    "no text": ("POST", "/api/rooms/00000000-0000-4000-8000-000000000000/messages", {}, 422, "bad_field"),
    "foreign room": ("GET", "/api/rooms/00000000-0000-4000-8000-000000000000", None, 404, "not_found"),
}


@pytest.mark.parametrize("name", STATUS)
def test_status(bot, name):
    method, path, body, status, code = STATUS[name]
    raw = body if isinstance(body, bytes) else None
    headers = {"Content-Type": "application/json"} if raw else None
    answer = bot.http(method, path, None if raw else body, raw=raw, headers=headers)
    assert (answer.status, answer.code) == (status, code)
    assert set(answer.json["error"]) >= {"code", "message", "retry"}
    assert status != 405 or "POST" in answer.headers["allow"]


@pytest.mark.parametrize("path", ["/api/rooms", "/user/login"])
@pytest.mark.parametrize("kind", ["text/plain", "application/jsonx", "application/json; charset=latin1", "application/json; charset=utf-16",
                                  "application/json, text/plain"])
def test_a_body_of_another_type_is_415(bot, path, kind):
    answer = bot.http("POST", path, raw=b"{}", headers={"Content-Type": kind})
    assert (answer.status, answer.code) == (415, "bad_frame")


def test_without_a_token_everything_but_the_public_is_401(house):
    for path in ("/api/rooms", "/api/sync", "/user/me", "/api/search?q=x"):
        answer = house.http("GET", path)
        assert (answer.status, answer.code) == (401, "unauthorized")
    info = house.http("GET", "/api/info")
    assert info.status == 200 and info.json["protocol"] == 1 and "limits" in info.json
    assert house.http("GET", "/api/nothing").status == 404


def test_static_files_are_safe(house):
    page = house.http("GET", "/")
    assert page.status == 200 and page.headers["content-type"].startswith("text/html")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert house.http("GET", "/nothing.html").status == 404
    assert house.http("POST", "/").status == 405
    for path in ("/../meson.build", "/%2e%2e/meson.build", "/web/../../meson.build", "//etc/passwd"):
        assert house.http("GET", path).status in (400, 404)


def test_a_repeat_within_sync_pages_is_complete(bot):
    rooms = {bot.http("POST", "/api/rooms", {"kind": "group", "name": f"r{i}"}).json["room"] for i in range(7)}
    seen, cursor = set(), ""
    while True:
        page = bot.http("GET", f"/api/sync?limit=3{cursor}").json
        seen |= {r["room"] for r in page["rooms"]}
        if "next" not in page:
            break
        cursor = f"&cursor={page['next']}"
    assert rooms <= seen
