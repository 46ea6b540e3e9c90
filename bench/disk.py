"""The disk that is measured against: what a flush of it takes.

Happy path: writes of 200 bytes, each with fdatasync. How it fails: as writing a file does.
"""

import os
import statistics
import time

WRITE_BYTES = 200


def flushes_us(directory, seconds):
    """What each flush took: of a file that grows by appending, or of one whose blocks are there, whichever is quicker."""
    ways = []
    with open(os.path.join(directory, "flush"), "wb", buffering=0) as file:
        for blocks in (0, 1 << 20):
            file.truncate(0)
            os.pwrite(file.fileno(), bytes(blocks), 0)
            os.fsync(file.fileno())
            samples, at, end = [], 0, time.monotonic() + seconds / 2
            while time.monotonic() < end:
                begun = time.perf_counter()
                os.pwrite(file.fileno(), b"x" * WRITE_BYTES, at)
                os.fdatasync(file.fileno())
                samples.append((time.perf_counter() - begun) * 1e6)
                at = (at + WRITE_BYTES) % blocks if blocks else at + WRITE_BYTES
            ways.append(samples)
    return min(ways, key=statistics.median)
