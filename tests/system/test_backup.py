"""A backup of a process that is being written to: whole, consistent, and a data directory that starts."""

import os
import stat
import subprocess
import threading

import pytest

from client import cid
from house import BINARY, House


def backup(data, into):
    return subprocess.run([BINARY, "backup", str(into), "--data", str(data)], text=True, timeout=60,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)


class Writer(threading.Thread):
    """Says one message after the other until it is stopped; `said` has what was acknowledged."""

    def __init__(self, client, room):
        super().__init__()
        self.client, self.room = client, room
        self.said, self.stopping = [], threading.Event()

    def run(self):
        while not self.stopping.is_set():
            text = f"{self.client.user.name} {len(self.said)}"
            answer = self.client.say(self.room, text)
            self.said.append((answer["seq"], text))


def texts_of(client, room, until):
    """The texts of the room by seq, read to its end in pages."""
    texts, after = {}, 0
    while after < until:
        events = client.command("room.events", room=room, after_seq=after, limit=100)["events"]
        if not events:
            break
        texts.update({e["seq"]: e["text"] for e in events if e["type"] == "message"})
        after = events[-1]["seq"]
    return texts


def test_what_was_acknowledged_before_the_backup_began_is_in_it(tmp_path):
    house = House(tmp_path / "data", workers="2").start()
    users = [house.user() for _ in range(4)]
    clients = [user.connect() for user in users]
    writers = [Writer(client, client.group(*users)) for client in clients]
    for writer in writers:
        writer.start()
    while any(len(writer.said) < 50 for writer in writers):
        clients[0].settle()
    before = [list(writer.said) for writer in writers]
    done = backup(house.data, tmp_path / "copy")
    late = house.user()
    for writer in writers:
        writer.stopping.set()
        writer.join()
    house.stop()
    assert done.returncode == 0, done.stderr
    assert not os.path.exists(tmp_path / "copy.part")

    copy = House(tmp_path / "copy", workers="2").start()
    assert copy.http("GET", "/actuator/health", management=True).json["status"] == "UP"
    assert copy.http("POST", "/user/login", {"username": late.name, "password": late.password}).status == 401
    for user, writer, said in zip(users, writers, before):
        user.house = copy
        with user.connect() as client:  # with the token of before: the keys are the same
            texts = texts_of(client, writer.room, said[-1][0])
            assert [texts.get(seq) for seq, _ in said] == [text for _, text in said]
            more = client.say(writer.room, "it goes on", cid=cid())
            assert more["seq"] > max(texts)
    assert copy.sign_in(users[0].name).id == users[0].id
    copy.stop()


def test_a_backup_is_for_its_owner_alone_and_replaces_nothing(fresh, tmp_path):
    fresh.start()
    assert backup(fresh.data, tmp_path / "copy").returncode == 0
    for directory, _, files in os.walk(tmp_path / "copy"):
        assert stat.S_IMODE(os.stat(directory).st_mode) == 0o700
        assert all(stat.S_IMODE(os.stat(os.path.join(directory, file)).st_mode) == 0o600 for file in files)
    again = backup(fresh.data, tmp_path / "copy")
    assert again.returncode == 1 and "it is there already" in again.stderr


def test_a_slash_at_the_end_changes_nothing(fresh, tmp_path):
    fresh.start()
    assert backup(fresh.data, f"{tmp_path}/copy//").returncode == 0
    assert sorted(os.listdir(tmp_path / "copy")) == ["keys", "log.db", "store.db", "users.db"]
    again = backup(fresh.data, f"{tmp_path}/copy/")
    assert again.returncode == 1 and "it is there already" in again.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_data_of_another_user_is_left_alone(fresh, tmp_path):
    fresh.start()
    fresh.kill()
    for directory, _, files in os.walk(fresh.data):
        for path in (directory, *(os.path.join(directory, file) for file in files)):
            os.chown(path, 65534, 65534)
    before = sorted(os.listdir(fresh.data))
    done = backup(fresh.data, tmp_path / "copy")
    assert done.returncode == 1 and "belongs to another user" in done.stderr
    assert not os.path.exists(tmp_path / "copy.part") and sorted(os.listdir(fresh.data)) == before


def test_data_that_nobody_works_with_is_copied_too(fresh, tmp_path):
    fresh.start()
    name = fresh.user().name
    fresh.kill()
    assert backup(fresh.data, tmp_path / "copy").returncode == 0
    copy = House(tmp_path / "copy").start()
    assert copy.sign_in(name).name == name
    copy.stop()


def test_what_can_not_be_copied_is_one_line_and_no_backup(tmp_path):
    nothing = backup(tmp_path / "nothing", tmp_path / "copy")
    assert nothing.returncode == 1 and "no data here" in nothing.stderr and not os.listdir(tmp_path)
    nowhere = subprocess.run([BINARY, "backup"], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=30)
    assert nowhere.returncode == 2 and "needs a directory" in nowhere.stderr
