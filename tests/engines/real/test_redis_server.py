"""Redis with a password, and with a Sentinel."""

import os
import time

import pytest

from have import have
from redis_server import PRIMARY
from resp import Resp, ServerError


@pytest.fixture(autouse=True)
def redis():
    have("redis")


def eventually(question, seconds=20):
    """The first answer that is true."""
    deadline = time.monotonic() + seconds
    while True:
        answer = question()
        if answer or time.monotonic() > deadline:
            return answer
        time.sleep(0.05)


def test_who_does_not_know_the_password_is_refused(kit):
    kit.start(["redis"], redis_password="secret")
    server = kit.engines("redis")[0]
    with Resp(server.connect()) as stranger:
        with pytest.raises(ServerError, match="NOAUTH"):
            stranger.command("GET", "x")
    with Resp(server.connect(), "secret") as friend:
        assert friend.command("SET", "x", "1") == "OK"


def test_after_a_kill_of_the_primary_sentinel_names_the_replica(kit):
    kit.start(["redis"], sentinel=True, redis_password="secret")
    primary, replica, sentinel = kit.engines("redis")

    def named():
        with sentinel.client() as client:
            return int(client.command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", PRIMARY)[1])

    with primary.client() as client:
        client.command("SET", "kept", "1")
        assert client.command("WAIT", 1, 5000) == 1
    assert named() == primary.port
    primary.kill()
    assert eventually(lambda: named() == replica.port)
    with replica.client() as client:
        assert client.command("GET", "kept") == "1"
        assert client.command("SET", "kept", "2") == "OK"
    assert primary.start() is True


def test_one_that_was_wiped_begins_without_data(kit):
    kit.start(["redis"])
    with kit.engines("redis")[0].client() as client:
        client.command("SET", "x", "1")
    kit.wipe(["redis"])
    assert not os.path.exists(os.path.join(kit.directory, "redis"))
    kit.start(["redis"])
    with kit.engines("redis")[0].client() as client:
        assert client.command("GET", "x") is None
