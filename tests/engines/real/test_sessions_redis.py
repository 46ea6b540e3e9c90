"""The sessions in a real Redis: the contract of the port, and what is particular to them, by a program of the build."""

import os
import re
import subprocess

from have import have

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
PROGRAM = os.path.join(ROOT, "build-test/tests/engines/redis/real_sessions_redis")


def test_sessions_in_redis_keep_the_contract_and_outlive_its_losses(kit):
    have("redis")
    kit.start(["redis"])
    server = kit.engines("redis")[0]
    done = subprocess.run([PROGRAM, str(server.port)], text=True, errors="replace", timeout=300, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ, "CMOCKA_MESSAGE_OUTPUT": "TAP"})
    assert done.returncode == 0, done.stdout[-6000:]
    assert len(re.findall(r"^ok \d+", done.stdout, re.M)) > 20, done.stdout[-2000:]
