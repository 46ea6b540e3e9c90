"""The bars of latency: while others come (B7), at a rate (B8), while people sign in (B11).

Happy path: messages leave at random times, whether or not the ones before came, and each delivery counts from the time at which its message should
have left; load.c writes them to a file. How it fails: seconds in which a probe beside lost much of its core count for nobody; where too few are left,
the result is not a number, and says how many were disturbed.
"""

import array
import json
import os
import subprocess
import threading
import time

from disk import flushes_us
from pages import Wire
from results import BODY_BYTES, STORM_IN_FLIGHT, Result, ratio_of
from servers import BUILD, Load, spread

SECOND_NS = 10 ** 9
DISTURBED_PERCENT = 20
PUBLISHES = 20  # a second, while others come
ROOMS, MEMBERS = 10, 10
RATES = (100, 1000, 10000)
CLIENTS = 64
PATIENCE_S = 300  # passwords are hashed at a low priority
PASSWORD = "correct horse battery"


class Probe:
    """Tells which seconds other programs disturbed; see probe.c."""

    def __init__(self):
        self.process = subprocess.Popen([os.path.join(BUILD, "bench/probe")], stdout=subprocess.PIPE, text=True)

    def stop(self):
        self.process.terminate()
        self.seconds = [(int(begun), float(lost)) for begun, lost in map(str.split, self.process.communicate()[0].splitlines())]
        return self

    def quiet(self, at_ns):
        i = (at_ns - self.seconds[0][0]) // SECOND_NS
        return 0 <= i < len(self.seconds) and self.seconds[i][1] <= DISTURBED_PERCENT


def paced(run, server, connections, per_second, seconds, meanwhile=None):
    """When each message should have left and what a delivery of it took, in ns; the numbers of the load; what `meanwhile` returns."""
    path = os.path.join(run.directory, "samples")
    load = Load(server, "paced", seconds, 0, BODY_BYTES, per_second, path, connections=connections)
    load.begin()
    done = meanwhile() if meanwhile else None
    numbers = load.numbers()
    load.end()
    samples = array.array("Q")
    with open(path, "rb") as file:
        samples.frombytes(file.read())
    return list(zip(samples[::2], samples[1::2])), numbers, done


def percentile(took, part):
    """In us, of what took so many ns."""
    return sorted(took)[int((len(took) - 1) * part)] / 1000


# ---- B7: others come while messages go out
def storms(server, connections, seconds):
    """One after the other, each cut off when all of its connections were greeted; when each began and when that was, in ns."""
    windows, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        load = Load(server, "storm", STORM_IN_FLIGHT, connections=connections)
        begun = time.monotonic_ns()
        load.go(end=False)
        windows.append((begun, time.monotonic_ns()))
        load.process.kill()
        load.end()
    return windows


def storm_while_serving(run):
    """What counts are messages that should have left while a storm was on; the floor is stormed as much."""
    count, seconds = (4000, 4) if run.quick else (15000, 10)
    kinds = {name: [] for name in ("floor, calm", "floor, storm", "calm", "storm")}
    p99s = {name: [] for name in kinds}
    for _ in range(run.repeats):
        for prefix, server in (("floor, ", run.floor), ("", run.product)):
            members, comers = server.connections(1000), server.crowd(count)
            if prefix == "":
                storms(server, comers[::25], 0)  # each token once
            for name, meanwhile in (("calm", None), ("storm", lambda: storms(server, comers, seconds))):
                samples, _, windows = paced(run, server, members, PUBLISHES, seconds, meanwhile)
                took = [took for due, took in samples if windows is None or any(begun <= due <= end for begun, end in windows)]
                kinds[prefix + name].append(percentile(took, 0.5))
                p99s[prefix + name].append(percentile(took, 0.99))
    detail = ", ".join(f"{name}: p50 {spread(kinds[name])}, p99 {spread(p99s[name])} us" for name in kinds)
    detail += f"; the floor {ratio_of(kinds, 'floor, storm', 'floor, calm'):.2f} times"
    return [Result("B7", f"{PUBLISHES} messages/s to 1000 while {count} connect, {STORM_IN_FLIGHT} at a time", ratio_of(kinds, "storm", "calm"),
                   "of the p50 without", 1.5, less=True, detail=detail, samples=kinds, samples_unit="us")]


# ---- B8: from the sender to each reader
def end_to_end(run):
    results, lost = [], 0
    for per_second in RATES:
        more, missing = end_to_end_at(run, per_second)
        results += more
        lost += missing
    return [*results, Result("B8", f"deliveries that did not come, at {', '.join(map(str, RATES))} deliveries/s", lost, "lost", 0, less=True,
                             detail=f"of all messages to {ROOMS} rooms of {MEMBERS}, disturbed seconds too")]


def end_to_end_at(run, per_second):
    """The floor and the product take turns, a slice at a time; flushes are between the slices."""
    slices, seconds = (2, 5) if run.quick else (6, 10)
    samples, lost, flushes, probe = {"floor": [], "chattifier": []}, 0, [], Probe()
    for _ in range(slices):
        for server in (run.floor, run.product):
            more, numbers, _ = paced(run, server, server.rooms(ROOMS, MEMBERS), per_second / MEMBERS, seconds)
            samples[server.name] += more
            lost += numbers["lost"] if server is run.product else 0
        flushes += flushes_us(run.directory, 0.5)
    probe.stop()
    quiet = {name: [took for due, took in taken if probe.quiet(due)] for name, taken in samples.items()}
    disturbed = sum(lost > DISTURBED_PERCENT for _, lost in probe.seconds)
    how = f"{disturbed} of {len(probe.seconds)} seconds were disturbed"
    enough = all(len(took) >= 2 * per_second for took in quiet.values())
    if not enough:
        how = f"all seconds counted, since {how}"
        quiet = {name: [took for _, took in taken] for name, taken in samples.items()}
    return [of_percentile(per_second, quiet, part, flushes, how, enough) for part in (0.5, 0.99, 0.999)], lost


def of_percentile(per_second, quiet, part, flushes, how, enough):
    """Half of the deliveries may take two flushes more than the floor's, the slowest half more than the floor's and two slow flushes."""
    at = {name: percentile(took, part) for name, took in quiet.items()}
    flush = percentile([took * 1000 for took in flushes], min(part, 0.99))
    bar = at["floor"] * (1 if part == 0.5 else 1.5) + 2 * flush
    detail = f"the floor {at['floor']:.0f} us, a flush {flush:.0f} us; ours {at['chattifier']:.0f} us, at most " \
             f"{max(quiet['chattifier']) / 1000:.0f} of {len(quiet['chattifier'])}; {how}"
    return Result("B8", f"{per_second} deliveries/s, p{part * 100:g}", at["chattifier"] if enough else float("nan"), "us", round(bar), less=True,
                  detail=detail, samples={name: [value] for name, value in at.items()}, samples_unit="us")


# ---- B11: people sign in
class SignIns:
    """Clients that each sign in again as soon as they are in, until told to stop."""

    def __init__(self, server, users):
        self.server, self.count, self.stopping = server, 0, False
        self.refused = []
        self.threads = [threading.Thread(target=self.sign_in, args=(user,), daemon=True) for user in users]
        for thread in self.threads:
            thread.start()

    def sign_in(self, username):
        wire = Wire(self.server, PATIENCE_S)
        body = json.dumps({"username": username, "password": PASSWORD}).encode()
        head = f"POST /user/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        status, answer = 200, b""
        while status == 200 and not self.stopping:
            status, _, answer = wire.send(head + body).read_answer()
            self.count += status == 200
        wire.socket.close()
        if status != 200:
            self.refused.append((status, answer))

    def measure(self, seconds):
        """How many signed in for a second of the server's CPU."""
        count, before = self.count, self.server.cpu()
        time.sleep(seconds)
        assert not self.refused, self.refused[0]
        return (self.count - count) / (self.server.cpu() - before)

    def stop(self):
        self.stopping = True
        for thread in self.threads:
            thread.join()


def bare_hashes(parameters, seconds):
    """For a second of CPU, one after the other."""
    answer = subprocess.check_output([os.path.join(BUILD, "bench/hash"), *parameters, str(seconds)], text=True)
    hashes, cpu = (float(pair.split("=")[1]) for pair in answer.split())
    return hashes / cpu


def logins(run):
    """A server of its own, where passwords may wait their turn for long; latency is that of messages at a rate beside it, as in B8."""
    server = run.fresh({"limits.hash_wait_ms": 60000, "limits.hashes": 2 * CLIENTS, "limits.login_failures": 0})
    seconds = 5 if run.quick else 15
    samples = {"bare": [], "chattifier": []}
    p50s = {"alone": [], "beside": []}
    try:
        connections = server.rooms(ROOMS, MEMBERS)
        for _ in range(run.repeats):
            p50s["alone"].append(p50_of(paced(run, server, connections, RATES[1] / MEMBERS, seconds)))
            samples["bare"].append(bare_hashes(server.hash_parameters(), seconds / 2))
            people = SignIns(server, server.usernames(CLIENTS))
            people.measure(1)  # until the queue is what it will be
            samples["chattifier"].append(people.measure(seconds))
            p50s["beside"].append(p50_of(paced(run, server, connections, RATES[1] / MEMBERS, seconds)))
            people.stop()
    finally:
        server.stop()
    return [
        Result("B11", f"{CLIENTS} clients sign in all the time", ratio_of(samples, base="bare"), "of the bare hash", 0.97, samples=samples,
               samples_unit="hashes/CPU-s"),
        Result("B11", f"{RATES[1]} deliveries/s while they do", ratio_of(p50s, "beside", "alone"), "of the p50 alone", 1.2, less=True,
               samples=p50s, samples_unit="us"),
    ]


def p50_of(measured):
    return percentile([took for _, took in measured[0]], 0.5)
