"""The bus on a real Pulsar: the contracts of its ports, and what is particular to them, by programs of the build.

Topics are made here, for the programs: BASE-1, BASE-2, ... with the subscription that reads them, as an installation has them.
"""

import os

import pytest

import ports
from have import have
from programs import program, suite
from pulsar import PulsarBroker
from pulsar_admin import admin

HERE = os.path.dirname(os.path.abspath(__file__))
TOPICS, SHARDS = 32, 2
SUITE_S = 300


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    have("pulsar")
    directory = str(tmp_path_factory.mktemp("bus"))
    made = PulsarBroker(directory, ports.Ports(directory))
    made.start()
    made.bus_directory = directory
    yield made
    made.wipe()


def make_topics(broker, base, subscription):
    for number in range(1, TOPICS + 1):
        topic = f"persistent/public/default/{base}-{number}"
        admin(broker, "PUT", f"{topic}/partitions", SHARDS)
        admin(broker, "PUT", f"{topic}/subscription/{subscription}", "earliest")


def run(broker, name, base, subscription):
    path = program("engines", "pulsar", name)
    make_topics(broker, base, subscription)
    engines = f"{os.path.join(HERE, 'engines')} {{}} pulsar --dir {broker.bus_directory} >&2"
    words = [path, broker.address, str(broker.ports.of("PULSAR_WEB_PORT")), f"public/default/{base}"]
    passed, failed, said = suite(words, SUITE_S, PULSAR_RESTART=f"{engines.format('kill')} && {engines.format('start')}")
    assert not failed and "# SKIP" not in said, said[-6000:]
    return len(passed)


def test_the_log_keeps_its_contract_and_its_terms(broker):
    assert run(broker, "real_log_pulsar", "log", "message") >= 22


def test_shards_keep_their_contract_and_go_over_to_others(broker):
    assert run(broker, "real_shards_pulsar", "shards", "chat") >= 13
