"""Mail and cast on a real Pulsar: the contracts of the ports, and what is particular to them, by a program of the build.

Their namespace is one in which topics may be made by whoever uses them, as an installation has it.
"""

import os
import re
import subprocess

import pytest

import ports
from have import have
from pulsar import PulsarBroker
from pulsar_admin import admin

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
PROGRAM = os.path.join(os.environ.get("CHATTIFIER_BUILD", os.path.join(ROOT, "build-test")), "tests", "engines", "pulsar", "real_mail_pulsar")
SUITE_S = 300


@pytest.fixture
def broker(tmp_path):
    have("pulsar")
    made = PulsarBroker(str(tmp_path), ports.Ports(str(tmp_path)))
    made.start()
    yield made
    made.wipe()


def test_mail_and_cast_keep_their_contracts_and_repeat_nothing(broker, tmp_path):
    if not os.path.exists(PROGRAM):
        pytest.skip(f"{PROGRAM} is not built")
    admin(broker, "PUT", "namespaces/public/mail", {})
    admin(broker, "POST", "namespaces/public/mail/autoTopicCreation", {"allowAutoTopicCreation": True, "topicType": "non-partitioned"})
    engines = f"{os.path.join(HERE, 'engines')} {{}} pulsar --dir {tmp_path} >&2"
    environment = {**os.environ, "CMOCKA_MESSAGE_OUTPUT": "TAP", "PULSAR_RESTART": f"{engines.format('kill')} && {engines.format('start')}"}
    done = subprocess.run([PROGRAM, broker.address, "non-persistent://public/mail/t"], env=environment, text=True, errors="replace", timeout=SUITE_S,
                          check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout[-6000:]
    assert "# SKIP" not in done.stdout, done.stdout[-2000:]
    assert len(re.findall(r"^ok \d+", done.stdout, re.M)) >= 15, done.stdout[-2000:]
