"""What is true of every engine. Tests of one engine share its process; each works alone, too."""

import os
import urllib.request

import pytest

import cassandra
import ports
import pulsar
import redis_server
from have import have
from java_engine import JavaEngine
from process import processes_in

TOPIC = "persistent://public/default/kept"
WORDS = [f"word {number}".encode() for number in range(20)]


def write_cassandra(engine):
    with engine.client() as client:
        client.query("CREATE KEYSPACE kept WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}")
        client.query("CREATE TABLE kept.words (book int, id int, word text, PRIMARY KEY (book, id))")
        for number, word in enumerate(WORDS):
            client.query(f"INSERT INTO kept.words (book, id, word) VALUES (1, {number}, '{word.decode()}')")


def read_cassandra(engine):
    with engine.client() as client:
        return [word for word, in client.query("SELECT word FROM kept.words WHERE book = 1")]


def write_pulsar(engine):
    asked = urllib.request.Request(f"{engine.web_url}/admin/v2/{TOPIC.replace('://', '/')}", method="PUT", data=b"{}",
                                   headers={"Content-Type": "application/json"})
    assert urllib.request.urlopen(asked, timeout=20).status == 204
    with engine.client() as client:
        client.publish(TOPIC, WORDS)


def read_pulsar(engine):
    with engine.client() as client:
        return client.consume(TOPIC, len(WORDS))


def write_redis(engine):
    with engine.client() as client:
        for word in WORDS:
            client.command("RPUSH", "kept", word.decode())


def read_redis(engine):
    with engine.client() as client:
        return [word.encode() for word in client.command("LRANGE", "kept", 0, -1)]


KINDS = {"redis": (redis_server.RedisServer, write_redis, read_redis), "cassandra": (cassandra.CassandraNode, write_cassandra, read_cassandra),
         "pulsar": (pulsar.PulsarBroker, write_pulsar, read_pulsar)}


class Case:
    def __init__(self, name, directory):
        kind, self.write, self.read = KINDS[name]
        self.directory = directory
        self.engine = kind(str(directory), ports.Ports(str(directory)))
        self.written = False


@pytest.fixture(scope="module", params=list(KINDS))
def case(request, tmp_path_factory):
    have(request.param)
    made = Case(request.param, tmp_path_factory.mktemp(request.param))
    yield made
    made.engine.wipe()


@pytest.fixture
def engine(case):
    case.engine.start()
    return case.engine


def listening(pid):
    """Addresses and ports of a process that others may connect to."""
    inodes = set()
    for descriptor in os.listdir(f"/proc/{pid}/fd"):
        try:
            inodes.add(os.readlink(f"/proc/{pid}/fd/{descriptor}"))
        except OSError:
            continue
    found = set()
    for table in ("tcp", "tcp6"):
        with open(f"/proc/{pid}/net/{table}", encoding="ascii") as file:
            for row in (line.split() for line in list(file)[1:]):
                if row[3] == "0A" and f"socket:[{row[9]}]" in inodes:
                    address, port = row[1].split(":")
                    found.add((address, int(port, 16)))
    return found


def test_it_answers_when_start_returns(engine):
    engine.ask()
    assert engine.is_ready() and engine.memory_bytes() > 1 << 20


def test_a_second_start_changes_nothing(engine):
    pid = engine.pid()
    assert engine.start() is False
    assert engine.pid() == pid


def test_it_listens_on_its_ports_alone_and_to_nobody_beyond_loopback(engine):
    assert listening(engine.pid()) == {("0100007F", engine.ports.of(key)) for key in engine.port_keys}


def test_a_warm_start_has_its_classes_from_the_archive(engine):
    if isinstance(engine, JavaEngine):
        with open(f"/proc/{engine.pid()}/maps", encoding="utf-8") as maps:
            assert engine.jars.archive_path() in maps.read()
    else:
        assert processes_in(engine.folder) == [engine.pid()]


def test_what_was_acknowledged_is_there_after_a_kill(case, engine):
    case.write(engine)
    taken = engine.ports.read()
    assert engine.kill() is True
    assert engine.pid() is None and not processes_in(engine.folder)
    assert engine.start() is True
    assert case.read(engine) == WORDS
    assert engine.ports.read() == taken


def test_a_stop_leaves_no_process(engine):
    assert engine.stop() is True
    assert engine.pid() is None and not processes_in(engine.folder)
    assert engine.stop() is False


def test_wipe_forgets(case):
    case.engine.wipe()
    assert case.engine.pid() is None
    assert not os.path.exists(case.engine.folder) and not case.engine.ports.read()
