"""The client of Pulsar (src/net/pulsar_client) beside a real broker: what it promises while topics move, brokers die and others want its place.

The client is the program tests/net/pulsar_client/pulsar_drive.c, led line by line.
"""

import contextlib
import queue
import signal
import subprocess
import threading
import time

import pytest

import ports
from have import have
from programs import program
from pulsar import PulsarBroker
from pulsar_admin import admin

WAIT_S = 60
EARLIEST = (-1, -1, -1)


class Drive:
    """One client. Lines that it says are kept until somebody waits for them."""

    def __init__(self, broker, *options, address=None):
        self.process = subprocess.Popen([program("net", "pulsar_drive"), address or broker.address, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.lines = queue.Queue()
        self.heard, self.killed = [], False
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line.split())

    def __enter__(self):
        return self

    def __exit__(self, *error):
        with contextlib.suppress(OSError):
            self.say("quit")
        try:
            assert self.process.wait(WAIT_S) == (-signal.SIGKILL if self.killed else 0) or error[0]
        finally:
            self.process.kill()

    def end(self):
        """Without a word to anybody."""
        self.killed = True
        self.process.kill()

    def say(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()

    def hear(self, *words, within=WAIT_S):
        """The rest of the next line that begins like that; others stay for later."""
        wanted, end = list(map(str, words)), time.monotonic() + within
        for line in self.heard:
            if line[:len(wanted)] == wanted:
                self.heard.remove(line)
                return line[len(wanted):]
        while True:
            try:
                line = self.lines.get(timeout=max(end - time.monotonic(), 0.001))
            except queue.Empty:
                raise AssertionError(f"no line {' '.join(wanted)}; {self.heard[-20:]}") from None
            if line[:len(wanted)] == wanted:
                return line[len(wanted):]
            self.heard.append(line)

    def silent(self, *words, for_s):
        with pytest.raises(AssertionError):
            self.hear(*words, within=for_s)

    def publisher(self, name, topic, mode="shared", group=0):
        self.say("publisher", name, topic, mode, group)
        return int(self.hear("open", name)[0])

    def consumer(self, name, topic, kind="exclusive", priority=0, subscription="sub"):
        self.say("consumer", name, topic, subscription, kind, priority)
        self.hear("open", name)

    def publish(self, name, first, count, at_once=100):
        self.say("publish", name, first, count, at_once)
        return self.published(name, first)

    def published(self, name, first):
        """How many were answered OK and how many not, and the last error."""
        oks, others, error = self.hear("published", name, first)
        return int(oks), int(others), error

    def got(self, name, count):
        """Payloads as numbers, and positions."""
        items = [self.hear("got", name) for _ in range(count)]
        return [int(item[0]) for item in items], [tuple(map(int, item[1:])) for item in items]

    def got_all(self, name, last):
        """Payloads until that one came."""
        numbers = []
        while last not in numbers[-1:]:
            numbers += self.got(name, 1)[0]
        return numbers


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    have("pulsar")
    directory = str(tmp_path_factory.mktemp("pulsar"))
    made = PulsarBroker(directory, ports.Ports(directory))
    made.start()
    yield made
    made.wipe()


@pytest.fixture
def topic(broker, request):
    broker.start()
    name = f"public/default/{request.node.name}"
    admin(broker, "PUT", f"persistent/{name}", {})
    return f"persistent://{name}"


@pytest.fixture
def drive(broker, topic):
    with Drive(broker) as made:
        yield made


def unload(broker, topic):
    admin(broker, "PUT", f"{topic.replace('://', '/')}/unload")


def subscription(broker, topic, name="sub"):
    """What the broker knows of it."""
    return admin(broker, "GET", f"{topic.replace('://', '/')}/stats")["subscriptions"][name]


def without_repeats(numbers):
    """The first of each, in the order in which they came."""
    return list(dict.fromkeys(numbers))


def test_what_is_published_comes_in_order(drive, topic):
    drive.publisher("p", topic)
    drive.consumer("c", topic)
    assert drive.publish("p", 0, 10000, 1000) == (10000, 0, "ok")
    assert drive.got("c", 10000)[0] == list(range(10000))


def test_nothing_is_lost_or_reordered_while_a_topic_moves(broker, drive, topic):
    drive.publisher("p", topic)
    drive.consumer("c", topic)
    for first in range(0, 10000, 2000):
        drive.say("publish", "p", first, 2000, 50)
        unload(broker, topic)
        assert drive.published("p", first) == (2000, 0, "ok")
    assert without_repeats(drive.got_all("c", 9999)) == list(range(10000))


def test_nothing_is_lost_or_reordered_when_the_broker_is_killed(broker, drive, topic):
    drive.publisher("p", topic)
    drive.consumer("c", topic)
    drive.say("publish", "p", 0, 10000, 50)
    before = drive.got("c", 500)[0]
    broker.kill()
    broker.start()
    assert drive.published("p", 0) == (10000, 0, "ok")
    assert without_repeats(before + drive.got_all("c", 9999)) == list(range(10000))


def test_where_the_broker_knows_duplicates_there_are_none(broker, drive):
    admin(broker, "PUT", "namespaces/public/once", {})
    admin(broker, "POST", "namespaces/public/once/deduplication", True)
    admin(broker, "PUT", "persistent/public/once/t", {})
    topic = "persistent://public/once/t"
    drive.publisher("p", topic)
    for first in range(0, 6000, 1000):
        drive.say("publish", "p", first, 1000, 50)
        unload(broker, topic)
        assert drive.published("p", first) == (1000, 0, "ok")
    drive.say("reader", "r", topic, *EARLIEST)
    assert drive.got("r", 6000)[0] == list(range(6000))


def test_no_permit_and_no_acknowledgement_gets_lost(broker, drive, topic):
    drive.publisher("p", topic)
    drive.consumer("c", topic)
    for first in range(0, 5000, 1000):
        drive.say("publish", "p", first, 1000, 200)
        drive.published("p", first)
    drive.got_all("c", 4999)
    end = time.monotonic() + WAIT_S
    while subscription(broker, topic)["msgBacklog"] and time.monotonic() < end:
        time.sleep(0.05)
    known = subscription(broker, topic)
    assert (known["msgBacklog"], known["unackedMessages"]) == (0, 0)
    assert 500 < known["consumers"][0]["availablePermits"] <= 1000


def test_a_second_writer_fences_the_first_which_never_comes_back(broker, drive, topic):
    first = drive.publisher("old", topic, "fencing", 1)
    assert drive.publish("old", 0, 10) == (10, 0, "ok")
    with Drive(broker) as other:
        second = other.publisher("new", topic, "fencing", 1)
        assert second > first
        assert other.publish("new", 100, 10) == (10, 0, "ok")
        oks, others, error = drive.publish("old", 10, 10)
        assert (oks, others) == (0, 10) and error in ("unknown", "fenced")
        assert drive.hear("end", "old") == ["fenced"]
        # Its attempt to come back threw the rightful one out for a moment, which survives that with its own epoch.
        assert other.publish("new", 110, 100) == (100, 0, "ok")
        other.silent("end", "new", for_s=1)
    drive.say("reader", "r", topic, *EARLIEST)
    assert without_repeats(drive.got_all("r", 209)) == [*range(10), *range(100, 210)]


def test_a_writer_that_is_not_wanted_does_not_come_back(broker, drive, topic):
    drive.publisher("old", topic, "fencing", 1)
    drive.say("let", "old", 0)
    with Drive(broker) as other:
        other.publisher("new", topic, "fencing", 1)
        assert drive.publish("old", 0, 1) == (0, 1, "unknown")
        assert drive.hear("end", "old") == ["cancelled"]
        assert other.publish("new", 1, 1000) == (1000, 0, "ok")
        other.say("stats")
        assert "lost=0" in other.hear("stats")


def test_a_writer_keeps_its_epoch_while_its_topic_moves(broker, drive, topic):
    epoch = drive.publisher("p", topic, "fencing", 1)
    for first in range(0, 3000, 1000):
        drive.say("publish", "p", first, 1000, 20)
        unload(broker, topic)
        assert int(drive.hear("open", "p")[0]) == epoch
        assert drive.published("p", first) == (1000, 0, "ok")
    drive.say("reader", "r", topic, *EARLIEST)
    assert without_repeats(drive.got_all("r", 2999)) == list(range(3000))


def test_a_writer_keeps_its_epoch_when_the_broker_is_killed(broker, drive, topic):
    epoch = drive.publisher("p", topic, "fencing", 1)
    drive.say("publish", "p", 0, 5000, 20)
    broker.kill()
    broker.start()
    assert int(drive.hear("open", "p")[0]) == epoch
    assert drive.published("p", 0) == (5000, 0, "ok")
    drive.say("reader", "r", topic, *EARLIEST)
    assert without_repeats(drive.got_all("r", 4999)) == list(range(5000))
    with Drive(broker) as other:
        assert other.publisher("next", topic, "fencing", 1) > epoch


def test_the_subscription_of_a_killed_consumer_is_taken_over(broker, drive, topic):
    drive.publisher("p", topic)
    with Drive(broker) as other:
        other.consumer("a", topic, "failover", 0)
        assert other.hear("active", "a") == ["1"]
        drive.consumer("b", topic, "failover", 1)
        drive.publish("p", 0, 100)
        other.got("a", 50)
        other.end()
        assert drive.hear("active", "b") == ["1"]
    drive.publish("p", 100, 100)
    assert without_repeats(drive.got_all("b", 199))[-100:] == list(range(100, 200))


def test_a_subscription_is_handed_over(broker, drive, topic):
    drive.publisher("p", topic)
    drive.consumer("a", topic, "failover", 0)
    assert drive.hear("active", "a") == ["1"]
    with Drive(broker) as other:
        other.consumer("b", topic, "failover", 1)
        drive.publish("p", 0, 100)
        assert drive.got("a", 100)[0] == list(range(100))
        other.silent("got", "b", for_s=0.5)
        drive.say("destroy", "a")
        assert other.hear("active", "b") == ["1"]
        drive.publish("p", 100, 100)
        assert without_repeats(other.got_all("b", 199))[-100:] == list(range(100, 200))


def test_the_one_that_comes_first_by_priority_takes_the_subscription(broker, drive, topic):
    drive.consumer("later", topic, "failover", 5)
    assert drive.hear("active", "later") == ["1"]
    with Drive(broker) as other:
        other.consumer("sooner", topic, "failover", 1)
        assert other.hear("active", "sooner") == ["1"]
        assert drive.hear("active", "later") == ["0"]


def test_a_reader_begins_behind_a_position_also_inside_a_batch(drive, topic):
    drive.publisher("p", topic)
    drive.publish("p", 0, 100, 10)
    drive.say("reader", "all", topic, *EARLIEST)
    numbers, positions = drive.got("all", 100)
    assert numbers == list(range(100))
    assert any(index > 0 for _, _, index in positions)
    for number in (0, 5, 42, 57, 98):
        drive.say("reader", f"r{number}", topic, *positions[number])
        assert drive.got(f"r{number}", 99 - number)[0] == list(range(number + 1, 100))
    drive.say("last", "all")
    assert drive.hear("last", "all")[:3] == ["ok", *map(str, positions[-1][:2])]


def test_a_reader_goes_on_where_it_was_while_its_topic_moves(broker, drive, topic):
    drive.publisher("p", topic)
    drive.say("reader", "r", topic, *EARLIEST)
    drive.hear("open", "r")
    for first in range(0, 3000, 1000):
        drive.say("publish", "p", first, 1000, 20)
        unload(broker, topic)
        assert drive.published("p", first) == (1000, 0, "ok")
    assert without_repeats(drive.got_all("r", 2999)) == list(range(3000))


def test_a_seek_goes_back(drive, topic):
    drive.publisher("p", topic)
    drive.consumer("c", topic)
    drive.publish("p", 0, 50, 1)
    positions = drive.got("c", 50)[1]
    drive.say("seek", "c", *positions[19])
    assert drive.hear("sought", "c") == ["ok"]
    assert drive.got("c", 30)[0] == list(range(20, 50))


def test_what_is_not_acknowledged_comes_again_when_it_is_asked_for(broker, drive, topic):
    drive.publisher("p", topic)
    drive.consumer("c", topic)
    drive.publish("p", 0, 50, 10)
    drive.got("c", 50)
    drive.say("let", "c", 0)
    drive.publish("p", 50, 50, 10)
    assert drive.got("c", 50)[0] == list(range(50, 100))
    drive.say("let", "c", 1)
    drive.say("redeliver", "c")
    assert drive.got("c", 50)[0] == list(range(50, 100))


def test_several_share_a_subscription(broker, drive, topic):
    drive.publisher("p", topic)
    drive.consumer("a", topic, "shared")
    with Drive(broker) as other:
        other.consumer("b", topic, "shared")
        drive.publish("p", 0, 100, 1)
        counts = {"a": 0, "b": 0}
        seen = set()
        for name, one in (("a", drive), ("b", other)):
            with contextlib.suppress(AssertionError):
                while True:
                    seen.add(int(one.hear("got", name, within=1)[0]))
                    counts[name] += 1
        assert seen == set(range(100)) and min(counts.values()) > 0


def test_what_keeps_nothing_comes_to_who_is_there(drive, broker, topic):
    topic = "non-persistent://public/default/fleeting"
    admin(broker, "PUT", topic.replace("://", "/"), {})
    drive.say("reader", "r", topic, 9223372036854775807, 9223372036854775807, -1)
    drive.hear("open", "r")
    drive.publisher("p", topic)
    assert drive.publish("p", 0, 100, 10) == (100, 0, "ok")
    assert drive.got("r", 100)[0] == list(range(100))


def test_an_exclusive_subscription_is_one_consumers(broker, drive, topic):
    drive.consumer("a", topic)
    with Drive(broker) as other:
        other.say("consumer", "b", topic, "sub", "exclusive", 0)
        assert other.hear("end", "b") == ["in_use"]


def test_a_topic_that_is_not_there_is_not_made(drive):
    drive.say("publisher", "p", "persistent://public/default/absent", "shared", 0)
    assert drive.hear("end", "p") == ["not_found"]
    drive.say("consumer", "c", "persistent://public/default/absent", "sub", "exclusive", 0)
    assert drive.hear("end", "c") == ["not_found"]


def test_the_example_reads_what_it_published(broker, topic):
    done = subprocess.run([program("net", "pulsar_client_example"), broker.address, topic], capture_output=True, text=True, timeout=WAIT_S)
    assert (done.returncode, done.stdout.split(), done.stderr) == (0, ["one", "two", "three"], "")


def test_the_example_says_why_it_ends(broker):
    done = subprocess.run([program("net", "pulsar_client_example"), broker.address, "persistent://public/default/absent"], capture_output=True, text=True, timeout=WAIT_S)
    assert done.returncode == 1 and "topic_not_found" in done.stderr
