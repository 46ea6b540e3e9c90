"""The local engines with their test switch on: commands come twice, come again after their shard was lost, come late; mails are lost.

The other system tests run with the switch on too: ./test does so with 1, 2 and 4 workers. Here is what only the switch itself can show.
"""

import pytest

import kill_load
from house import House


def metric(house, name):
    lines = house.http("GET", "/actuator/prometheus", management=True).body.decode().splitlines()
    return int(next(line for line in lines if line.startswith(f"chattifier_{name} ")).split()[1])


@pytest.mark.parametrize("workers", ["1", "2", "4"])
def test_under_load_nothing_is_lost_doubled_or_reordered(tmp_path, workers):
    house = House(tmp_path / "data", workers=workers, chaos="50").start()
    violations, load = kill_load.run(house, cycles=0, between=(4, 4))
    dropped = metric(house, "mails_dropped_total")
    house.stop()
    assert violations == []
    assert load.hard_refusals == []
    assert load.acked > 100
    assert dropped > 100


def test_kills_come_on_top(tmp_path):
    house = House(tmp_path / "data", chaos="20").start()
    violations, load = kill_load.run(house, cycles=5)
    house.stop()
    assert violations == []
    assert load.hard_refusals == []
    assert load.acked > 100
