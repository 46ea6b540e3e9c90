"""Mail and cast on a real Pulsar: the contracts of the ports, and what is particular to them, by a program of the build.

Their namespace is one in which topics may be made by whoever uses them, as an installation has it.
"""

import os

import pytest

import ports
from have import have
from programs import program, suite
from pulsar import PulsarBroker
from pulsar_admin import admin

HERE = os.path.dirname(os.path.abspath(__file__))
SUITE_S = 300


@pytest.fixture
def broker(tmp_path):
    have("pulsar")
    made = PulsarBroker(str(tmp_path), ports.Ports(str(tmp_path)))
    made.start()
    yield made
    made.wipe()


def test_mail_and_cast_keep_their_contracts_and_repeat_nothing(broker, tmp_path):
    path = program("engines", "pulsar", "real_mail_pulsar")
    admin(broker, "PUT", "namespaces/public/mail", {})
    admin(broker, "POST", "namespaces/public/mail/autoTopicCreation", {"allowAutoTopicCreation": True, "topicType": "non-partitioned"})
    engines = f"{os.path.join(HERE, 'engines')} {{}} pulsar --dir {tmp_path} >&2"
    words = [path, broker.address, "non-persistent://public/mail/t"]
    passed, failed, said = suite(words, SUITE_S, PULSAR_RESTART=f"{engines.format('kill')} && {engines.format('start')}")
    assert not failed and "# SKIP" not in said, said[-6000:]
    assert len(passed) >= 15, said[-2000:]
