"""Fixtures: engines in a directory of their own, ended and forgotten when the test that asked for them is over."""

import signal

import pytest

from kit import Kit


def pytest_configure(config):
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in the background of a shell; who runs out of time ends what it started


@pytest.fixture
def kit(tmp_path):
    made = Kit(tmp_path)
    yield made
    made.wipe()
