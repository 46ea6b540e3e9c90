"""Questions to the administration of a Pulsar by HTTP, as an operator asks them.

Happy path: the answer, read from JSON. How it fails: a broker that has just started, or a topic that is being opened or closed, answers 500 or 503 for
some seconds, and is asked again; what is there already (409), perhaps by a try that was answered 500, is fine; anything else is raised.
"""

import json
import time
import urllib.error
import urllib.request

WAIT_S = 60
PAUSE_S = 0.2


def admin(broker, method, path, body=None):
    asked = urllib.request.Request(f"{broker.web_url}/admin/v2/{path}", method=method, headers={"Content-Type": "application/json"},
                                   data=None if body is None else json.dumps(body).encode())
    end = time.monotonic() + WAIT_S
    while True:
        try:
            with urllib.request.urlopen(asked, timeout=20) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as refused:
            if refused.code == 409:
                return None
            if refused.code not in (500, 503) or time.monotonic() > end:
                raise
        time.sleep(PAUSE_S)
