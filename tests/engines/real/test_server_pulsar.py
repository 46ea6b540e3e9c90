"""A server whose bus and log are on a real Pulsar: what the broker must have, what a start says where it has not, and what a kill leaves."""

import signal
import time
import urllib.error

import pytest

import ports
from have import have
from pulsar import PulsarBroker
from pulsar_admin import admin
from server import Server

SHARDS = 16
WAIT_S = 60
ACCOUNT = {"username": "ann", "password": "correct horse battery"}


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    have("pulsar")
    directory = str(tmp_path_factory.mktemp("server"))
    made = PulsarBroker(directory, ports.Ports(directory))
    made.start()
    yield made
    made.wipe()


def install(broker, namespace, shards=SHARDS):
    """As docs/operation.md has it."""
    for name in (namespace, f"{namespace}-mail"):
        admin(broker, "PUT", f"namespaces/public/{name}", {})
    admin(broker, "POST", f"namespaces/public/{namespace}-mail/autoTopicCreation", {"allowAutoTopicCreation": True, "topicType": "non-partitioned"})
    admin(broker, "POST", f"namespaces/public/{namespace}/retention", {"retentionTimeInMinutes": 10080, "retentionSizeInMB": -1})
    for topic in ("commands", "log"):
        admin(broker, "PUT", f"persistent/public/{namespace}/{topic}/partitions", shards)


def serve(broker, namespace, directory, workers=2):
    return Server(directory, "--engine.bus=pulsar", "--engine.log=pulsar", f"--pulsar.hosts={broker.address}", f"--pulsar.namespace={namespace}",
                  f"--pulsar.mail_namespace={namespace}-mail", workers=workers)


def texts(server, room, token):
    page = server.ask(f"/api/rooms/{room}/messages?limit=50", token=token)
    return [message["text"] for message in page["messages"] if "text" in message]


def by_and_by(server, path, body, token):
    """What finds its shard on the way to another owner, or Pulsar away, is refused: whoever sent it sends it again, by its cid."""
    end = time.monotonic() + WAIT_S
    while True:
        try:
            return server.ask(path, body, token)
        except urllib.error.HTTPError as refused:
            assert refused.code in (503, 504), refused.read()
            assert time.monotonic() < end, body


def make_room(server, token):
    return by_and_by(server, "/api/rooms", {"kind": "group", "name": "Ours", "members": [], "cid": "0123456789abcdef01234567"}, token)["room"]


def say(server, room, token, text):
    return by_and_by(server, f"/api/rooms/{room}/messages", {"text": text, "cid": text.ljust(24, "-").replace(" ", "-")}, token)


@pytest.mark.parametrize("workers", [1, 2])
def test_what_was_said_is_there_after_a_kill(broker, tmp_path, workers):
    install(broker, f"kill-{workers}")
    server = serve(broker, f"kill-{workers}", tmp_path, workers)
    server.ask("/user/register", ACCOUNT)
    token = server.ask("/user/login", ACCOUNT)["access_token"]
    room = make_room(server, token)
    said = [f"message {number}" for number in range(20)]
    for text in said:
        say(server, room, token, text)
    assert "bugs=" not in server.end(signal.SIGKILL)
    server = serve(broker, f"kill-{workers}", tmp_path, workers)
    token = server.ask("/user/login", ACCOUNT)["access_token"]
    assert texts(server, room, token) == said
    say(server, room, token, "and on")
    assert texts(server, room, token) == [*said, "and on"]
    words = server.end(signal.SIGTERM)
    assert server.process.returncode == 0 and "bugs=0" in words


def test_nothing_of_the_log_is_trimmed_before_its_first_reader(broker, tmp_path):
    install(broker, "reader")
    server = serve(broker, "reader", tmp_path)
    for shard in range(SHARDS):
        assert "message" in admin(broker, "GET", f"persistent/public/reader/log-partition-{shard}/stats")["subscriptions"]
    server.end(signal.SIGTERM)
    assert server.process.returncode == 0


@pytest.mark.parametrize("shards, says", [(SHARDS // 2, "it has 8 partitions and data.shards is 16"), (None, "it has 0 partitions and data.shards is 16")])
def test_a_start_without_its_topics_is_refused_with_what_to_do(broker, tmp_path, shards, says):
    if shards:
        install(broker, "less", shards)
    server = serve(broker, "less" if shards else "nothing-here", tmp_path)
    assert not server.ready
    words = server.refusal()
    assert server.process.returncode == 1
    assert "bus.refused" in words and says in words and "docs/operation.md" in words, words


def test_a_server_goes_on_when_its_broker_was_killed_and_is_back(broker, tmp_path):
    install(broker, "back")
    server = serve(broker, "back", tmp_path)
    server.ask("/user/register", ACCOUNT)
    token = server.ask("/user/login", ACCOUNT)["access_token"]
    room = make_room(server, token)
    say(server, room, token, "before")
    broker.kill()
    broker.start()
    say(server, room, token, "behind")
    assert texts(server, room, token) == ["before", "behind"]
    words = server.end(signal.SIGTERM)
    assert server.process.returncode == 0 and "bugs=0" in words, words


def test_a_stop_does_not_wait_for_a_broker_that_is_gone(broker, tmp_path):
    install(broker, "gone")
    server = serve(broker, "gone", tmp_path)
    broker.kill()
    try:
        words = server.end(signal.SIGTERM)
    finally:
        broker.start()
    assert server.process.returncode == 0 and "bugs=0" in words, words
