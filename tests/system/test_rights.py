"""The whole authorization matrix: every command about a room x kind of room x who asks.

What is expected comes from the rows of client.def; the callers are an owner, an admin, a member, a muted member, somebody who left, somebody who was
removed, somebody who is banned, and a stranger. Objects that must exist (a message to edit, a member to remove) are made fresh for each case.
"""

import json

import pytest

from client import Refused, cid
from rights import read_commands, read_rights

COMMANDS, RIGHTS = read_commands(), read_rights()
KINDS = ("direct", "group", "private_channel", "public_channel")
CALLERS = ("owner", "admin", "member", "muted", "left", "removed", "banned", "stranger")
ROLE = {"owner": 3, "admin": 2, "member": 1, "muted": 1}


class World:
    """People, and one room of each kind in which each of them is what their name says."""

    def __init__(self, house):
        self.users = {name: house.user(name) for name in (*CALLERS, "victim", "helper")}
        self.clients = {name: user.connect() for name, user in self.users.items()}
        self.rooms = {kind: self.make(kind) for kind in KINDS}

    def make(self, kind):
        owner = self.clients["owner"]
        if kind == "direct":
            return owner.command("message.send", to=self.users["member"].id, cid=cid(), text="hello")["room"]
        insiders = [self.users[n] for n in ("admin", "member", "muted", "left", "removed", "banned", "helper")]
        if kind == "group":
            room = owner.group(*insiders)
        else:
            room = owner.channel(visibility=kind.split("_")[0])
            for user in insiders:
                owner.command("room.add", room=room, cid=cid(), user=user.id)
        owner.command("room.role", room=room, cid=cid(), user=self.users["admin"].id, role="admin")
        owner.command("room.mute", room=room, cid=cid(), user=self.users["muted"].id, until=4102444800000)
        self.clients["left"].command("room.leave", room=room, cid=cid())
        owner.command("room.remove", room=room, cid=cid(), user=self.users["removed"].id)
        owner.command("room.ban", room=room, cid=cid(), user=self.users["banned"].id)
        return room

    def close(self):
        for client in self.clients.values():
            client.close()


@pytest.fixture(scope="module")
def world(house):
    made = World(house)
    yield made
    made.close()


def expected(command, kind, caller):
    """The code of the refusal, or None."""
    table_kind = kind.split("_")[-1]
    public = kind == "public_channel"
    inside = caller in ROLE and (kind != "direct" or caller in ("owner", "member"))
    right = RIGHTS.get((command, table_kind))
    if not inside:
        if right and right[1] == "public":
            return None if public and caller != "banned" else "forbidden" if public else "not_found"
        if right and right[1] == "or_public" and public:
            return None
        if command == "room_leave":
            return "not_found"
        return "not_member" if public else "not_found"
    if right is None:
        return "forbidden"
    role = 1 if kind == "direct" else ROLE[caller]
    if right[1] == "public":
        return None  # joined already
    if role < right[0]:
        return "forbidden"
    if caller == "muted" and right[1] in ("unmuted", "posting"):
        return "muted"
    if right[1] == "author_or_admin":
        return None
    return None


def target_user(world, room, kind, command):
    """A member (or, for add and unban, somebody outside) with the lowest role."""
    owner, victim = world.clients["owner"], world.users["victim"]
    if kind == "direct":
        return victim.id
    outcome(owner, "room.remove", {"room": room, "cid": cid(), "user": victim.id})
    outcome(owner, "room.unban", {"room": room, "cid": cid(), "user": victim.id})
    if command == "room_add":
        return victim.id
    owner.command("room.add", room=room, cid=cid(), user=victim.id)
    if command == "room_unban":
        owner.command("room.ban", room=room, cid=cid(), user=victim.id)
    return victim.id


def fields_of(world, room, kind, caller, command):
    fields = {"room": room}
    author = caller if caller in ROLE and (kind != "direct" or caller in ("owner", "member")) and caller != "muted" else "owner"
    if command in ("message_edit", "message_delete", "message_react"):
        fields["target"] = world.clients[author].say(room, "a target")["seq"]
    if command == "message_delete" and caller == "muted":
        fields["target"] = world.clients["owner"].say(room, "a target")["seq"]
    if command in ("message_send", "message_edit"):
        fields["text"] = f"words {cid()}"
    if command == "message_react":
        fields.update(key="+1", on=True)
    if command == "room_update":
        fields["topic"] = f"topic {cid()}"
    if command in ("room_add", "room_remove", "room_ban", "room_unban", "room_role", "room_mute"):
        fields["user"] = target_user(world, room, kind, command)
    if command == "room_role":
        fields["role"] = "admin"
    if command == "room_mute":
        fields["until"] = 4102444800000
    if command == "read":
        fields["n"] = 1
    if command == "typing":
        fields["on"] = True
    if command not in ("room_get", "room_members", "room_history", "room_events", "read", "typing"):
        fields["cid"] = cid()
    return fields


def outcome(client, wire, fields):
    try:
        client.command(wire, **fields)
        return None
    except Refused as refused:
        return refused.code


# Those that end a room or somebody's membership get a room of their own for each caller, below.
SHARED = [c for c in COMMANDS if c not in ("room_delete", "room_leave", "room_join", "typing")]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("command", SHARED)
def test_matrix(world, command, kind):
    room = world.rooms[kind]
    wrong = {}
    for caller in CALLERS:
        want = expected(command, kind, caller)
        if caller == "muted" and command in ("message_edit", "message_delete"):
            want = "forbidden"  # the target is somebody else's: a muted member can not make one
            if kind == "direct":
                want = "not_found"
        fields = fields_of(world, room, kind, caller, command)
        got = outcome(world.clients[caller], COMMANDS[command], fields)
        if got != want:
            wrong[caller] = f"{got}, expected {want}"
    assert wrong == {}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("command", ["room_join", "room_leave", "room_delete"])
def test_matrix_of_what_ends_memberships(world, command, kind):
    wrong = {}
    for caller in CALLERS:
        room = world.make(kind)
        fields = {"room": room, "cid": cid()}
        got, want = outcome(world.clients[caller], COMMANDS[command], fields), expected(command, kind, caller)
        if got != want:
            wrong[caller] = f"{got}, expected {want}"
    assert wrong == {}


def test_a_room_that_is_not_mine_looks_like_one_that_is_not_there(world):
    stranger = world.clients["stranger"]
    answers = []
    for room in (world.rooms["group"], "00000000-0000-4000-8000-000000000000"):
        with pytest.raises(Refused) as refused:
            stranger.command("room.history", room=room)
        answers.append({k: v for k, v in refused.value.answer.items() if k != "ref"})
    assert json.dumps(answers[0]) == json.dumps(answers[1])
