"""Fixtures: a house (the real binary, its data, its ports) and people in it."""

import os
import sys

import pytest

from house import House

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "engines", "real"))


def pytest_addoption(parser):
    parser.addoption("--workers", default="2", help="workers of the standalone process")
    parser.addoption("--sessions", default="local", choices=("local", "redis"), help="where sessions are: in the process, or in a Redis that is started")
    parser.addoption("--gateway", default="inside", choices=("inside", "apart"), help="apart: the gateway is a process of its own")
    parser.addoption("--chaos", default="0", help="local.chaos_per_mille of the in-process bus")


def pytest_configure(config):
    House.apart = config.getoption("--gateway") == "apart"
    config.addinivalue_line("markers", "inside(why): is about one process; not run with the gateway apart")
    config.addinivalue_line("markers", "exact(why): holds only where the bus loses nothing; not run with the chaos switch on")


def pytest_collection_modifyitems(config, items):
    marks = [mark for mark, on in (("exact", config.getoption("--chaos") != "0"), ("inside", House.apart)) if on]
    left_out = [item for item in items if any(item.get_closest_marker(mark) for mark in marks)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session")
def options(request):
    return {"workers": request.config.getoption("--workers"), "chaos": request.config.getoption("--chaos")}


@pytest.fixture(scope="session", autouse=True)
def engines(request, tmp_path_factory):
    """With --sessions=redis every house has its sessions in one real Redis, each with a prefix of its own."""
    if request.config.getoption("--sessions") == "local":
        yield None
        return
    from have import have
    from kit import Kit
    have("redis")
    kit = Kit(tmp_path_factory.mktemp("engines"))
    kit.start(["redis"])
    House.redis_port = kit.engines("redis")[0].port
    yield kit
    House.redis_port = None
    kit.wipe()


@pytest.fixture(scope="module")
def house(request, tmp_path_factory, options):
    """One process for all tests of a file, with limits out of the way: tests make their own users and rooms. A file may set SETTINGS."""
    started = House(tmp_path_factory.mktemp("data"), workers=options["workers"], chaos=options["chaos"],
                    settings=getattr(request.module, "SETTINGS", None))
    started.start()
    yield started
    started.stop()


@pytest.fixture(scope="module")
def people(house, request):
    """Connections of the users that the file names in PEOPLE."""
    clients = [house.user(name).connect() for name in request.module.PEOPLE]
    yield clients
    for client in clients:
        client.close()


@pytest.fixture
def fresh(tmp_path, options):
    """A process that the test may kill, restart and set up as it likes; started by the test."""
    made = House(tmp_path / "data", workers=options["workers"], chaos=options["chaos"])
    yield made
    made.stop()
