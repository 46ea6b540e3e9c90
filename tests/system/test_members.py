"""Memberships beyond the table of rights: succession, hand-over, bans, mutes, direct rooms, blocks, settings of a room."""

import time

import pytest

from client import Refused, cid


SETTINGS = {"limits.refused_per_10s": 0}
FOREVER = 4102444800000
PEOPLE = ("ann", "bob", "cleo", "dan")


def refusal(client, type, **fields):
    with pytest.raises(Refused) as refused:
        client.command(type, cid=cid(), **fields)
    return refused.value.code, refused.value.field


def do(client, type, room, **fields):
    return client.command(type, room=room, cid=cid(), **fields)


def eventually(try_it, seconds=2):
    """What it gives at last; reads of what was just done may be that old, and names are given by reading."""
    until = time.monotonic() + seconds
    while True:
        try:
            return try_it()
        except Refused:
            if time.monotonic() > until:
                raise


def roles(client, room):
    return {m["user"]: m["role"] for m in client.command("room.members", room=room)["members"]}


def member_event(client, room, seq, user=None):
    return client.wait_for(lambda e: e["type"] == "member" and e["room"] == room and e["seq"] == seq
                           and (user is None or e["user"] == user.user.id))


def entry(client, room):
    return next((r for r in client.command("sync")["rooms"] if r["room"] == room), None)


# ---- leaving

@pytest.mark.parametrize("kind", ["group", "channel"])
def test_the_oldest_admin_becomes_owner_when_the_last_owner_leaves(people, kind):
    ann, bob, cleo, dan = people
    room = ann.group() if kind == "group" else ann.channel(visibility="private")
    for other in (bob, cleo, dan):
        do(ann, "room.add", room, user=other.user.id)
    do(ann, "room.role", room, user=dan.user.id, role="admin")
    do(ann, "room.role", room, user=cleo.user.id, role="admin")
    left = do(ann, "room.leave", room)
    assert member_event(bob, room, left["seq"])["state"] == "left"
    owner = bob.wait_for(lambda e: e["type"] == "member" and e["room"] == room and e.get("role") == "owner" and e["seq"] > left["seq"])
    assert owner["seq"] == left["seq"] + 1 and owner["user"] == cleo.user.id and owner["state"] == "joined"
    assert roles(bob, room) == {bob.user.id: "member", cleo.user.id: "owner", dan.user.id: "admin"}
    do(cleo, "room.role", room, user=dan.user.id, role="owner")


def test_the_oldest_member_becomes_owner_where_there_is_no_admin(people):
    ann, bob, cleo, dan = people
    room = ann.group()
    for other in (cleo, bob, dan):
        do(ann, "room.add", room, user=other.user.id)
    do(cleo, "room.leave", room)
    do(ann, "room.add", room, user=cleo.user.id)  # came back: the newest again
    do(ann, "room.leave", room)
    assert roles(bob, room) == {bob.user.id: "owner", dan.user.id: "member", cleo.user.id: "member"}


def test_while_another_owner_stays_nobody_is_promoted(people):
    ann, bob, cleo, _ = people
    room = ann.group(bob.user, cleo.user)
    do(ann, "room.role", room, user=bob.user.id, role="owner")
    do(ann, "room.leave", room)
    assert roles(cleo, room) == {bob.user.id: "owner", cleo.user.id: "member"}


def test_an_owner_hands_over_and_steps_down(people):
    ann, bob, _, _ = people
    room = ann.group(bob.user)
    assert refusal(ann, "room.role", room=room, user=ann.user.id, role="admin")[0] == "conflict"
    do(ann, "room.role", room, user=bob.user.id, role="owner")
    do(ann, "room.role", room, user=ann.user.id, role="member")
    assert roles(bob, room) == {ann.user.id: "member", bob.user.id: "owner"}
    assert refusal(ann, "room.update", room=room, name="mine") == ("forbidden", None)


def test_the_last_one_out_archives_the_room_for_everybody(people):
    ann, bob, _, _ = people
    room = ann.group(bob.user)
    ann.say(room, "soon gone")
    do(ann, "room.leave", room)
    do(bob, "room.leave", room)
    for client in (ann, bob):
        assert client.refused("room.get", room=room) == client.refused("room.history", room=room) == "not_found"
        assert client.refused("message.send", room=room, cid=cid(), text="?") == "not_found"
        assert entry(client, room) is None
        assert client.command("search", q="soon gone")["hits"] == []


def test_an_archived_public_channel_is_not_found_and_its_name_is_free(people):
    ann, bob, _, _ = people
    name = f"Gone {cid()}"
    for end in ("room.leave", "room.delete"):
        room = ann.channel(name)
        do(ann, end, room)
        assert bob.command("room.public", prefix=name)["rooms"] == []
        assert bob.refused("room.join", room=room, cid=cid()) == "not_found"


def test_leaving_what_one_is_not_in_is_not_found(people):
    ann, bob, _, _ = people
    room = ann.group(bob.user)
    do(bob, "room.leave", room)
    assert bob.refused("room.leave", room=room, cid=cid()) == "not_found"
    channel = ann.channel()
    assert bob.refused("room.leave", room=channel, cid=cid()) in ("not_found",)


# ---- removing, banning, muting

def test_a_command_about_nobody_says_so(people):
    ann, bob, cleo, _ = people
    room = ann.group(bob.user)
    for type, fields in (("room.remove", {}), ("room.role", {"role": "admin"}), ("room.mute", {"until": FOREVER})):
        assert refusal(ann, type, room=room, user=cleo.user.id, **fields)[0] == "not_member", type
    assert refusal(ann, "room.add", room=room, user="00000000-0000-4000-8000-00000000abcd")[0] == "not_found"


def test_a_member_event_says_what_is_now(people):
    ann, bob, _, _ = people
    room = ann.group()
    added = member_event(ann, room, do(ann, "room.add", room, user=bob.user.id, role="admin")["seq"])
    assert {k: added.get(k) for k in ("user", "state", "role", "by")} == {"user": bob.user.id, "state": "joined", "role": "admin", "by": ann.user.id}
    until = ann.ready["server_time"] + 3600_000
    muted = member_event(bob, room, do(ann, "room.mute", room, user=bob.user.id, until=until)["seq"])
    assert (muted["state"], muted["muted_until"]) == ("joined", until)
    lifted = member_event(bob, room, do(ann, "room.mute", room, user=bob.user.id, until=0)["seq"])
    assert lifted.get("muted_until", 0) == 0
    banned = member_event(bob, room, do(ann, "room.ban", room, user=bob.user.id)["seq"])
    assert (banned["state"], banned["by"]) == ("banned", ann.user.id)
    unbanned = member_event(ann, room, do(ann, "room.unban", room, user=bob.user.id)["seq"])
    assert unbanned["state"] == "unbanned"


def test_somebody_can_be_banned_before_they_come(people):
    ann, bob, _, _ = people
    channel = ann.channel()
    do(ann, "room.ban", channel, user=bob.user.id)
    assert bob.refused("room.join", room=channel, cid=cid()) == "forbidden"
    assert refusal(ann, "room.add", room=channel, user=bob.user.id)[0] in ("forbidden", "conflict")
    do(ann, "room.unban", channel, user=bob.user.id)
    do(bob, "room.join", channel)


def test_an_admin_acts_on_lower_roles_alone(people):
    ann, bob, cleo, dan = people
    room = ann.group(bob.user, cleo.user, dan.user)
    for admin in (bob, cleo):
        do(ann, "room.role", room, user=admin.user.id, role="admin")
    for type, fields in (("room.remove", {}), ("room.ban", {}), ("room.mute", {"until": FOREVER})):
        for target in (ann, cleo):
            assert refusal(bob, type, room=room, user=target.user.id, **fields)[0] == "forbidden", type
    do(bob, "room.mute", room, user=dan.user.id, until=FOREVER)
    do(bob, "room.ban", room, user=dan.user.id)
    do(bob, "room.unban", room, user=dan.user.id)


def test_a_mute_ends_by_itself(people):
    ann, bob, _, _ = people
    room = ann.group(bob.user)
    until = ann.command("ping")["server_time"] + 700
    do(ann, "room.mute", room, user=bob.user.id, until=until)
    try:
        bob.say(room, "early")
    except Refused as refused:
        assert refused.code == "muted" and 0 < refused.answer["retry_after_ms"] <= 700 and refused.answer["retry"] is True
    while True:
        try:
            said = bob.say(room, "at last")
            break
        except Refused as refused:
            assert refused.code == "muted"
    assert said["ts"] >= until


def test_the_muted_may_read_and_nothing_else(people):
    ann, bob, _, _ = people
    room = ann.group(bob.user)
    said = ann.say(room, "hush")
    mine = bob.say(room, "before")
    do(ann, "room.mute", room, user=bob.user.id, until=FOREVER)
    assert bob.refused("message.send", room=room, cid=cid(), text="x") == "muted"
    assert bob.refused("message.react", room=room, cid=cid(), target=said["seq"], key="k", on=True) == "muted"
    assert bob.command("read", room=room, n=mine["n"])["unread"] == 0
    assert bob.command("room.history", room=room)["messages"]
    do(bob, "room.leave", room)


def test_a_mute_outlasts_leaving_and_coming_back(people):
    ann, bob, _, _ = people
    channel = ann.channel()
    do(bob, "room.join", channel)
    do(ann, "room.mute", channel, user=bob.user.id, until=FOREVER)
    for _ in range(2):
        do(bob, "room.leave", channel)
        do(bob, "room.join", channel)
        assert bob.refused("message.send", room=channel, cid=cid(), text="round it") == "muted"
    do(ann, "room.mute", channel, user=bob.user.id, until=0)
    bob.say(channel, "at last")


def test_a_new_role_does_not_end_a_mute(people):
    ann, bob, _, _ = people
    room = ann.group(bob.user)
    do(ann, "room.mute", room, user=bob.user.id, until=FOREVER)
    do(ann, "room.role", room, user=bob.user.id, role="admin")
    assert bob.refused("message.send", room=room, cid=cid(), text="x") == "muted"
    member = next(m for m in ann.command("room.members", room=room)["members"] if m["user"] == bob.user.id)
    assert (member["role"], member["muted_until"]) == ("admin", FOREVER)


# ---- settings of a room

def test_where_admins_post_members_only_read(people):
    ann, bob, cleo, _ = people
    channel = ann.channel(settings={"posting": "admins"})
    for other in (bob, cleo):
        do(other, "room.join", channel)
    do(ann, "room.role", channel, user=cleo.user.id, role="admin")
    said = ann.say(channel, "news")
    cleo.say(channel, "more news")
    assert bob.refused("message.send", room=channel, cid=cid(), text="me too") == "forbidden"
    assert bob.refused("message.react", room=channel, cid=cid(), target=said["seq"], key="k", on=True) == "forbidden"
    assert bob.command("room.get", room=channel)["settings"]["posting"] == "admins"
    do(ann, "room.update", channel, settings={"posting": "members"})
    bob.wait_for(lambda e: e["type"] == "room.updated" and e["room"] == channel)
    bob.say(channel, "me too")


def test_where_admins_add_members_do_not(people):
    ann, bob, cleo, _ = people
    room = ann.group(bob.user, settings={"adding": "admins"})
    assert refusal(bob, "room.add", room=room, user=cleo.user.id)[0] == "forbidden"
    do(ann, "room.update", room, settings={"adding": "members"})
    do(bob, "room.add", room, user=cleo.user.id)


def test_an_update_tells_what_changed_and_nothing_else(people):
    ann, bob, _, _ = people
    room = ann.group(bob.user, topic="T")
    seq = do(ann, "room.update", room, name="New")["seq"]
    event = bob.wait_for(lambda e: e["type"] == "room.updated" and e["room"] == room and e["seq"] == seq)
    assert event["name"] == "New" and event["by"] == ann.user.id
    assert not {"topic", "visibility", "settings"} & set(event), event


def test_only_an_owner_changes_visibility_and_settings(people):
    ann, bob, _, _ = people
    channel = ann.channel(visibility="private")
    do(ann, "room.add", channel, user=bob.user.id)
    do(ann, "room.role", channel, user=bob.user.id, role="admin")
    do(bob, "room.update", channel, name=f"By bob {cid()}", topic="t")
    for fields in ({"visibility": "public"}, {"settings": {"posting": "admins"}}, {"settings": {"history": "joined"}}, {"topic": "u", "visibility": "public"}):
        assert refusal(bob, "room.update", room=channel, **fields)[0] == "forbidden", fields
    assert bob.command("room.get", room=channel)["topic"] == "t"
    do(ann, "room.update", channel, visibility="public")


def test_a_name_that_is_taken_stays_taken_however_it_is_asked_for(people):
    ann, bob, _, _ = people
    name, other = f"Straße {cid()}", f"other {cid()}"
    ann.channel(name)
    second = bob.channel(other)
    assert refusal(bob, "room.update", room=second, name=name.upper().replace("SS", "ß")) == ("conflict", "name")
    assert refusal(bob, "room.update", room=second, name=name.replace(" ", " \u00a0")) == ("conflict", "name")
    hidden = bob.channel(name, visibility="private")
    assert refusal(bob, "room.update", room=hidden, visibility="public")[0] == "conflict"
    do(bob, "room.update", second, name=f"{other} too")
    assert eventually(lambda: ann.channel(other))


def test_a_channel_that_becomes_private_is_hidden_and_one_that_becomes_public_is_found(people):
    ann, bob, cleo, _ = people
    name = f"Turned {cid()}"
    channel = ann.channel(name)
    do(bob, "room.join", channel)
    do(ann, "room.update", channel, visibility="private")
    assert cleo.refused("room.get", room=channel) == cleo.refused("room.join", room=channel, cid=cid()) == "not_found"
    assert cleo.command("room.public", prefix=name)["rooms"] == []
    bob.say(channel, "still in")
    do(ann, "room.update", channel, visibility="public")
    assert [r["room"] for r in cleo.command("room.public", prefix=name)["rooms"]] == [channel]
    do(cleo, "room.join", channel)


# ---- history that starts with one's joining

def test_a_new_member_sees_all_unless_history_begins_with_joining(people):
    ann, bob, cleo, _ = people
    for history, seen in (("all", ["before", "after"]), ("joined", ["after"])):
        room = ann.group(bob.user, settings={"history": history})
        ann.say(room, "before")
        do(ann, "room.add", room, user=cleo.user.id)
        after = ann.say(room, "after")
        cleo.message(room, "after")
        page = cleo.command("room.history", room=room, at_least=after["seq"])
        assert [m["text"] for m in page["messages"]] == seen
        assert page["more"] is False
        events = cleo.command("room.events", room=room, after_seq=0, limit=100)
        assert [e["text"] for e in events["events"] if e["type"] == "message"] == seen
        assert [h["text"] for h in cleo.command("search", q="before", room=room)["hits"]] == (["before"] if history == "all" else [])
        assert entry(cleo, room)["unread"] == 1
        assert [m["text"] for m in bob.command("room.history", room=room)["messages"]] == ["before", "after"]


def test_a_new_role_takes_nothing_from_what_one_sees(people):
    ann, bob, cleo, _ = people
    room = ann.group(bob.user, cleo.user, settings={"history": "joined"})
    ann.say(room, "seen")
    changes = [("room.role", {"role": "admin"}), ("room.mute", {"until": FOREVER}), ("room.mute", {"until": 0}), ("room.role", {"role": "owner"})]
    for type, fields in changes:
        seq = do(ann, type, room, user=bob.user.id, **fields)["seq"]
        assert [m["text"] for m in bob.command("room.history", room=room, at_least=seq)["messages"]] == ["seen"]
    joined = {m["user"]: m["joined_seq"] for m in ann.command("room.members", room=room)["members"]}
    assert joined == {ann.user.id: 2, bob.user.id: 3, cleo.user.id: 4}


def test_what_was_before_joining_can_not_be_touched(people):
    ann, bob, _, _ = people
    room = ann.group(settings={"history": "joined"})
    hidden = ann.say(room, "hidden")["seq"]
    do(ann, "room.add", room, user=bob.user.id)
    assert bob.command("room.history", room=room, around_seq=hidden)["messages"] == []
    assert bob.command("room.history", room=room, before_seq=hidden + 1)["messages"] == []
    assert bob.refused("message.react", room=room, cid=cid(), target=hidden, key="k", on=True) == "not_found"
    do(ann, "room.role", room, user=bob.user.id, role="admin")
    assert bob.refused("message.delete", room=room, cid=cid(), target=hidden) == "not_found"
    assert bob.refused("message.send", room=room, cid=cid(), text="re", reply_to=hidden) == "not_found"
    do(ann, "message.edit", room, target=hidden, text="hidden, edited")
    last = ann.say(room, "end")
    bob.message(room, "end")
    assert "hidden" not in str(bob.command("room.history", room=room, at_least=last["seq"]))


# ---- direct rooms and blocks

def test_a_direct_room_has_no_name_and_no_roles(people):
    ann, bob, cleo, _ = people
    room = ann.command("message.send", to=bob.user.id, cid=cid(), text="hi")["room"]
    got = ann.command("room.get", room=room)
    assert got["kind"] == "direct" and got["peer"] == bob.user.id and "name" not in got
    assert bob.command("room.get", room=room)["peer"] == ann.user.id
    for type, fields in (("room.update", {"name": "x"}), ("room.delete", {}), ("room.add", {"user": cleo.user.id}), ("room.remove", {"user": bob.user.id}),
                         ("room.role", {"user": bob.user.id, "role": "admin"}), ("room.mute", {"user": bob.user.id, "until": FOREVER})):
        assert refusal(ann, type, room=room, **fields)[0] == "forbidden", type
    assert cleo.refused("room.get", room=room) == "not_found"


def test_notes_to_oneself_are_a_direct_room(house):
    with house.user().connect() as own:
        room = own.command("room.create", kind="direct", members=[own.user.id], cid=cid())
        said = own.command("message.send", to=own.user.id, cid=cid(), text="milk")
        assert said["room"] == room["room"] and said["n"] == 1
        assert own.message(room["room"], "milk")["from"] == own.user.id
        assert own.command("room.get", room=room["room"])["members"] == 1
        assert entry(own, room["room"])["unread"] == 0
        assert own.command("room.create", kind="direct", members=[own.user.id], cid=cid())["dup"] is True


def test_a_direct_room_that_exists_is_found_again(people):
    ann, _, _, dan = people
    first = ann.command("room.create", kind="direct", members=[dan.user.id], cid=cid())
    again = dan.command("room.create", kind="direct", members=[ann.user.id], cid=cid())
    assert again["room"] == first["room"] and again["dup"] is True


def test_leaving_a_direct_room_hides_it_until_the_next_message(house, people):
    ann = people[0]
    with house.user().connect() as other:
        room = ann.command("message.send", to=other.user.id, cid=cid(), text="hello")["room"]
        other.message(room, "hello")
        do(other, "room.leave", room)
        assert entry(other, room) is None
        assert room not in [r["room"] for r in other.command("room.list")["rooms"]]
        assert entry(ann, room)
        said = ann.command("message.send", to=other.user.id, cid=cid(), text="again?")
        assert said["room"] == room
        other.message(room, "again?")
        back = entry(other, room)
        assert back["unread"] >= 1 and back["peer"] == ann.user.id
        assert [m["text"] for m in other.command("room.history", room=room)["messages"]] == ["hello", "again?"]


def test_the_one_who_hid_a_direct_room_may_write_again(house, people):
    ann = people[0]
    with house.user().connect() as other:
        room = other.command("message.send", to=ann.user.id, cid=cid(), text="one")["room"]
        do(other, "room.leave", room)
        assert other.command("message.send", to=ann.user.id, cid=cid(), text="two")["room"] == room
        assert entry(other, room)["unread"] == 0


def test_nobody_writes_to_somebody_who_is_not_there(people):
    assert refusal(people[0], "message.send", to="00000000-0000-4000-8000-00000000abcd", text="?")[0] == "not_found"
    assert refusal(people[0], "room.create", kind="direct", members=["00000000-0000-4000-8000-00000000abcd"])[0] == "not_found"


def test_a_block_ends_what_the_blocked_may_do_to_the_blocker(house, people):
    ann = people[0]
    with house.user().connect() as other:
        direct = other.command("message.send", to=ann.user.id, cid=cid(), text="hi")
        group = other.group(ann.user)
        said = ann.command("message.send", to=other.user.id, cid=cid(), text="bye")
        ann.command("user.block", user=other.user.id, on=True)
        room = direct["room"]
        assert refusal(other, "message.send", to=ann.user.id, text="x")[0] == "forbidden"
        assert refusal(other, "message.send", room=room, text="x")[0] == "forbidden"
        assert refusal(other, "message.react", room=room, target=said["seq"], key="k", on=True)[0] == "forbidden"
        assert refusal(other, "room.create", kind="group", name="x", members=[ann.user.id])[0] == "forbidden"
        other.say(group, "in a group one still may")
        ann.message(group, "in a group one still may")
        second = other.group()
        assert refusal(other, "room.add", room=second, user=ann.user.id)[0] == "forbidden"
        ann.command("user.block", user=other.user.id, on=False)
        other.say(room, "again")
        ann.message(room, "again")


def test_a_new_direct_room_with_somebody_who_blocked_is_forbidden(house, people):
    ann = people[0]
    with house.user().connect() as other:
        ann.command("user.block", user=other.user.id, on=True)
        assert refusal(other, "room.create", kind="direct", members=[ann.user.id])[0] == "forbidden"
        assert refusal(other, "message.send", to=ann.user.id, text="x")[0] == "forbidden"
        assert all(r.get("peer") != other.user.id for r in ann.command("room.list", limit=100)["rooms"])


def test_blocks_are_listed_and_taken_back_over_http(house, people):
    ann, bob, _, _ = people
    path = f"/user/me/blocks/{bob.user.id}"
    for method, blocked in (("PUT", True), ("DELETE", False)):
        assert ann.user.http(method, path).status == 200
        assert ann.user.http("GET", path).json["blocked"] is blocked
    assert ann.user.http("PUT", f"/user/me/blocks/{ann.user.id}").status in (403, 409, 422)
