"""Judges a recorded history by the invariants I1-I10 and I12, as sim/README.md has them.

A history is what clients saw: sends with their outcome, deliveries per connection in order, heads, and at the end the whole log of each
room as the server gives it. Happy path: judge() returns an empty list. How it fails: each violation is a line that names the invariant and
the first pair that breaks it.
"""

import collections
import hashlib


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class History:
    def __init__(self):
        self.sends = {}  # (room, user, cid) -> dict(text, attempts=[dict(at, done, outcome, seq, n, connection, order)])
        self.deliveries = collections.defaultdict(list)  # (connection, room) -> [(seq, cid, hash)]
        self.heads = collections.defaultdict(list)  # (client, room) -> [head] in the order seen

    def sent(self, room, user, cid, text, **attempt):
        send = self.sends.setdefault((room, user, cid), {"text": text, "attempts": []})
        send["attempts"].append(attempt)
        return attempt

    def delivered(self, connection, room, event):
        self.deliveries[connection, room].append((event["seq"], event.get("cid"), digest(event.get("text", ""))))


def check_acks(history, logs):
    """I1, I3: what was acknowledged is there, with the same content, and every acknowledgement of it agrees."""
    for (room, user, cid), send in history.sends.items():
        acks = {(a["seq"], a["n"]) for a in send["attempts"] if a["outcome"] == "ok"}
        if len(acks) > 1:
            yield f"I3 acks of {cid} disagree: {sorted(acks)}"
        for seq, n in acks:
            entry = logs[room].get(seq)
            if entry is None or entry.get("cid") != cid or entry.get("from") != user or entry.get("n") != n:
                yield f"I1 acknowledged {cid} at {seq} of {room} is {entry}"
            elif digest(entry.get("text", "")) != digest(send["text"]):
                yield f"I1 acknowledged {cid} at {seq} has another text"


def check_once(history, logs):
    """I2, I4: a cid is at most one entry, and every entry was sent by somebody and not refused for good."""
    for room, log in logs.items():
        seen = {}
        for seq, entry in log.items():
            if entry["type"] != "message":
                continue
            key = (room, entry["from"], entry["cid"])
            if key in seen:
                yield f"I2 {key} is at {seen[key]} and {seq}"
            seen[key] = seq
            send = history.sends.get(key)
            if send is None or digest(send["text"]) != digest(entry["text"]):
                yield f"I4 {seq} of {room} was never sent like this"
            elif all(a["outcome"] == "refused" for a in send["attempts"]):
                yield f"I4 {key} was refused and is at {seq}"


def check_dense(logs, heads):
    """I5"""
    for room, log in logs.items():
        if sorted(log) != list(range(1, heads[room] + 1)):
            yield f"I5 {room} has {len(log)} entries up to {heads[room]}"


def check_deliveries(history, logs):
    """I6, I7: deliveries agree with the log and rise on each connection."""
    for (connection, room), events in history.deliveries.items():
        last = 0
        for seq, cid, content in events:
            if seq <= last:
                yield f"I7 connection {connection} got {seq} after {last} in {room}"
            last = max(last, seq)
            entry = logs[room].get(seq, {})
            if entry.get("cid") != cid or (entry["type"] == "message" and digest(entry["text"]) != content):
                yield f"I6 {seq} of {room} was delivered as {cid}, stored as {entry.get('cid')}"


def check_real_time(history):
    """I9: an ack before another send began means a smaller seq."""
    by_room = collections.defaultdict(list)
    for (room, _, _), send in history.sends.items():
        for a in send["attempts"]:
            if a["outcome"] == "ok" and not a.get("dup"):
                by_room[room].append((a["at"], a["done"], a["seq"]))
    for room, attempts in by_room.items():
        ended = sorted(attempts, key=lambda a: a[1])
        best, at = 0, 0
        for begun, _, seq in sorted(attempts):
            while at < len(ended) and ended[at][1] < begun:
                best = max(best, ended[at][2])
                at += 1
            if seq <= best:
                yield f"I9 in {room} {seq} was sent after {best} had been acknowledged"


def check_pipelines(history):
    """I10: acked sends of one connection and room rise in the order sent."""
    lines = collections.defaultdict(list)
    for (room, _, _), send in history.sends.items():
        for a in send["attempts"]:
            if a["outcome"] == "ok" and not a.get("dup"):
                lines[a["connection"], room].append((a["order"], a["seq"]))
    for line, sends in lines.items():
        seqs = [seq for _, seq in sorted(sends)]
        if seqs != sorted(seqs):
            yield f"I10 {line}: {seqs[:20]}"


def check_heads(history):
    """I12: the head that one client sees never goes back."""
    for who, heads in history.heads.items():
        if heads != sorted(heads):
            yield f"I12 {who}: {heads}"


def judge(history, logs, heads):
    """`logs`: room -> {seq: event} as read from the server at the end; `heads`: room -> its head."""
    found = []
    for check in (check_acks(history, logs), check_once(history, logs), check_dense(logs, heads),
                  check_deliveries(history, logs), check_real_time(history), check_pipelines(history),
                  check_heads(history)):
        found += list(check)
    return found
