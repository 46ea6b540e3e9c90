"""The sessions in a real Redis: the contract of the port, and what is particular to them, by a program of the build."""

from have import have
from programs import program, suite


def test_sessions_in_redis_keep_the_contract_and_outlive_its_losses(kit):
    have("redis")
    kit.start(["redis"])
    server = kit.engines("redis")[0]
    passed, failed, words = suite([program("engines", "redis", "real_sessions_redis"), str(server.port)], 300)
    assert not failed, words[-6000:]
    assert len(passed) > 20, words[-2000:]
