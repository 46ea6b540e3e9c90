"""Sessions in a real Redis that is killed, emptied or stopped while people talk: what is said goes on, and who is connected is there again in time.

Skipped, with the reason, where there is no Redis.
"""

import os
import re
import shutil
import signal
import subprocess
import threading
import time

import pytest

from client import Refused
from house import ROOT, House, free_port

HEAL_S = 5
AWAY_S = 10  # redis.ask_ms ten times
PRIMARY = "chattifier"  # for the Sentinel of tests/engines/real
SAID_S = 2  # how long a message may take on a machine that has much else to do


@pytest.fixture
def redis(tmp_path):
    from have import have
    from kit import Kit
    have("redis")
    kit = Kit(tmp_path / "engines")
    kit.start(["redis"])
    yield kit.engines("redis")[0]
    kit.wipe()


@pytest.fixture
def house(tmp_path, redis):
    made = House(tmp_path / "data", settings={"engine.sessions": "redis", "redis.hosts": f"127.0.0.1:{redis.port}", "redis.prefix": "t:"})
    made.start()
    yield made
    made.stop()


def figure(house, name):
    text = house.http("GET", "/actuator/prometheus", management=True).body.decode()
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith(f"chattifier_{name} "))


def eventually(question, seconds, what):
    """How long it took to be so."""
    start = time.monotonic()
    while not question():
        assert time.monotonic() - start < seconds, what
        time.sleep(0.02)
    return time.monotonic() - start


def fields(redis, *users):
    """How many connections of each user Redis knows."""
    with redis.client() as client:
        return [sum("#" in field for field in client.command("HKEYS", f"t:user:{user.id}")) for user in users]


class Talk:
    """One says something all the time and the other hears it; the longest time that took."""

    def __init__(self, speaker, listener, room):
        self.speaker, self.listener, self.room = speaker, listener, room
        self.longest, self.said, self.failed, self.over = 0.0, 0, None, threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        try:
            while not self.over.wait(0.01):
                start = time.monotonic()
                n = self.speaker.say(self.room, "on and on")["n"]
                self.listener.wait_for(lambda e, n=n: e["type"] == "message" and e["room"] == self.room and e["n"] == n)
                self.longest, self.said = max(self.longest, time.monotonic() - start), self.said + 1
        except (AssertionError, Refused, TimeoutError) as failed:
            self.failed = failed

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
        assert self.failed is None, self.failed
        assert self.said > 10 and self.longest < SAID_S, (self.said, self.longest)


@pytest.fixture
def pair(house):
    ann, bob = house.user().connect(), house.user().connect()
    room = ann.group(bob.user)
    ann.command("presence.watch", users=[bob.user.id])
    with Talk(ann, bob, room) as talk:
        yield ann, bob
        eventually(lambda: talk.said > 10 or talk.failed, 20, "nothing is heard")
    for client in (ann, bob):
        client.close()


def presence(client, user):
    told = [e["state"] for e in client.events if e["type"] == "presence" and e["user"] == user.id]
    return told[-1] if told else None


def come_and_go(house, ann, other):
    """Somebody who comes and goes is seen, whether Redis is there or not."""
    other.connect().close()
    with other.connect() as there:
        ann.group(other)
        ann.command("presence.watch", users=[other.id])
        eventually(lambda: presence(ann, other) == "online", 10, "not seen")
        assert there.command("ping") is not None


def test_what_is_said_goes_on_when_redis_is_emptied(house, redis, pair):
    ann, bob = pair
    eventually(lambda: fields(redis, ann.user, bob.user) == [1, 1], HEAL_S, "not written")
    for _ in range(3):
        with redis.client() as client:
            client.command("FLUSHALL")
        eventually(lambda: fields(redis, ann.user, bob.user) == [1, 1], HEAL_S, "not written again")
    come_and_go(house, ann, house.user())
    assert figure(house, "redis_away") == 0 and figure(house, "redis_losses_total") == 0


def test_what_is_said_goes_on_when_redis_is_killed_and_starts_again_empty(house, redis, pair):
    ann, bob = pair
    stranger = house.user()
    redis.kill()
    eventually(lambda: figure(house, "redis_away") == 2, HEAL_S, "nobody noticed")
    come_and_go(house, ann, house.user())  # sign-up, sign-in and sockets too
    assert house.http("POST", "/user/login", {"username": stranger.name, "password": "wrong"}).status == 401
    with stranger.connect() as there:
        for file in os.listdir(os.path.join(redis.folder, "appendonlydir")):
            os.remove(os.path.join(redis.folder, "appendonlydir", file))
        redis.start()
        eventually(lambda: fields(redis, ann.user, bob.user, stranger) == [1, 1, 1], HEAL_S, "not written again")
        eventually(lambda: figure(house, "redis_away") == 0, HEAL_S, "one worker is still without")
        there.command("ping")
    eventually(lambda: fields(redis, stranger) == [0], HEAL_S, "not removed")
    come_and_go(house, ann, house.user())


def test_what_is_said_goes_on_while_redis_is_stopped(house, redis, pair):
    ann, bob = pair
    user, gone = house.user(), house.user()
    leaver = gone.connect()
    os.kill(redis.pid(), signal.SIGSTOP)
    try:
        stopped = time.monotonic()
        with user.connect():  # waits for an answer that is late
            assert time.monotonic() - stopped < 4
            leaver.close()
            eventually(lambda: figure(house, "redis_away") == 2, HEAL_S, "nobody noticed")
            start = time.monotonic()
            user.connect().close()
            house.sign_in(user.name)
            assert time.monotonic() - start < 4  # nobody waits any more
            come_and_go(house, ann, house.user())
            time.sleep(max(0, stopped + AWAY_S - time.monotonic()))  # what stays away for that long
            os.kill(redis.pid(), signal.SIGCONT)
            eventually(lambda: fields(redis, ann.user, bob.user, user) == [1, 1, 1], HEAL_S, "not written again")
    finally:
        os.kill(redis.pid(), signal.SIGCONT)
    eventually(lambda: figure(house, "redis_away") == 0, HEAL_S, "still away")
    with gone.connect():
        eventually(lambda: fields(redis, gone) == [1], HEAL_S, "what closed meanwhile is still there")


def test_who_was_signed_out_while_redis_was_away_is_told_to_it_later(house, redis):
    user = house.user()
    redis.kill()
    eventually(lambda: figure(house, "redis_away") == 2, HEAL_S, "nobody noticed")
    assert user.http("POST", "/user/logout").status == 200
    assert user.http("GET", "/api/rooms").status == 401
    redis.start()

    def entries():
        with redis.client() as client:
            return client.command("XLEN", "t:revoked")
    eventually(lambda: entries() >= 1, HEAL_S, "not told")
    assert user.http("GET", "/api/rooms").status == 401


def test_the_primary_is_followed_when_sentinels_make_another(tmp_path):
    from have import have
    from kit import Kit
    have("redis")
    kit = Kit(tmp_path / "engines")
    kit.start(["redis"], sentinel=True, redis_password="secret")
    primary, replica, sentinel = kit.engines("redis")
    password = tmp_path / "password"
    password.write_text("secret\n")
    house = House(tmp_path / "data", settings={
        "engine.sessions": "redis", "redis.prefix": "t:", "redis.hosts": f"127.0.0.1:{sentinel.port}", "redis.sentinel": PRIMARY,
        "redis.password_file": password, "redis.sentinel_password_file": password})
    try:
        house.start()
        with house.user().connect() as ann, house.user().connect() as bob:
            eventually(lambda: fields(primary, ann.user, bob.user) == [1, 1], HEAL_S, "not written")
            with Talk(ann, bob, ann.group(bob.user)):
                primary.kill()
                eventually(lambda: figure(house, "redis_away") == 2, HEAL_S, "nobody noticed")
                come_and_go(house, ann, house.user())
                eventually(lambda: figure(house, "redis_away") == 0, 30, "the other one is not found")
                eventually(lambda: fields(replica, ann.user, bob.user) == [1, 1], HEAL_S, "not written again")
    finally:
        house.stop()
        kit.wipe()


def test_a_user_of_redis_with_the_rights_of_the_manual_is_enough(tmp_path, redis):
    with open(os.path.join(ROOT, "docs/operation.md"), encoding="utf-8") as file:
        rules = re.search(r"`user chattifier (on >WORD [^`]*)`", file.read())[1].split()
    with redis.client() as client:
        client.command("ACL", "SETUSER", "chattifier", "reset", *rules)
    password = tmp_path / "password"
    password.write_text("WORD\n")
    house = House(tmp_path / "data", settings={"engine.sessions": "redis", "redis.hosts": f"127.0.0.1:{redis.port}",
                                               "redis.prefix": "chattifier:", "redis.user": "chattifier",
                                               "redis.password_file": password})
    try:
        house.start()
        with house.user().connect() as ann:
            ann.command("presence.set", state="away")
            come_and_go(house, ann, house.user())
            assert house.user().http("POST", "/user/logout").status == 200
        time.sleep(1.2)  # one look, one reading
        assert figure(house, "redis_away") == 0 and figure(house, "redis_commands_total") > 20
        assert figure(house, "redis_refused_total") <= 14  # scripts that were not known, of two workers
    finally:
        house.stop()


@pytest.fixture
def behind_tls(tmp_path):
    """A Redis that speaks TLS alone: its port, and the certificate, which is of localhost."""
    from have import have
    have("redis")
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    port, folder = free_port(), tmp_path / "tls"
    folder.mkdir()
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out", "certificate.pem"],
                   cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    server = subprocess.Popen(["redis-server", "--port", "0", "--tls-port", str(port), "--bind", "127.0.0.1", "--tls-auth-clients", "no", "--save", "",
                               "--tls-cert-file", "certificate.pem", "--tls-key-file", "key.pem", "--tls-ca-cert-file", "certificate.pem"],
                              cwd=folder, stdout=subprocess.DEVNULL)
    yield port, folder / "certificate.pem"
    server.kill()
    server.wait()


def test_redis_is_asked_over_tls_and_only_if_it_is_the_one(tmp_path, behind_tls):
    port, certificate = behind_tls
    settings = {"engine.sessions": "redis", "redis.tls": "true", "redis.tls_ca_file": certificate, "redis.hosts": f"127.0.0.1:{port}"}
    stranger = House(tmp_path / "a", settings=settings)
    friend = House(tmp_path / "b", settings={**settings, "redis.tls_name": "localhost"})
    for house in (stranger, friend):
        house.start()
    try:
        eventually(lambda: figure(friend, "redis_away") == 0, HEAL_S, friend.log_tail())
        with friend.user().connect() as ann:
            come_and_go(friend, ann, friend.user())
        assert figure(stranger, "redis_away") == 2
        assert "reason=certificate" in stranger.log_tail()
    finally:
        for house in (stranger, friend):
            house.stop()
