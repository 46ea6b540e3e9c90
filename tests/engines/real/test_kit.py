"""Engines of one directory, started together."""

import concurrent.futures
import socket

import pytest

from engine import EngineError
from have import have
from kit import Kit


@pytest.fixture(autouse=True)
def redis():
    have("redis")


def test_two_that_start_at_once_start_one_process(kit):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for started in [pool.submit(Kit(kit.directory).start, ["redis"]) for _ in range(2)]:
            started.result()
    assert [row[1] for row in kit.status()] == ["ready"]


def test_options_stay_until_a_wipe(kit):
    kit.start(["redis"], redis_password="secret")
    kit.kill()
    kit.start(["redis"])
    assert kit.engines("redis")[0].password == "secret"
    kit.wipe()
    kit.start(["redis"])
    assert kit.engines("redis")[0].password is None


def test_other_options_than_it_was_set_up_with_are_refused(kit):
    kit.start(["redis"], redis_password="secret")
    with pytest.raises(EngineError, match="redis: it was set up with another redis password; wipe it first"):
        kit.start(["redis"], redis_password="another")
    assert kit.options()["redis_password"] == "secret"


def test_wiping_one_engine_keeps_the_options_of_others(kit):
    kit.start(["redis"], redis_password="secret", nodes=3)
    kit.wipe(["cassandra"])
    assert kit.options() == {"nodes": 1, "redis_password": "secret", "sentinel": False}


def test_an_engine_that_can_not_start_holds_up_no_other(kit):
    kit.ports.take(["PULSAR_PORT"])
    with socket.create_server(("127.0.0.1", kit.ports.of("PULSAR_PORT"))):
        with pytest.raises(EngineError, match="pulsar: another process has port"):
            kit.start(["pulsar", "redis"])
    assert [row[:2] for row in kit.status(["redis", "pulsar"])] == [("redis", "ready"), ("pulsar", "never started")]
