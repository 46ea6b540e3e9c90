"""A server of the build, beside real engines.

Happy path: Server(directory, "--engine.stores=cassandra", ...) is one whose first line, `ready`, has come; ask it by HTTP; end it by a signal. How it
fails: `ready` is empty where the start was refused, and end tells why.
"""

import json
import os
import subprocess
import urllib.request

import ports
from programs import BUILD


def binary():
    return os.environ.get("CHATTIFIER_BINARY", os.path.join(BUILD, "src", "apps", "chattifier"))


class Server:
    def __init__(self, directory, *words, workers=2):
        self.port = ports.choose(set())
        self.process = subprocess.Popen([binary(), "standalone", *words, f"--data={directory}", f"--port={self.port}", f"--workers={workers}",
                                         "--management-port=0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.ready = self.process.stdout.readline()

    def ask(self, path, body=None, token=None):
        headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
        asked = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data=json.dumps(body).encode() if body else None, headers=headers)
        with urllib.request.urlopen(asked, timeout=20) as answer:
            return json.loads(answer.read())

    def end(self, number):
        """Its words on standard error."""
        self.process.send_signal(number)
        return self.process.communicate(timeout=60)[1]

    def refusal(self):
        """Of one that was not ready."""
        return self.process.communicate(timeout=60)[1]
