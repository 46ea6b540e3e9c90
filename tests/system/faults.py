"""Real faults, done to the real process under load, each history judged by checker.py.

Happy path: a fault is a coroutine that gets a load (kill_load.py), waits for its progress, breaks something, mends it, and waits for
progress again; judged() returns the violations. How it fails: a load that does not go on is an AssertionError that says what was
refused; what this machine can not do raises Impossible. What is promised for each fault is said at its function.

    python3 tests/system/faults.py disk stop flush clock storm descriptors memory slow overload [--seconds 10]     longer than the
        tests do it; CHATTIFIER_BINARY=build-release/src/apps/chattifier for figures
"""

import argparse
import asyncio
import contextlib
import copy
import os
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

from checker import check_acks
from connect import connect
from crowd import Crowd
from house import House
from kill_load import Load, judged
from wire import upgrade_request

HERE = os.path.dirname(os.path.abspath(__file__))
RETRYABLE = {"rate_limited", "overloaded", "unavailable", "timeout"}
QUEUED_BYTES = 262144  # limits.queued_bytes
CONNECTION_BYTES = 65536
STORE_BYTES = 96 << 20  # caches of the store, which grow with what is in it
DISK_DOWN = {"status": "DOWN", "components": {"disk": {"status": "DOWN"}}}  # health while the log takes nothing
IO_STATUS = 74  # with which the process ends when its disk fails


class Impossible(Exception):
    """This machine can not do that; the text says why."""


class Disk:
    """A small file system of its own in a mount namespace, which is gone when this process is, however it ends."""

    def __init__(self, size):
        self.path = tempfile.mkdtemp(prefix="chattifier-disk-")
        script = f"mount -t tmpfs -o size={size},mode=700 tmpfs {self.path} && echo mounted && exec cat"
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
        # Where this process has a root directory of its own, entering the mounts alone would leave it.
        house.wrapper = ["nsenter", f"--mount=/proc/{self.holder.pid}/ns/mnt", f"--root=/proc/{self.holder.pid}/root", "--"]
        return house

    def resize(self, size):
        subprocess.check_call(["nsenter", f"--mount=/proc/{self.holder.pid}/ns/mnt", f"--root=/proc/{self.holder.pid}/root", "--",
                               "mount", "-o", f"remount,size={size}", self.path])

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


class Share:
    """A control group that leaves its processes a part of one core, which is gone after."""

    def __init__(self, percent):
        for root, name, quota, all_of_it in (("/sys/fs/cgroup/cpu", "cpu.cfs_quota_us", "{}", "-1"),
                                             ("/sys/fs/cgroup", "cpu.max", "{} 100000", "max")):
            self.path, self.all = f"{root}/chattifier-{os.getpid()}", (name, all_of_it)
            with contextlib.suppress(OSError):
                os.mkdir(self.path)
                try:
                    self.write(name, quota.format(percent * 1000))
                    return
                except OSError:
                    os.rmdir(self.path)
        raise Impossible("no right to make a control group of cpu")

    def write(self, name, text):
        with open(f"{self.path}/{name}", "w", encoding="ascii") as file:
            file.write(str(text))

    def take(self, pid):
        self.write("cgroup.procs", pid)

    def lift(self):
        self.write(*self.all)

    def close(self):
        os.rmdir(self.path)


@contextlib.asynccontextmanager
async def kept_full(disk):
    """Whatever becomes free is gone at once."""
    async def fill():
        while True:
            disk.fill()
            await asyncio.sleep(0.05)
    filling = asyncio.ensure_future(fill())
    try:
        yield
    finally:
        filling.cancel()
    disk.free()


async def read_all_acknowledged(load):
    """Each room is read to its end, asked once a page."""
    before = copy.deepcopy(load.history)
    logs, _ = await asyncio.to_thread(load.read_logs)
    assert list(check_acks(before, logs)) == []


async def disk_full(load, disk, seconds, restarts=False):
    """R8. The process lives, sends are refused with a code that says so, all that was acknowledged is read, also by a process that was
    killed and started again meanwhile, and sends are taken again when there is space, without anybody's help."""
    await load.progress(100)
    before = load.refusals["unavailable"]
    until = time.monotonic() + seconds
    async with kept_full(disk):
        while time.monotonic() < until or load.refusals["unavailable"] == before:
            assert time.monotonic() < until + 20, f"a full disk refuses nothing: {load.refusals}"
            await asyncio.sleep(0.05)
        assert load.house.process.poll() is None, load.house.log_tail()
        await read_all_acknowledged(load)
        health = load.house.http("GET", "/actuator/health", management=True)
        assert health.status == 503 and health.json == DISK_DOWN, health
        if restarts:
            await asyncio.to_thread(load.house.kill)
            await asyncio.to_thread(load.house.start)
            await read_all_acknowledged(load)
    await load.progress(100)
    assert load.house.http("GET", "/actuator/health", management=True).json["status"] == "UP"
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


async def memory_is_short(load, connections):
    """R8. With a fifth more than it has under load the process serves on, and more connections too."""
    house = load.house
    await load.progress(500)
    pid = house.process.pid
    limit = house.memory_bytes("VmSize") + house.memory_bytes() // 5
    before = resource.prlimit(pid, resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))
    taken = await hold(house, connections)
    assert len(taken) == connections, f"{len(taken)} of {connections} were answered"
    await load.progress(1000)
    for writer in taken:
        writer.transport.abort()
    resource.prlimit(pid, resource.RLIMIT_AS, before)
    await load.progress(100)


async def fall_silent(house, user):
    """A connection that is opened and never read from; with little room for what comes."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(sock, ("127.0.0.1", house.port))
    await loop.sock_sendall(sock, upgrade_request(user.token).encode())
    assert (await loop.sock_recv(sock, 12)) == b"HTTP/1.1 101"
    return sock


def latency_ms(load, since, part):
    """Of the sends that began since then and were acknowledged, that part was answered within so many milliseconds."""
    attempts = (attempt for send in load.history.sends.values() for attempt in send["attempts"])
    waits = sorted(a["done"] - a["at"] for a in attempts if a["outcome"] == "ok" and a["at"] >= since)
    return waits[int(len(waits) * part)] * 1000


async def readers_stop(load, share):
    """R10. So many of each hundred connections stop reading. What is kept for each has its bound, and the others are served on."""
    house, silent = load.house, []
    load.in_flight, load.padding = 1, 4000
    begun = time.monotonic()
    await load.progress(500)
    p99_before, rss_before = latency_ms(load, begun, 0.99), house.memory_bytes()
    for i in range(len(load.writers) * share // (100 - share)):
        silent.append(await fall_silent(house, load.writers[i % len(load.writers)].user))
    begun = time.monotonic()
    await load.progress(3000, within=120)
    p99, growth = latency_ms(load, begun, 0.99), house.memory_bytes() - rss_before
    for sock in silent:
        sock.close()
    bound = len(silent) * (QUEUED_BYTES + CONNECTION_BYTES) + STORE_BYTES
    assert growth <= bound, f"{growth >> 20} MiB more for {len(silent)} connections, bound {bound >> 20} MiB"
    await load.progress(100)
    print(f"{len(silent)} of {len(silent) + len(load.writers)} connections silent: {growth >> 20} MiB more, p99 {p99_before:.0f} ms before, "
          f"{p99:.0f} ms meanwhile", flush=True)


async def find_most(crowd, seconds, load):
    """Offers twice as much until it is not the most any more; returns the press in which most was done."""
    most, rate = None, 100.0
    while not most or rate < most.goodput * 2:
        rate *= 2
        pressed = await crowd.press(rate, seconds, load)
        most = pressed if not most or pressed.goodput > most.goodput else most
        await crowd.rest(60)
    return most


def share_of(wave, peak):
    """What was done of what its CPU was good for just before: others on the machine may have left it less. At least half of that CPU it
    has to have used."""
    return wave.goodput / (peak.goodput * max(0.5, min(1, wave.cpu_s / peak.cpu_s)))


async def overload_once(load, crowd, seconds, most, factor):
    """The share that is done under so many times too much, beside the most at once before: the machine is another one minutes later."""
    peak = await crowd.press(most.rate, seconds, load)
    await crowd.rest(60)
    wave = await crowd.press(most.goodput * factor, seconds, load)
    back_s = await crowd.scatter(60)
    calm_s = await load.progress(20)  # what was under way when they went is done
    share = share_of(wave, peak)
    print(f"peak: {peak}\n{factor} times as much: {wave}\n  {wave.goodput / peak.goodput:.0%} of the peak, {share:.0%} with the CPU that it got; "
          f"all back {back_s:.1f} s later, calm {calm_s:.1f} s after that", flush=True)
    assert set(wave.codes) <= RETRYABLE | {"close 4006"}, wave
    return share


async def overload(load, rig, seconds, factors, least=0.8, rounds=1):
    """R12. Whatever is offered, at least four fifths of the most that the process can do are done (the median of the rounds); what is
    refused has a code that asks to come again; and when the wave is over it is as before without anybody's help."""
    rig.share.take(load.house.process.pid)
    load.in_flight = 1
    async with rig.crowd as crowd:
        most = await find_most(crowd, seconds, load)
        print(f"the most: {most}", flush=True)
        shares = {factor: [] for factor in factors}
        for _ in range(rounds):
            for factor in factors:
                shares[factor].append(await overload_once(load, crowd, seconds, most, factor))
        for factor, found in shares.items():
            print(f"{factor} times as much: {statistics.median(found):.0%} ({min(found):.0%} to {max(found):.0%})", flush=True)
            assert statistics.median(found) >= least, f"{factor} times as much: {found}"
        calm = await crowd.press(most.goodput / 4, seconds, load)
        print(f"a quarter of the most, after: {calm}", flush=True)
        assert calm.acked / seconds >= least * most.goodput / 4 and not calm.codes, calm
        await crowd.rest(60)
    rig.share.lift()
    await load.progress(20)


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


async def all_in_turn(coroutines):
    for coroutine in coroutines:
        await coroutine


LONG = {
    "disk": lambda rig, load, more: disk_full(load, rig.disk, more.seconds),
    "descriptors": lambda rig, load, more: descriptors_run_out(load, more.connections),
    "flush": lambda rig, load, more: flush_fails(load, rig.interposed, "fail.always"),
    "stop": lambda rig, load, more: stopped(load, more.seconds),
    "storm": lambda rig, load, more: storm(load, more.connections, 5),
    "clock": lambda rig, load, more: clock_jumps(load, rig.interposed, (3000, -3000, 0, 30, -30, 0)),
    "memory": lambda rig, load, more: memory_is_short(load, more.connections),
    "slow": lambda rig, load, more: all_in_turn(readers_stop(load, share) for share in (10, 50, 90)),
    "overload": lambda rig, load, more: overload(load, rig, more.seconds, (2, 5, 10), rounds=3),
}


class Rig:
    """A house with what a fault needs, which is gone after, whatever happened."""

    def __init__(self, directory, fault, share=2, **more):
        """`share`: of a core, in percent, where the process is to be overloaded."""
        self.disk = Disk("64m") if fault == "disk" else None
        self.house = self.disk.house(f"{directory}/log", **more) if self.disk else House(f"{directory}/data", **more)
        self.interposed = None
        if fault in ("flush", "clock"):
            self.interposed = Interposed(directory, self.house)
            self.interposed.file("log.db")
        if fault in ("memory", "slow"):  # a sanitizer keeps what was given back
            self.house.environment = {"ASAN_OPTIONS": f"{os.environ.get('ASAN_OPTIONS', '')}:quarantine_size_mb=1".lstrip(":")}
        self.share = Share(share) if fault == "overload" else None

    def __enter__(self):
        self.house.start()
        self.crowd = Crowd(self.house, 8) if self.share else None
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
            if self.share:
                self.share.close()


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
