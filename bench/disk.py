"""The disk that is measured against: what a flush of it takes, and how many messages a second it takes one by one.

Happy path: writes of 200 bytes, each with fdatasync; rows like those of log.db, each in a transaction of its own. How it fails: as writing a file does.
"""

import contextlib
import os
import sqlite3
import statistics
import time

WRITE_BYTES = 200
RECORD_BYTES = 264  # of the log, for a message of 150 bytes


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


def commits_a_second(directory, seconds):
    """Of a program that makes each message durable alone: one thread, and SQLite as the product has it."""
    with contextlib.closing(sqlite3.connect(os.path.join(directory, "commits.db"), isolation_level=None)) as log:
        log.execute("PRAGMA journal_mode=WAL")
        log.execute("PRAGMA synchronous=FULL")
        log.execute("CREATE TABLE IF NOT EXISTS records (place INTEGER PRIMARY KEY, shard INTEGER NOT NULL, idx INTEGER NOT NULL,"
                    " term INTEGER NOT NULL, at INTEGER NOT NULL, record BLOB NOT NULL)")
        begun, count, record = time.monotonic(), 0, bytes(RECORD_BYTES)
        while time.monotonic() < begun + seconds:
            log.execute("INSERT INTO records (shard, idx, term, at, record) VALUES (?, ?, 1, ?, ?)", (count % 256, count, time.time_ns() // 10 ** 6, record))
            count += 1
        return count / (time.monotonic() - begun)
