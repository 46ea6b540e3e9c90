"""Real faults, done to the real process under load, each history judged by checker.py.

Happy path: a fault is a coroutine that gets a load (kill_load.py), waits for its progress, breaks something, mends it, and waits for
progress again; judged() returns the violations. How it fails: a load that does not go on is an AssertionError that says what was
refused; what this machine can not do raises Impossible. What is promised for each fault is said at its function.

    python3 tests/system/faults.py disk stop flush clock storm descriptors [--seconds 10]     longer than the tests do it
"""

import argparse
import asyncio
import contextlib
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from connect import connect
from house import House
from kill_load import Load, judged

HERE = os.path.dirname(os.path.abspath(__file__))
RETRYABLE = {"rate_limited", "overloaded", "unavailable", "timeout"}
IO_STATUS = 74  # with which the process ends when its disk fails


class Impossible(Exception):
    """This machine can not do that; the text says why."""


class Disk:
    """A small file system of its own in a mount namespace, which is gone when this process is, however it ends."""

    def __init__(self, mebibytes):
        self.path = tempfile.mkdtemp(prefix="chattifier-disk-")
        script = f"mount -t tmpfs -o size={mebibytes}m,mode=700 tmpfs {self.path} && echo mounted && exec cat"
        if not shutil.which("unshare") or not shutil.which("nsenter"):
            raise Impossible("no unshare or nsenter")
        self.holder = subprocess.Popen(["unshare", "-m", "sh", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, text=True)
        if self.holder.stdout.readline() != "mounted\n":
            raise Impossible("no right to mount: " + self.holder.communicate()[1].strip())
        self.inside = f"/proc/{self.holder.pid}/root{self.path}"
        self.filler = self.inside + "/filler"

    def house(self, log_path, **more):
        house = House(self.path + "/data", **more)
        house.log_path = str(log_path)
        house.wrapper = ["nsenter", f"--mount=/proc/{self.holder.pid}/ns/mnt", "--"]
        return house

    def fill(self):
        """Takes all that is free."""
        with open(self.filler, "ab", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))

    def free(self):
        os.remove(self.filler)

    def close(self):
        self.holder.communicate("")
        os.rmdir(self.path)


class Interposed:
    """The library of faults.c under a house, and its switches."""

    def __init__(self, directory, house):
        self.directory = str(directory)
        library = os.path.join(self.directory, "faults.so")
        compiler = shutil.which("cc")
        if not compiler:
            raise Impossible("no C compiler")
        subprocess.check_call([compiler, "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o", library, os.path.join(HERE, "faults.c")])
        asan = os.environ.get("ASAN_OPTIONS", "")
        house.environment = {"LD_PRELOAD": library, "FAULTS_DIR": self.directory,
                             "ASAN_OPTIONS": f"{asan}:verify_asan_link_order=0".lstrip(":")}

    def file(self, part):
        """Flushes fail of files whose path has this in it."""
        self.set("file", part)

    def set(self, name, text=""):
        path = os.path.join(self.directory, name)
        with open(path + ".new", "w", encoding="ascii") as file:
            file.write(text)
        os.rename(path + ".new", path)

    def clear(self, name):
        with contextlib.suppress(FileNotFoundError):
            os.remove(os.path.join(self.directory, name))


async def disk_full(load, disk, seconds):
    """R8. The process lives, sends are refused with a code that says so, reads go on, and sends are taken again when there is space,
    without anybody's help."""
    await load.progress(100)
    before = load.refusals["unavailable"]
    until = time.monotonic() + seconds
    while time.monotonic() < until or load.refusals["unavailable"] == before:
        assert time.monotonic() < until + 20, f"a full disk refuses nothing: {load.refusals}"
        disk.fill()
        await asyncio.sleep(0.05)
    assert load.house.process.poll() is None, load.house.log_tail()
    writer = load.writers[0]
    page = await asyncio.to_thread(writer.user.http, "GET", f"/api/rooms/{writer.room}/events?after_seq=0&limit=10")
    assert page.status == 200, page
    disk.free()
    await load.progress(100)
    assert load.house.process.poll() is None, load.house.log_tail()


async def flush_fails(load, faults, switch):
    """R9. Nobody knows what is on a disk that did not take a flush, so the process ends, with one line that says why; a start on the
    same data has all that was acknowledged."""
    house = load.house
    await load.progress(100)
    faults.set(switch)
    code = await asyncio.to_thread(house.process.wait, 30)
    assert code == IO_STATUS, f"exit code {code}\n{house.log_tail()}"
    assert house.log_tail().count("store.lost") == 1, house.log_tail()
    house.kill()
    faults.clear(switch)
    await asyncio.to_thread(house.start)
    await load.progress(100)


async def stopped(load, seconds):
    """R5. A process that hung goes on where it was: nobody is answered twice or out of order."""
    await load.progress(100)
    pid = load.house.process.pid
    os.kill(pid, signal.SIGSTOP)
    await asyncio.sleep(seconds)
    os.kill(pid, signal.SIGCONT)
    await load.progress(100)


async def clock_jumps(load, faults, jumps):
    """R13. The order of a room does not come from a clock."""
    for seconds in jumps:
        faults.set("clock", str(seconds))
        await load.progress(100)


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


async def hold(house, count):
    """Asks once on each of so many connections and keeps those that were answered within a second."""
    async def one():
        reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
        writer.write(b"GET /api/info HTTP/1.1\r\nHost: here\r\n\r\n")
        try:
            if (await asyncio.wait_for(reader.read(12), 1)) == b"HTTP/1.1 200":
                return writer
        except (OSError, asyncio.TimeoutError):
            pass
        writer.transport.abort()
        return None
    return [writer for writer in await asyncio.gather(*(one() for _ in range(count))) if writer]


async def descriptors_run_out(load, connections):
    """R8. Whoever is connected is served on; whoever comes waits or is turned away; afterwards all are taken again."""
    load.in_flight = 1
    await load.progress(100)
    pid = load.house.process.pid
    _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    limit = descriptors(pid) + connections // 2
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE, (limit, hard))
    taken = await hold(load.house, connections)
    assert descriptors(pid) <= limit
    assert len(taken) < connections, "the limit was not reached"
    await load.progress(100)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
    more = await hold(load.house, connections)
    for _ in range(5):  # a listener that had to stop looks again every so often
        more += await hold(load.house, connections - len(more))
    assert len(more) == connections, f"{len(more)} of {connections} after the limit was lifted"
    for writer in taken + more:
        writer.transport.abort()
    await load.progress(100)


async def storm(load, count, rounds):
    """R11. All drop at once and come back at once, those that are turned away again later, as they are told; all are in at the end,
    and the writers, who were among them, lost nothing. Returns the seconds until all were in, the longest of the rounds."""
    house, longest = load.house, 0.0
    url = f"ws://127.0.0.1:{house.port}/api/socket"

    async def come_back(user):
        while True:
            try:
                socket = await connect(url, {"Authorization": f"Bearer {user.token}"}, 20)
                await asyncio.wait_for(socket.recv(), 20)
                return socket
            except Exception:  # turned away or late: again
                await asyncio.sleep(0.1)

    users = [load.writers[i % len(load.writers)].user for i in range(count)]
    sockets = []
    for _ in range(rounds + 1):
        for socket in sockets:
            socket.transport.abort()
        for writer in load.writers:
            writer.drop()
        begun = time.monotonic()
        sockets = await asyncio.wait_for(asyncio.gather(*map(come_back, users)), 60)
        longest = max(longest, time.monotonic() - begun)
        await load.progress(100)
    for socket in sockets:
        socket.transport.abort()
    return longest


def report(name, violations, load):
    for violation in violations[:20]:
        print(violation)
    refused = ", ".join(f"{count} {code}" for code, count in sorted(load.refusals.items())) or "nothing"
    print(f"{name}: {load.acked} acknowledged, refused: {refused}; {len(violations)} violations", flush=True)
    return not violations and set(load.refusals) <= RETRYABLE


LONG = {
    "disk": lambda rig, load, more: disk_full(load, rig.disk, more.seconds),
    "descriptors": lambda rig, load, more: descriptors_run_out(load, more.connections),
    "flush": lambda rig, load, more: flush_fails(load, rig.interposed, "fail.always"),
    "stop": lambda rig, load, more: stopped(load, more.seconds),
    "storm": lambda rig, load, more: storm(load, more.connections, 5),
    "clock": lambda rig, load, more: clock_jumps(load, rig.interposed, (3000, -3000, 0, 30, -30, 0)),
}


class Rig:
    """A house with what a fault needs, which is gone after, whatever happened."""

    def __init__(self, directory, fault, **more):
        self.disk = Disk(64) if fault == "disk" else None
        self.house = self.disk.house(f"{directory}/log", **more) if self.disk else House(f"{directory}/data", **more)
        self.interposed = None
        if fault in ("flush", "clock"):
            self.interposed = Interposed(directory, self.house)
            self.interposed.file("log.db")

    def __enter__(self):
        self.house.start()
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None:
                self.house.stop()
        finally:
            if self.house.process:
                self.house.kill()
            if self.disk:
                self.disk.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("faults", nargs="+", choices=list(LONG))
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--connections", type=int, default=500)
    arguments = parser.parse_args()
    fine = []
    for name in arguments.faults:
        settings = {"user.access_token_s": 3600} if name == "clock" else {}
        with tempfile.TemporaryDirectory() as directory, Rig(directory, name, settings=settings) as rig:
            fine.append(report(name, *judged(rig.house, lambda load, rig=rig, does=LONG[name]: does(rig, load, arguments))))
    sys.exit(0 if all(fine) else 1)


if __name__ == "__main__":
    main()
