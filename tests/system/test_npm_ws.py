"""npm ws, a client that is not ours and not Python's, speaks the protocol."""

import os
import subprocess

from npm import package

HERE = os.path.dirname(os.path.abspath(__file__))


def test_npm_ws_sends_and_receives(house):
    user = house.user()
    environment = {**os.environ, "NODE_PATH": os.path.dirname(package("ws"))}
    done = subprocess.run(["node", os.path.join(HERE, "ws_client.cjs"), f"ws://127.0.0.1:{house.port}/api/socket", user.token],
                          env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30)
    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines()[-1] == "100 of 100 in order"
