"""Rooms, members, roles: what people may do and what everybody sees of it."""

import pytest

from client import cid


@pytest.fixture(scope="module")
def people(house):
    return [house.user(name) for name in ("owner", "admin", "member", "outsider")]


def test_a_group_shows_up_for_the_people_who_were_added(house, people):
    owner, admin, member, outsider = people
    with owner.connect() as o, member.connect() as m, outsider.connect() as x:
        room = o.group(member, name="Tea")
        created = m.wait_for(lambda e: e["type"] == "room.created" and e["room"] == room)
        assert created["name"] == "Tea" and created["seq"] == 1
        joined = {e["user"]: e["role"] for e in [m.wait_for(
            lambda e, u=u: e["type"] == "member" and e["room"] == room and e["user"] == u.id) for u in (owner, member)]}
        assert joined == {owner.id: "owner", member.id: "member"}
        assert x.refused("room.get", room=room) == "not_found"
        x.settle()
        assert x.of_room(room) == []


def test_whoever_goes_is_told_with_the_role_they_had(house, people):
    owner, admin, member, _ = people
    with owner.connect() as o, member.connect() as m:
        room = o.group(admin, member)
        for type, fields in (("room.role", {"role": "admin"}), ("room.ban", {}), ("room.unban", {})):
            o.command(type, room=room, cid=cid(), user=admin.id, **fields)
        m.command("room.leave", room=room, cid=cid())
        ends = o.command("room.events", room=room)["events"][-3:]
        assert [(e["state"], e["role"]) for e in ends] == [("banned", "admin"), ("unbanned", "member"), ("left", "member")]


def test_a_removed_member_gets_nothing_after_the_removal(house, people):
    owner, _, member, _ = people
    with owner.connect() as o, member.connect() as m:
        room = o.group(member)
        o.say(room, "before")
        m.message(room, "before")
        removal = o.command("room.remove", room=room, cid=cid(), user=member.id)
        o.say(room, "after")
        o.message(room, "after")
        gone = m.wait_for(lambda e: e["type"] == "member" and e["room"] == room and e["state"] == "removed")
        assert gone["seq"] == removal["seq"] and gone["user"] == member.id
        m.settle()
        assert m.of_room(room)[-1]["seq"] == removal["seq"]
        assert m.refused("room.history", room=room) == "not_found"
        assert m.refused("message.send", room=room, cid=cid(), text="still here?") == "not_found"


def test_a_banned_user_may_not_come_back_until_unbanned(house, people):
    owner, _, member, _ = people
    with owner.connect() as o, member.connect() as m:
        room = o.channel()
        m.command("room.join", room=room, cid=cid())
        o.command("room.ban", room=room, cid=cid(), user=member.id)
        assert m.refused("room.join", room=room, cid=cid()) == "forbidden"
        o.command("room.unban", room=room, cid=cid(), user=member.id)
        m.command("room.join", room=room, cid=cid())
        m.say(room, "back")
        o.message(room, "back")


def test_a_muted_member_is_told_how_long(house, people):
    owner, _, member, _ = people
    with owner.connect() as o, member.connect() as m:
        room = o.group(member)
        o.command("room.mute", room=room, cid=cid(), user=member.id, until=o.ready["server_time"] + 3600_000)
        answer = pytest.raises(Exception, m.say, room, "hm").value.answer
        assert answer["code"] == "muted" and answer["retry"] is True and 0 < answer["retry_after_ms"] <= 3600_000
        o.command("room.mute", room=room, cid=cid(), user=member.id, until=0)
        m.say(room, "again")


def test_roles_are_given_by_the_owner_and_the_last_owner_stays(house, people):
    owner, admin, member, _ = people
    with owner.connect() as o, admin.connect() as a, member.connect() as m:
        room = o.group(admin, member)
        assert a.refused("room.role", room=room, cid=cid(), user=member.id, role="admin") == "forbidden"
        o.command("room.role", room=room, cid=cid(), user=admin.id, role="admin")
        a.command("room.update", room=room, cid=cid(), name="By the admin")
        updated = m.wait_for(lambda e: e["type"] == "room.updated" and e["room"] == room)
        assert updated["name"] == "By the admin"
        assert a.refused("room.remove", room=room, cid=cid(), user=owner.id) == "forbidden"
        assert o.refused("room.role", room=room, cid=cid(), user=owner.id, role="member") == "conflict"
        o.command("room.leave", room=room, cid=cid())
        promoted = m.wait_for(lambda e: e["type"] == "member" and e["user"] == admin.id and e["role"] == "owner"
                              and e["room"] == room)
        assert promoted["state"] == "joined"


def test_the_last_one_out_archives_the_room(house, people):
    owner = people[0]
    with owner.connect() as o:
        room = o.group()
        o.command("room.leave", room=room, cid=cid())
        assert o.refused("room.get", room=room) == "not_found"
        assert o.refused("message.send", room=room, cid=cid(), text="?") == "not_found"


def test_a_public_channel_is_found_and_joined_and_its_name_is_taken(house, people):
    owner, _, member, outsider = people
    with owner.connect() as o, outsider.connect() as x:
        name = f"Gardeners {cid()}"
        room = o.channel(name)
        found = x.command("room.public", prefix=name[:20].upper())["rooms"]
        assert [r["room"] for r in found] == [room]
        assert x.command("room.get", room=room)["name"] == name
        assert x.refused("room.history", room=room) == "not_member"
        assert x.refused("message.send", room=room, cid=cid(), text="hi") == "not_member"
        assert x.refused("room.create", kind="channel", name=name.lower(), visibility="public", cid=cid()) == "conflict"
        x.command("room.join", room=room, cid=cid())
        assert x.command("room.join", room=room, cid=cid())["dup"] is True
        assert x.command("room.history", room=room)["messages"] == []


def test_a_repeated_create_is_the_same_room(house, people):
    with people[0].connect() as o:
        key = cid()
        first = o.command("room.create", kind="group", name="Twice", cid=key)
        again = o.command("room.create", kind="group", name="Twice", cid=key)
        assert again["room"] == first["room"] and again["dup"] is True


def test_a_blocked_user_can_neither_write_nor_add(house, people):
    owner, _, member, _ = people
    with owner.connect() as o, member.connect() as m:
        m.command("user.block", user=owner.id, on=True)
        assert o.refused("message.send", to=member.id, cid=cid(), text="hello?") == "forbidden"
        room = o.group()
        assert o.refused("room.add", room=room, cid=cid(), user=member.id) == "forbidden"
        m.command("user.block", user=owner.id, on=False)
        o.command("room.add", room=room, cid=cid(), user=member.id)
        m.wait_for(lambda e: e["type"] == "member" and e["room"] == room and e["user"] == member.id)


def test_a_deleted_room_ends_for_everybody(house, people):
    owner, _, member, _ = people
    with owner.connect() as o, member.connect() as m:
        room = o.group(member)
        m.wait_for(lambda e: e["type"] == "room.created" and e["room"] == room)
        assert m.refused("room.delete", room=room, cid=cid()) == "forbidden"
        o.command("room.delete", room=room, cid=cid())
        last = m.wait_for(lambda e: e["type"] == "room.deleted" and e["room"] == room)
        m.settle()
        assert m.of_room(room)[-1] == last
        assert o.refused("room.get", room=room) == "not_found"
        assert room not in [r["room"] for r in m.command("sync")["rooms"]]
