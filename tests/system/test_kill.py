"""kill -9 under load: nothing acknowledged is lost, doubled or out of order."""

import kill_load


def test_twenty_kills_under_load_lose_double_and_reorder_nothing(fresh):
    fresh.start()
    violations, load = kill_load.run(fresh, cycles=20)
    assert violations == []
    assert load.hard_refusals == []
    assert load.acked > 1000
    fresh.stop()
    assert kill_load.check_integrity(fresh.data) == []
