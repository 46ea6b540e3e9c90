"""Whether this machine can run an engine, for tests that need one.

Happy path: have("redis", "pulsar") downloads what they take, once, and makes their archives. How it fails: the test is skipped, with the reason, if
something is not installed or the repository is not reached; whatever else goes wrong fails it.
"""

import functools
import tempfile

import pytest

from engine import Unavailable
from kit import Kit


@functools.lru_cache
def missing(name):
    """Why it can not be run here; None if it can."""
    with tempfile.TemporaryDirectory() as directory:
        try:
            Kit(directory).warm([name])
        except Unavailable as why:
            return str(why)
    return None


def have(*names):
    for name in names:
        if missing(name):
            pytest.skip(missing(name))
