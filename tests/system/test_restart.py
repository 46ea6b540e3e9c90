"""What was acknowledged is the same after a kill: not messages alone, but roles, mutes, bans, settings, cursors, blocks, and what a cid was used for."""

import pytest

from client import cid

FOREVER = 4102444800000


@pytest.fixture
def after_a_kill(fresh):
    """Makes people and says `before` to them, kills the process, and says `after` to the same people on new connections."""
    def run(names, before, after):
        fresh.start()
        users = [fresh.user(name) for name in names]
        clients = [user.connect() for user in users]
        kept = before(*clients)
        fresh.kill()
        fresh.start()
        clients = [user.connect() for user in users]
        after(kept, *clients)
        for client in clients:
            client.close()
    return run


def do(client, type, room, **fields):
    return client.command(type, room=room, cid=cid(), **fields)


def picture(client, room):
    """All that a member can see of a room."""
    got = [client.command("room.get", room=room), client.command("room.history", room=room, limit=100), client.command("room.events", room=room, after_seq=0),
           client.command("room.members", room=room)]
    return [{key: value for key, value in answer.items() if key != "ref"} for answer in got]


def test_a_room_looks_the_same_to_everybody(after_a_kill):
    def before(ann, bob, cleo, dan):
        room = ann.group(bob.user, cleo.user, dan.user, topic="T", settings={"history": "joined", "adding": "admins"})
        do(ann, "room.role", room, user=bob.user.id, role="admin")
        do(ann, "room.mute", room, user=cleo.user.id, until=FOREVER)
        do(bob, "room.ban", room, user=dan.user.id)
        said = [ann.say(room, f"{i}", mentions=[cleo.user.id])["seq"] for i in range(4)]
        do(ann, "message.edit", room, target=said[0], text="edited")
        do(ann, "message.delete", room, target=said[1])
        for client, key in ((ann, "a"), (bob, "a"), (bob, "b")):
            do(client, "message.react", room, target=said[2], key=key, on=True)
        do(bob, "message.react", room, target=said[2], key="b", on=False)
        do(ann, "room.update", room, name="Renamed")
        cleo.command("read", room=room, n=2)
        channel = ann.channel()
        do(cleo, "room.join", channel)
        do(ann, "room.mute", channel, user=cleo.user.id, until=FOREVER)
        do(cleo, "room.leave", channel)
        return room, [picture(client, room) for client in (ann, bob, cleo)], said[3], channel

    def after(kept, ann, bob, cleo, dan):
        room, pictures, last, channel = kept
        do(cleo, "room.join", channel)
        assert cleo.refused("message.send", room=channel, cid=cid(), text="x") == "muted"
        assert [picture(client, room) for client in (ann, bob, cleo)] == pictures
        assert cleo.refused("message.send", room=room, cid=cid(), text="x") == "muted"
        assert ann.refused("room.add", room=room, cid=cid(), user=dan.user.id) == "forbidden"
        assert dan.refused("room.get", room=room) == "not_found"
        assert do(bob, "message.react", room, target=last, key="c", on=True)["seq"] == pictures[0][2]["head"] + 1
        entry = next(r for r in cleo.command("sync")["rooms"] if r["room"] == room)
        assert (entry["read_n"], entry["unread"], entry["mentioned"], entry["role"]) == (2, 2, True, "member")

    after_a_kill(("ann", "bob", "cleo", "dan"), before, after)


def test_a_cid_is_known_by_what_it_was_used_for(after_a_kill):
    def before(ann, bob):
        room = ann.group(bob.user)
        target = ann.say(room, "a target")["seq"]
        used = [("message.send", {"room": room, "text": "one", "cid": cid()}), ("message.edit", {"room": room, "target": target, "text": "new", "cid": cid()}),
                ("message.react", {"room": room, "target": target, "key": "k", "on": True, "cid": cid()}),
                ("message.send", {"to": bob.user.id, "text": "direct", "cid": cid()}),
                ("room.create", {"kind": "group", "name": "G", "cid": cid()}), ("room.update", {"room": room, "topic": "t", "cid": cid()}),
                ("room.role", {"room": room, "user": bob.user.id, "role": "admin", "cid": cid()})]
        answers = [ann.command(type, **fields) for type, fields in used]
        for future in [ann.start("message.send", room=room, cid=cid(), text=f"{i}") for i in range(300)]:
            ann.finish(future)
        gone = ann.group(bob.user)
        used.append(("room.leave", {"room": gone, "cid": cid()}))
        answers.append(ann.command("room.leave", **used[-1][1]))
        return used, answers

    def after(kept, ann, bob):
        for (type, fields), first in zip(*kept):
            again = ann.command(type, **fields)
            assert again.pop("dup") is True, type
            assert again | {"ref": ""} == {k: v for k, v in first.items() if k != "dup"} | {"ref": ""}, type
        send = kept[0][0][1]
        assert ann.refused("message.send", **{**send, "text": "other"}) == "conflict"

    after_a_kill(("ann", "bob"), before, after)


def test_blocks_and_hidden_rooms_stay(after_a_kill):
    def before(ann, bob, cleo):
        direct = ann.command("message.send", to=bob.user.id, cid=cid(), text="hi")["room"]
        do(ann, "room.leave", direct)
        cleo.command("user.block", user=ann.user.id, on=True)
        return direct

    def after(direct, ann, bob, cleo):
        assert direct not in [r["room"] for r in ann.command("room.list")["rooms"]]
        assert ann.refused("message.send", to=cleo.user.id, cid=cid(), text="x") == "forbidden"
        bob.command("message.send", to=ann.user.id, cid=cid(), text="back")
        ann.message(direct, "back")
        assert direct in [r["room"] for r in ann.command("room.list")["rooms"]]

    after_a_kill(("ann", "bob", "cleo"), before, after)


def test_a_public_name_and_a_search_stay(after_a_kill):
    name, word = f"Kept {cid()}", f"w{cid()}"

    def before(ann, bob):
        room = ann.channel(name)
        ann.say(room, f"{word} here")
        gone = ann.say(room, f"{word} gone")["seq"]
        do(ann, "message.delete", room, target=gone)
        do(bob, "room.join", room)
        return room

    def after(room, ann, bob):
        assert bob.refused("room.create", kind="channel", name=name.upper(), visibility="public", cid=cid()) == "conflict"
        assert [r["room"] for r in bob.command("room.public", prefix=name)["rooms"]] == [room]
        assert [h["text"] for h in bob.command("search", q=word)["hits"]] == [f"{word} here"]

    after_a_kill(("ann", "bob"), before, after)
