"""The Big List of Naughty Strings as messages, names and topics: read back unchanged, or refused by rule."""

import json
import os
import re
import unicodedata

import pytest

from client import Refused, cid
from npm import package

BIDI = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
PICTURE = "[\u00a9\u00ae\u203c-\u2bff\u3030-\u3299\U0001f000-\U0001faff]"
# What shows nothing and is needed: the style of an emoji or of a keycap, the joiner in a group of emoji.
NEEDED = re.compile(f"(?<={PICTURE})\ufe0f|(?<=[0-9#*])\ufe0f(?=\u20e3)|(?<={PICTURE})\u200d(?={PICTURE})")
UNSEEN = re.compile("[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ue000-\uf8ff"
                    "\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\U000e0000-\U0010ffff]")
BLANK = re.compile("[ \u00a0\u1680\u2000-\u200a\u202f\u205f\u2800\u3000]*")


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


def fits_topic(text):
    hidden = any(unicodedata.category(c) == "Cc" or c in BIDI for c in text)
    return fits_text(text or "x") and len(text) <= 256 and not hidden


def fits_name(text):
    hides = UNSEEN.search(NEEDED.sub("", NEEDED.sub("", text)))
    return fits_topic(text) and len(text) <= 64 and not hides and not BLANK.fullmatch(text)


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


@pytest.mark.parametrize("field, fits_field", [("name", fits_name), ("topic", fits_topic)], ids=["name", "topic"])
def test_every_string_is_a_name_or_topic_or_refused_by_rule(pair, strings, field, fits_field):
    a, _, room = pair
    wrong = []
    for text in strings:
        try:
            a.command("room.update", room=room, cid=cid(), **{field: text})
            ok = a.command("room.get", room=room).get(field, "") == text
            fits = fits_field(text)
        except Refused as refused:
            ok, fits = refused.code in ("bad_field", "bad_frame", "too_large"), not fits_field(text)
        if not ok or not fits:
            wrong.append(text)
    assert wrong == []
