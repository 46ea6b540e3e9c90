"""The Big List of Naughty Strings as messages, names and topics: read back unchanged, or refused by rule."""

import json
import os
import re
import unicodedata

import pytest

from client import Refused, cid
from npm import package

BIDI = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@pytest.fixture(scope="module")
def strings():
    path = package("big-list-of-naughty-strings")
    with open(os.path.join(path, "blns.json"), encoding="utf-8") as found:
        return json.load(found)


@pytest.fixture(scope="module")
def pair(house):
    ann, bob = house.user(), house.user()
    with ann.connect() as a, bob.connect() as b:
        yield a, b, a.group(bob)


def fits_text(text):
    return 1 <= len(text.encode("utf-8", "surrogatepass")) <= 16384 and "\0" not in text and not re.search("[\ud800-\udfff]", text)


def fits_name(text, least, most):
    hidden = any(unicodedata.category(c) == "Cc" or c in BIDI for c in text)
    return fits_text(text or "x") and least <= len(text) <= most and not hidden


def test_every_string_is_a_message_or_refused_by_rule(pair, strings):
    a, b, room = pair
    sent = []
    for text in strings:
        if fits_text(text):
            a.say(room, text)
            sent.append(text)
        else:
            assert a.refused("message.send", room=room, cid=cid(), text=text) in ("bad_field", "bad_frame", "too_large")
    b.message(room, sent[-1])
    assert [e["text"] for e in b.of_room(room) if e["type"] == "message"] == sent
    stored, before = [], None
    while before is None or page["more"]:
        bound = {} if before is None else {"before_seq": before}
        page = a.command("room.history", room=room, limit=100, **bound)
        stored = [m["text"] for m in page["messages"]] + stored
        before = page["messages"][0]["seq"]
    assert stored == sent


@pytest.mark.parametrize("field, least, most", [("name", 1, 64), ("topic", 0, 256)])
def test_every_string_is_a_name_or_topic_or_refused_by_rule(pair, strings, field, least, most):
    a, _, room = pair
    wrong = []
    for text in strings:
        try:
            a.command("room.update", room=room, cid=cid(), **{field: text})
            ok = a.command("room.get", room=room).get(field, "") == text
            fits = fits_name(text, least, most)
        except Refused as refused:
            ok, fits = refused.code in ("bad_field", "bad_frame", "too_large"), not fits_name(text, least, most)
        if not ok or not fits:
            wrong.append(text)
    assert wrong == []
