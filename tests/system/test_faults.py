"""What breaks on a real machine, done to the real process under load: see faults.py for what is promised for each, and for longer forms."""

import contextlib
import time

import pytest

import client as client_of_tests
import faults
import kill_load


def judged(house, fault, load=None):
    """Nothing acknowledged is lost, doubled or out of order; every refusal is one that asks to come again."""
    violations, load = kill_load.judged(house, fault, load)
    assert violations == []
    assert load.hard_refusals == []
    assert set(load.refusals) <= faults.RETRYABLE
    return load


@pytest.fixture
def rig(tmp_path, options):
    """Makes a house with what a fault needs; it is started, and stopped after."""
    opened = []

    def make(fault, share=2, **settings):
        try:
            opened.append(faults.Rig(tmp_path, fault, share, workers=options["workers"], settings=settings))
        except faults.Impossible as why:
            pytest.skip(str(why))
        return opened[-1].__enter__()
    yield make
    for made in opened:
        made.__exit__(None)


@pytest.mark.parametrize("switch, file", [("fail.once", "log.db"), ("fail.always", "log.db"), ("fail.always", "store.db")])
def test_a_disk_that_takes_no_flush_ends_the_process_and_loses_nothing(rig, switch, file):
    made = rig("flush", **{"message.gather_ms": 0})  # the store is flushed when so many pages were written
    made.interposed.file(file)
    judged(made.house, lambda load: faults.flush_fails(load, made.interposed, switch))


def test_a_full_disk_refuses_sends_at_once_and_takes_them_again_when_there_is_space(rig):
    made = rig("disk")
    load = judged(made.house, lambda load: faults.disk_full(load, made.disk, 2))
    assert load.refusals["unavailable"] > load.refusals["timeout"]


def test_a_process_that_is_started_on_a_full_disk_has_all_that_was_acknowledged(rig):
    made = rig("disk", **{"message.gather_ms": 1000})
    judged(made.house, lambda load: faults.disk_full(load, made.disk, 1, restarts=True))


@contextlib.contextmanager
def on_disk(size, tmp_path, **settings):
    try:
        disk = faults.Disk(size)
    except faults.Impossible as why:
        pytest.skip(str(why))
    house = disk.house(tmp_path / "log", settings=settings)
    try:
        house.start()
        yield house, disk
        house.stop()
    finally:
        if house.process:
            house.kill()
        disk.close()


def health(house, below="/readiness"):
    return house.http("GET", "/actuator/health" + below, management=True)


def wait_until_up(house):
    until = time.monotonic() + 30
    while health(house).status != 200:
        assert time.monotonic() < until, house.log_tail()
    assert health(house).json["status"] == "UP"


def test_on_a_disk_too_small_for_a_message_health_is_down_until_it_is_larger(tmp_path):
    with on_disk("600k", tmp_path) as (house, disk):
        assert (health(house).status, health(house).json) == (503, faults.DISK_DOWN)
        assert health(house, "").json == faults.DISK_DOWN
        assert health(house, "/liveness").status == 200
        until = time.monotonic() + 30
        while "chat.claim_failed" not in house.log_tail(1 << 20):
            assert time.monotonic() < until, house.log_tail()
        assert "error=unknown" not in house.log_tail(1 << 20) and "error=disk_full" in house.log_tail(1 << 20)
        disk.resize("64m")
        wait_until_up(house)
        with house.user().connect() as client:
            until = time.monotonic() + 30
            room = None
            while not room:  # its shard gets an owner within seconds
                with contextlib.suppress(client_of_tests.Refused):
                    room = client.group()
                assert time.monotonic() < until
            client.say(room, "now there is space")


def test_without_a_reserve_health_is_down_too_while_the_disk_is_full(tmp_path):
    with on_disk("16m", tmp_path, **{"data.reserve_bytes": 0}) as (house, disk):
        user = house.user()
        with user.connect() as client:
            room = client.group()
            assert health(house).status == 200
            disk.fill()
            until = time.monotonic() + 30
            while user.http("POST", f"/api/rooms/{room}/messages", {"text": "x" * 15000}).status == 201:
                assert time.monotonic() < until
            assert (health(house).status, health(house).json) == (503, faults.DISK_DOWN)
        disk.free()
        wait_until_up(house)
        log = house.log_tail(1 << 20)
        assert 'reason="database or disk is full"' in log and 'detail="database or disk is full"' not in log


def test_a_process_that_was_stopped_for_a_second_goes_on(rig):
    judged(rig("stop").house, lambda load: faults.stopped(load, 1))


def test_five_hundred_clients_that_drop_at_once_are_back_soon(rig):
    judged(rig("storm").house, lambda load: faults.storm(load, 500, 1))


@pytest.mark.inside("the descriptors of the process with the public port")
def test_without_descriptors_old_connections_go_on_and_new_ones_come_later(rig):
    judged(rig("descriptors").house, lambda load: faults.descriptors_run_out(load, 60))


def test_with_a_fifth_more_memory_than_it_has_it_serves_on(rig):
    judged(rig("memory").house, lambda load: faults.memory_is_short(load, 60))


def test_readers_that_stop_cost_no_more_than_their_bound(rig):
    judged(rig("slow").house, lambda load: faults.readers_stop(load, 90))


def test_under_five_times_too_much_it_goes_on_and_is_calm_after(rig):
    """How much of the most is done then is for a machine that does nothing else: see faults.py. A build with sanitizers needs five times as much
    for the same."""
    made = rig("overload", share=10)
    judged(made.house, lambda load: faults.overload(load, made, 3, (5,), least=0.2))


def test_a_clock_that_jumps_changes_no_order(rig):
    """What is on its way when the clock goes forward counts as late, and its sender is told so at the end of its wait."""
    made = rig("clock", **{"user.access_token_s": 3600, "socket.answer_timeout_ms": 1000})
    judged(made.house, lambda load: faults.clock_jumps(load, made.interposed, (3000, -3000, 30, -30, 0)))


def test_a_token_ends_when_the_clock_says_so(rig):
    made = rig("clock", **{"user.access_token_s": 900})
    user = made.house.user()
    for offset, status in ((890, 200), (910, 401), (3600, 401), (0, 200)):
        made.interposed.set("clock", str(offset))
        assert user.http("GET", "/user/me").status == status, offset
    for offset in (3600, 0):  # whoever signs in after a jump, forward or back, is in
        made.interposed.set("clock", str(offset))
        assert made.house.sign_in(user.name).http("GET", "/user/me").status == 200, offset
