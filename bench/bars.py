"""The bars: each function measures one and answers its results.

Happy path: what is compared takes turns, a repetition at a time, and the result is the median of the ratios of neighbours. How it fails: a load that
is refused or loses its connection ends the run with its words. CPU is user and system time of all threads of the server.
"""

import os
import random
import statistics
import time

from disk import commits_a_second, flushes_us
from latency import end_to_end, logins, storm_while_serving
from pages import Pages
from product import Product
from results import BODY_BYTES, SETTLE_S, STORM_IN_FLIGHT, Result, ratio_of
from servers import Floor, Load, spread

QUEUED_BYTES = 262144  # limits.queued_bytes, as the product has it by default
IDLE_CONNECTIONS = 10000
HEARTBEAT_S = 30  # socket.heartbeat_ms, as the product has it by default
HEARTBEAT_MAX_MS = 600000


class Run:
    """What the bars share: the servers that run all the time, and how long to measure."""

    def __init__(self, directory, port, quick, peers):
        self.directory, self.port, self.quick = directory, port, quick
        self.repeats, self.seconds = (2, 1) if quick else (5, 3)
        self.started = 0
        self.floor = Floor(port)
        self.product = Product(port + 10, os.path.join(directory, "data"))
        self.peers = [peer(port + 20 + i, directory) for i, peer in enumerate(peers)]

    def fresh(self, settings=None):
        """A product of its own, for what a history would disturb. Two at a time are fine."""
        self.started += 1
        return Product(self.port + 40 + self.started % 2 * 2, os.path.join(self.directory, f"fresh{self.started}"), settings=settings)

    def stop(self):
        for server in (self.floor, self.product, *self.peers):
            server.stop()


def rate(server, connections, in_flight, seconds):
    """Thousands of deliveries for a second of the server's CPU."""
    numbers = Load(server, "fanout", seconds, in_flight, BODY_BYTES, connections=connections).go()
    return numbers["deliveries"] / max(numbers["cpu"], 0.01) / 1000


def leave_out(peer, servers, samples, why):
    """A peer that can not carry the load is named, and the bar goes on without it."""
    servers.remove(peer)
    del samples[peer.name]
    print(f"left out {peer.name}: {why}", flush=True)


# ---- B1, B2, B3: fan-out
def fan_out(run, bar, in_flight, target):
    results = []
    for members in (1000,) if run.quick else (1000, 200):
        servers = [run.floor, run.product, *(peer for peer in run.peers if members <= peer.members_max)]
        samples = {server.name: [] for server in servers}
        for _ in range(run.repeats):
            for server in list(servers):
                try:
                    samples[server.name].append(rate(server, server.connections(members), in_flight, run.seconds))
                except AssertionError as why:
                    if server in (run.floor, run.product):
                        raise
                    leave_out(server, servers, samples, why)
        results.append(Result(bar, f"one room of {members}, {in_flight} in flight", ratio_of(samples), "F", target, samples=samples,
                              samples_unit="k deliveries/CPU-s"))
        for peer in servers[2:]:
            least = peer.factors.get(bar)
            if least and members == peer.members_max:
                results.append(Result(bar, f"against {peer.name}, {members} members", ratio_of(samples, base=peer.name), f"x {peer.name}", least,
                                      samples={name: samples[name] for name in ("chattifier", peer.name)}, samples_unit="k deliveries/CPU-s"))
    return results


def fan_out_single(run):
    return fan_out(run, "B1", 1, 0.85)


def fan_out_saturated(run):
    return fan_out(run, "B2", 32, 0.7)


def small_rooms(run):
    """Each room has one sender with one message in flight; acks are durable, the projection runs."""
    results = []
    for rooms, members, target in ((200, 5, 0.7), (500 if run.quick else 5000, 2, 0.5)):
        ours, floors = run.product.rooms(rooms, members), run.floor.rooms(rooms, members)
        samples = {"floor": [], "chattifier": []}
        for _ in range(run.repeats):
            samples["floor"].append(rate(run.floor, floors, 1, run.seconds))
            samples["chattifier"].append(rate(run.product, ours, 1, run.seconds))
        results.append(Result("B3", f"{rooms} rooms of {members}", ratio_of(samples), "F", target, samples=samples,
                              samples_unit="k deliveries/CPU-s"))
    return results


def sends_in_one_call(run):
    """The product with io_uring against the product without it; in small rooms it may not be worse."""
    results = []
    ways = {way: run.fresh({"server.sends": way}) for way in ("plain", "io_uring")}
    try:
        for what, in_flight, target, connect in (
                ("one room of 1000, 1 in flight", 1, 1.5, lambda server: server.connections(1000)),
                ("one room of 1000, 32 in flight", 32, 1.5, lambda server: server.connections(1000)),
                ("200 rooms of 5", 1, 1, lambda server: server.rooms(200, 5))):
            connections = {way: connect(server) for way, server in ways.items()}
            samples = {way: [] for way in ways}
            for _ in range(2 * run.repeats):
                for way, server in ways.items():
                    samples[way].append(rate(server, connections[way], in_flight, run.seconds))
            results.append(Result("B2u", f"io_uring, {what}", ratio_of(samples, "io_uring", "plain"), "times plain sends", target,
                                  samples=samples, samples_unit="k deliveries/CPU-s"))
    finally:
        for server in ways.values():
            server.stop()
    return results


# ---- B4: memory
def bytes_each(server, count):
    """500 connections more are there before, so that what the first ones cost once is not counted."""
    first = Load(server, "idle", connections=server.connections(500))
    time.sleep(SETTLE_S)
    before = server.memory()
    second = Load(server, "idle", connections=server.connections(count))
    time.sleep(SETTLE_S)
    each = (server.memory() - before) / count
    first.release()
    second.release()
    return each


def idle_memory(run):
    """Of a server of its own, because one that has worked has memory to give."""
    results = []
    for count in (2000,) if run.quick else (2000, 10000):
        server = run.fresh()
        try:
            samples = {"chattifier": [bytes_each(server, count)]}
        finally:
            server.stop()
        for peer in run.peers:
            if count > peer.idle_max:
                continue
            try:
                samples[peer.name] = [bytes_each(peer, count)]
            except (AssertionError, OSError) as why:
                print(f"left out {peer.name}: {why}", flush=True)
        results.append(Result("B4", f"{count} idle connections in one room", samples["chattifier"][0], "bytes a connection", 512, less=True,
                              samples=samples, samples_unit="bytes"))
    return results


# ---- B5: idle CPU
def idle_percent(server, connections, seconds):
    """Of one core, once all are connected and nobody says anything."""
    load = Load(server, "idle", connections=connections)
    time.sleep(SETTLE_S)
    before, begun = server.cpu(), time.monotonic()
    time.sleep(seconds)
    used = (server.cpu() - before) / (time.monotonic() - begun) * 100
    load.release()
    return used


def idle_cpu(run):
    """With heartbeats each connection is pinged once in 30 s, and answers; so the stretch is a multiple of that."""
    results = []
    for how, settings, seconds, target in ((f"heartbeats each {HEARTBEAT_S} s", {}, HEARTBEAT_S * (1 if run.quick else 3), 0.5),
                                           ("no heartbeat", {"socket.heartbeat_ms": HEARTBEAT_MAX_MS}, 10 if run.quick else 30, 0.1)):
        server = run.fresh(settings)
        try:
            samples = {"chattifier": [idle_percent(server, server.connections(IDLE_CONNECTIONS), seconds)]}
        finally:
            server.stop()
        samples["floor"] = [idle_percent(run.floor, run.floor.connections(IDLE_CONNECTIONS), 5)]
        results.append(Result("B5", f"{IDLE_CONNECTIONS} silent connections, {how}", samples["chattifier"][0], "% of a core", target, less=True,
                              samples=samples, samples_unit="%"))
    return results


# ---- B6: connecting
def storm(server, connections, dialect=None):
    """CPU until all are greeted, and until nothing more comes; and the seconds."""
    load = Load(server, "storm", STORM_IN_FLIGHT, connections=connections, dialect=dialect)
    before = server.cpu()
    numbers = load.go(end=False)
    load.line("settled")
    settled = server.cpu() - before
    load.end()
    time.sleep(SETTLE_S)
    return numbers["cpu"], settled, numbers["seconds"]


def connect_storm(run):
    count = 4000 if run.quick else 19000
    floors, cached = run.floor.connections(count), run.product.crowd(count)
    kinds = {"floor": [], "cached": [], "settled": [], "uncached": []}
    for _ in range(run.repeats):
        kinds["floor"].append(count / storm(run.floor, floors)[0] / 1000)
        storm(run.product, cached[::25])  # each token once
        ready, settled, _ = storm(run.product, cached)
        kinds["cached"].append(count / ready / 1000)
        kinds["settled"].append(count / settled / 1000)
        kinds["uncached"].append(count / storm(run.product, run.product.with_new_tokens(cached))[0] / 1000)
    unit = "k connects/CPU-s"
    return [
        Result("B6", f"{count} connects, tokens seen before", ratio_of(kinds, "cached"), "F", 0.6, samples=kinds, samples_unit=unit),
        Result("B6", f"{count} connects, until nothing more comes", ratio_of(kinds, "settled"), "F", 0.35, samples=kinds, samples_unit=unit),
        Result("B6", f"{count} connects, ES256 tokens not seen before", statistics.median(kinds["uncached"]), "k connects/CPU-s", 11,
               samples=kinds, samples_unit=unit),
    ]


# ---- B9: answers that are durable
def acks_once(run, writers, per_second):
    """Numbers of one stretch and the flush beside it, in us; None: a flush before and after differ by more than half."""
    load = Load(run.product, "acks", run.seconds, writers, BODY_BYTES, per_second, connections=run.product.writers(writers))
    before = statistics.median(flushes_us(run.directory, min(run.seconds, 0.5)))
    numbers = load.go()
    after = statistics.median(flushes_us(run.directory, min(run.seconds, 0.5)))
    if max(before, after) > 1.5 * min(before, after):
        return None
    return numbers, (before + after) / 2


def acks_of(run, writers, per_second):
    """A stretch that others disturbed is made again, at most as often as wanted."""
    ratios, floors, p50s, p99s, rates, flushes, disturbed = [], [], [], [], [], [], 0
    while len(ratios) < run.repeats and disturbed < 2 * run.repeats:
        once = acks_once(run, writers, per_second)
        if once is None:
            disturbed += 1
            continue
        numbers, flush = once
        bare = Load(run.floor, "acks", min(run.seconds, 1), writers, BODY_BYTES, per_second, connections=run.floor.writers(writers)).go()
        flushes.append(flush)
        ratios.append(numbers["p50_us"] / flush)
        floors.append(bare["p50_us"] / flush)
        p50s.append(numbers["p50_us"])
        p99s.append(numbers["p99_us"])
        rates.append(numbers["acks"] / numbers["seconds"])
    how = f"{writers} writers, {f'{per_second} messages/s' if per_second else 'each waits'}"
    if not ratios:
        return Result("B9", f"{how}; every stretch was disturbed", float("nan"), "flushes", 2.0, less=True, detail=f"{disturbed} disturbed")
    detail = f"{spread(ratios)} flushes; p50 {spread(p50s)} us, p99 {spread(p99s)} us, {statistics.median(rates):.0f} acks/s; " \
             f"a flush {spread(flushes)} us; {disturbed} disturbed; the floor, without a disk, {spread(floors)} flushes"
    return Result("B9", how, statistics.median(ratios), "flushes", 2.0, less=True, detail=detail, samples={"chattifier": ratios, "floor": floors},
                  samples_unit="flushes")


def acks_in_groups(run):
    """What it gives that many messages share a flush: answers a second against a program that commits each message alone."""
    writers, samples = 1000, {"one by one": [], "chattifier": []}
    for _ in range(run.repeats):
        samples["one by one"].append(commits_a_second(run.directory, run.seconds))
        numbers = Load(run.product, "acks", run.seconds, writers, BODY_BYTES, connections=run.product.writers(writers)).go()
        samples["chattifier"].append(numbers["acks"] / numbers["seconds"])
    return Result("B9", f"{writers} writers, each waits, against one commit a message", ratio_of(samples, base="one by one"), "times", 40,
                  samples=samples, samples_unit="acks/s")


def durable_acks(run):
    return [*(acks_of(run, writers, per_second)
              for writers, per_second in ((1, 0), (10, 0), (100, 0), (1000, 0), (100, 500), (100, 2000), (100, 5000))), acks_in_groups(run)]


# ---- B10: history
def history(run):
    """Fifty messages of 150 bytes a page, over HTTP; many requests in flight, so that no wake is counted. Cold pages begin anywhere in the older half."""
    few, many = (10 ** 3, 10 ** 4) if run.quick else (10 ** 4, 10 ** 6)
    rooms = {count: run.product.filled_room(count) for count in (few, many)}
    samples = {"hot": [], "info": [], f"cold, {few} rows": [], f"cold, {many} rows": []}
    for _ in range(run.repeats):
        samples["info"].append(pages_us(run, "/api/info", lambda: ""))
        samples["hot"].append(pages_us(run, f"/api/rooms/{rooms[many]}/messages", lambda: "?limit=50"))
        for count in (few, many):
            samples[f"cold, {count} rows"].append(
                pages_us(run, f"/api/rooms/{rooms[count]}/messages", lambda: f"?limit=50&before_seq={random.randrange(60, count // 2)}"))
    hot, cold = statistics.median(samples["hot"]), statistics.median(samples[f"cold, {many} rows"])
    unit = "us of CPU a request"
    return [
        Result("B10", "the newest page", hot, unit, 40, less=True, samples=samples, samples_unit=unit),
        Result("B10", f"a page anywhere in {many}, more than the newest", cold - hot, unit, 40, less=True, samples=samples, samples_unit=unit),
        Result("B10", f"a page of {many} against one of {few}", ratio_of(samples, f"cold, {many} rows", f"cold, {few} rows"), "times", 1.3, less=True,
               samples=samples, samples_unit=unit),
    ]


def pages_us(run, path, query):
    pages, token = Pages(run.product), run.product.people[0][1]
    pages.read([path + query() for _ in range(200)], token)
    paths = [path + query() for _ in range(1500 if run.quick else 6000)]
    before = run.product.cpu()
    pages.read(paths, token)
    used = run.product.cpu() - before
    pages.close()
    return used / len(paths) * 1e6


# ---- B14: slow readers
def kernel_bytes():
    """What the machine's TCP sockets hold."""
    with open("/proc/net/sockstat", encoding="ascii") as stat:
        line = next(line for line in stat if line.startswith("TCP:"))
    return int(line.split()[-1]) * os.sysconf("SC_PAGE_SIZE")


def slow_readers(run):
    """A tenth of the members stops reading: what the others notice, and what the server keeps for those."""
    members, server = 1000, run.product
    stuck, with_all, with_stuck, grown, kernel = members // 10, [], [], [], []
    for _ in range(run.repeats):
        for slow, p50s in ((0, with_all), (stuck, with_stuck)):
            load = Load(server, "paced", run.seconds * 2, slow, 16000, 25, connections=server.connections(members))
            before, kernel_before = server.memory(), kernel_bytes()
            p50s.append(load.go(end=False)["p50_us"])
            if slow:
                grown.append((server.memory() - before) / slow)
                kernel.append((kernel_bytes() - kernel_before) / slow)
            load.end()
    detail = f"p50 of a delivery {spread(with_stuck)} us with and {spread(with_all)} us without; the server grew by {spread(grown)} bytes " \
             f"for each slow reader, whose limit is {QUEUED_BYTES}, the kernel's sockets by {spread(kernel)}"
    samples = {"without": with_all, "with": with_stuck}
    return [Result("B14", f"{stuck} of {members} do not read", ratio_of(samples, "with", "without"), "of the latency without them", 1.1, less=True,
                   detail=detail, samples=samples, samples_unit="us")]


# ---- B15: a killed process
def reconnect(run):
    """kill -9 of the whole process, while somebody writes; then everybody comes back and catches up with sync. Workers are threads, so one of three
    can not be killed alone."""
    count = 3000 if run.quick else 15000
    lost, fresh, resumed, back_s = 0, [], [], []
    for _ in range(run.repeats if run.quick else 3):
        server = run.fresh()
        try:
            connections = server.crowd(count)
            writer = server.writers(1)[0]
            storm(server, connections[::25])
            fresh.append(storm(server, connections)[0] / count * 1e6)
            acked = server.write_until_killed(writer, 1.0)
            server.start_again()
            storm_cpu, _, seconds = storm(server, connections, dialect="chattifier-resume")
            resumed.append(storm_cpu / count * 1e6)
            back_s.append(server.start_s + seconds)
            lost += len(acked) - server.found(writer, acked)
        finally:
            server.stop()
    samples = {"fresh": fresh, "resumed": resumed}
    return [
        Result("B15", f"messages acknowledged before kill -9 and not there after, {len(fresh)} kills", lost, "lost", 0, less=True,
               detail=f"all of {count} clients were back after {spread(back_s)} s"),
        Result("B15", f"{count} clients resume, against a first connect", ratio_of(samples, "resumed", "fresh"), "times", 1.5, less=True,
               samples=samples, samples_unit="us of CPU a client"),
    ]


# ---- B17: presence
def presence(run):
    """One watches a thousand members: in lists of 200, and one by one. Each is waited for until it was told of everybody in it."""
    server, members, rounds = run.product, 1000, 2 if run.quick else 5
    connections = server.presence_room(members)
    held = Load(server, "idle", connections=connections)
    samples = {"one by one": [], "lists of 200": []}
    try:
        for _ in range(rounds):
            for name, size in (("one by one", 1), ("lists of 200", 200)):
                samples[name].append(server.watch_us(members, size))
    finally:
        held.process.stdin.write("\n")
        held.end()
    return [Result("B17", f"looking up {members} members, a list against one by one", ratio_of(samples, "one by one", "lists of 200"),
                   "times cheaper a member", 20, samples=samples, samples_unit="us of CPU a member")]


# ---- B18: growth
def growth(run):
    return [*growth_of_recipients(run), *growth_of_the_rest(run)]


def growth_of_recipients(run):
    """The product's cost against the floor's at each size, and how that ratio changes."""
    sizes = (10, 1000, 4000) if run.quick else (10, 100, 1000, 5000, 15000)
    ratios = {size: [] for size in sizes}
    for _ in range(run.repeats):
        for size in sizes:
            floor = rate(run.floor, run.floor.connections(size), 1, run.seconds)
            ratios[size].append(floor / rate(run.product, run.product.connections(size), 1, run.seconds))
    at = {size: statistics.median(values) for size, values in ratios.items()}
    detail = ", ".join(f"{size}: {1 / value:.2f} F" for size, value in at.items())
    return [Result("B18", f"cost against the floor's, {sizes[-1]} recipients against 1000", at[sizes[-1]] / at[1000], "times", 1.15, less=True,
                   detail=detail, samples={str(size): [1 / value for value in values] for size, values in ratios.items()}, samples_unit="F")]


def growth_of_the_rest(run):
    """The same room of 100 in a small world and in a large one."""
    rooms, of_user, users = (300, 50, 5000) if run.quick else (100000, 200, 100000)
    samples = {"small": [], f"{rooms} rooms": [], f"{of_user} rooms a user": [], f"{users} users": []}
    worlds = {}
    try:
        for i, name in enumerate(samples):
            worlds[name] = Product(run.port + 50 + 2 * i, os.path.join(run.directory, f"world{i}"))
            worlds[name].have_people(4)
        worlds[f"{rooms} rooms"].fill_with_rooms(rooms)
        worlds[f"{of_user} rooms a user"].fill_with_rooms(of_user, everybody=True)
        worlds[f"{users} users"].have_people(users, tokens=False)
        for _ in range(run.repeats):
            for name, world in worlds.items():
                samples[name].append(rate(world, world.connections(100, per_user=25), 1, run.seconds))
    finally:
        for world in worlds.values():
            world.stop()
    return [Result("B18", name, statistics.median(small / large for small, large in zip(samples["small"], samples[name])), "times the cost", 1.1,
                   less=True, samples={"small": samples["small"], name: samples[name]}, samples_unit="k deliveries/CPU-s")
            for name in list(samples)[1:]]


BARS = {
    "B1": fan_out_single,
    "B2": fan_out_saturated,
    "B2u": sends_in_one_call,
    "B3": small_rooms,
    "B4": idle_memory,
    "B5": idle_cpu,
    "B6": connect_storm,
    "B7": storm_while_serving,
    "B8": end_to_end,
    "B9": durable_acks,
    "B10": history,
    "B11": logins,
    "B14": slow_readers,
    "B15": reconnect,
    "B17": presence,
    "B18": growth,
}
