"""The judge itself: each planted violation is found, an honest history passes."""

import copy

import pytest

from checker import History, digest, judge

ROOM, ANN = "r", "ann"


def honest():
    history = History()
    log = {1: {"type": "room.created", "seq": 1, "cid": "c0"}}
    for i in range(2, 6):
        cid, text = f"c{i}", f"t{i}"
        log[i] = {"type": "message", "seq": i, "n": i - 1, "cid": cid, "from": ANN, "text": text}
        history.sent(ROOM, ANN, cid, text, at=i, done=i + 0.5, outcome="ok", seq=i, n=i - 1, connection=1, order=i)
        history.delivered(1, ROOM, log[i])
        history.heads[ANN, ROOM].append(i)
    return history, {ROOM: log}, {ROOM: 5}


def test_an_honest_history_passes():
    assert judge(*honest()) == []


def lose(h, logs, heads):
    del logs[ROOM][3]


def double(h, logs, heads):
    logs[ROOM][6] = {**logs[ROOM][5], "seq": 6, "n": 5}
    heads[ROOM] = 6


def change(h, logs, heads):
    logs[ROOM][4]["text"] = "other"


def disagree(h, logs, heads):
    h.sent(ROOM, ANN, "c3", "t3", at=20, done=21, outcome="ok", seq=5, n=4, connection=1, order=20, dup=True)


def invent(h, logs, heads):
    logs[ROOM][6] = {"type": "message", "seq": 6, "n": 5, "cid": "ghost", "from": ANN, "text": "boo"}
    heads[ROOM] = 6


def swap(h, logs, heads):
    h.deliveries[1, ROOM][1:3] = reversed(h.deliveries[1, ROOM][1:3])


def reorder(h, logs, heads):
    h.sends[ROOM, ANN, "c2"]["attempts"][0]["at"] = 50
    h.sends[ROOM, ANN, "c2"]["attempts"][0]["done"] = 51


def pipeline(h, logs, heads):
    h.sends[ROOM, ANN, "c2"]["attempts"][0]["order"] = 50


def back(h, logs, heads):
    h.heads[ANN, ROOM].append(2)


@pytest.mark.parametrize("plant, name", [(lose, "I1"), (lose, "I5"), (double, "I2"), (change, "I1"), (disagree, "I3"), (invent, "I4"),
                                         (swap, "I7"), (reorder, "I9"), (pipeline, "I10"), (back, "I12")])
def test_a_planted_violation_is_found(plant, name):
    history, logs, heads = copy.deepcopy(honest())
    plant(history, logs, heads)
    assert any(line.startswith(name + " ") for line in judge(history, logs, heads))


def test_the_digest_tells_texts_apart():
    assert digest("a") != digest("b")
