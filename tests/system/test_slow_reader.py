"""Clients that stop reading: bounded memory, a marked gap, and nobody else notices."""

import json

import pytest

from client import cid
from house import House
from wire import Wire

MESSAGES, BYTES = 600, 12000
SLOW = 12  # so many that their sends leave together


def read_frames(wire, until_seq):
    """Events and gaps of the slow connection, until everything up to `until_seq` was sent or marked as left out."""
    frames, seen = [], 0
    while seen < until_seq:
        opcode, payload = wire.read_frame()
        if opcode != 1:
            continue
        frame = json.loads(payload)
        if frame["type"] == "room.gap":
            seen = max(seen, frame["to"])
        elif "seq" in frame and frame["type"] != "ok":
            seen = max(seen, frame["seq"])
        frames.append(frame)
    return frames


def assert_sent_or_left_out(frames, last):
    gaps = [f for f in frames if f["type"] == "room.gap"]
    assert gaps
    covered = set()
    for frame in frames:
        covered |= set(range(frame["from"], frame["to"] + 1)) if frame["type"] == "room.gap" else {frame["seq"]}
    first = min(covered)
    assert covered == set(range(first, last + 1)), "every event was sent or is in a marked gap"
    seqs = [f["seq"] for f in frames if f["type"] != "room.gap"]
    assert seqs == sorted(set(seqs))


@pytest.mark.parametrize("sends", ["auto", "plain"])
def test_slow_readers_get_a_gap_and_the_others_everything(tmp_path, sends):
    house = House(tmp_path / "d", settings={"limits.queued_bytes": 262144, "server.sends": sends}).start()
    ann, bob = house.user(), house.user()
    with ann.connect() as a, bob.connect() as b:
        room = a.group(bob)
        slows = [Wire(house, timeout=30).open(bob.token) for _ in range(SLOW)]
        a.say(room, "before")
        before = house.memory_bytes()
        last = 0
        for i in range(0, MESSAGES, 30):
            futures = [a.start("message.send", room=room, cid=cid(), text=f"{i + j} " + "x" * BYTES) for j in range(30)]
            last = [a.finish(future)["seq"] for future in futures][-1]
        b.wait_for(lambda e: e.get("seq") == last and e.get("room") == room)
        assert [e["seq"] for e in b.of_room(room)][-1] == last
        assert len([e for e in b.of_room(room) if e["type"] == "message"]) == MESSAGES + 1
        # Without a bound all of it would wait for the slow one: 7 MB in the server alone. Caches of the store may grow.
        assert house.memory_bytes() - before < 256 << 20

        for slow in slows:
            assert_sent_or_left_out([f for f in read_frames(slow, last) if f.get("room") == room], last)
        a.say(room, "after")
        for slow in slows:
            while json.loads(slow.read_frame()[1] or "{}").get("text") != "after":
                pass
    house.stop()
