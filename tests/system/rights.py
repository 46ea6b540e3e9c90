"""The authorization table of the protocol, read from client.def, and what it means for one caller."""

import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ROLES = {"anyone": 0, "member": 1, "admin": 2, "owner": 3}


def read_rights():
    """(command, kind) -> (least role, condition)"""
    with open(os.path.join(ROOT, "events/include/chattifier/client.def"), encoding="utf-8") as table:
        rows = re.findall(r"^RIGHT\((\w+), (\w+), (\w+), (\w+)\)", table.read(), re.M)
    return {(command, kind): (ROLES[role], condition) for command, kind, role, condition in rows}


def read_commands():
    """Name in C -> name on the wire, of every command about one room."""
    with open(os.path.join(ROOT, "events/include/chattifier/client.def"), encoding="utf-8") as table:
        text = table.read()
    wires = dict(re.findall(r'^COMMAND\(\d+, (\w+), "([\w.]+)"', text, re.M))
    about_room = set(re.findall(r"^TAKES\((\w+), room, true\)", text, re.M)) | {"message_send"}
    return {name: wires[name] for name in wires if name in about_room}
