"""Two people in two browser pages, with the server killed in between. Headless Chromium, driven by playwright-core."""

import os
import subprocess

import pytest

from npm import package

HERE = os.path.dirname(os.path.abspath(__file__))
CHROMIUM = "/usr/bin/chromium"


def test_two_people_chat_across_a_kill_and_restart(fresh):
    if not os.path.exists(CHROMIUM):
        pytest.skip("chromium is not installed")
    environment = {**os.environ, "NODE_PATH": os.path.dirname(package("playwright-core"))}
    fresh.start()
    browser = subprocess.Popen(["node", os.path.join(HERE, "browser.cjs"), f"http://127.0.0.1:{fresh.port}", CHROMIUM],
                               env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    lines = []
    for line in browser.stdout:
        lines.append(line.rstrip())
        if line == "kill the server\n":
            fresh.kill()
            browser.stdin.write("killed\n")
            browser.stdin.flush()
        if line == "start the server\n":
            fresh.start()
            browser.stdin.write("started\n")
            browser.stdin.flush()
    assert browser.wait() == 0, "\n".join(lines[-30:])
    assert lines[-1] == "done"
