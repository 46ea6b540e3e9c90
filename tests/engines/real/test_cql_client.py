"""The client of src/net/cql_client with real nodes: its example, and many writes while a node is killed."""

import os
import re
import signal
import subprocess
import threading

import pytest

from cassandra import CassandraNode, nodes
from engine import NotReady
from have import have
from java import java
from ports import Ports
from programs import program

WRITES = 10_000


@pytest.fixture(scope="module")
def ring(tmp_path_factory):
    """Three nodes, which run."""
    have("cassandra")
    directory = str(tmp_path_factory.mktemp("ring"))
    made = nodes(directory, Ports(directory), 3)
    try:
        for node in made:
            node.start()
        yield made
    finally:
        for node in made:
            node.kill()


def make_certificate(folder, name):
    """A key store for a node at 127.0.0.1, and its certificate, which is its own CA: two paths."""
    store, certificate = os.path.join(folder, f"{name}.p12"), os.path.join(folder, f"{name}.pem")
    keytool = os.path.join(os.path.dirname(os.path.realpath(java())), "keytool")
    common = ["-alias", "node", "-keystore", store, "-storetype", "PKCS12", "-storepass", "changeit"]
    subprocess.run([keytool, "-genkeypair", *common, "-keyalg", "EC", "-dname", "CN=node", "-ext", "san=ip:127.0.0.1",
                    "-ext", "bc:critical=ca:true", "-validity", "2"], check=True, capture_output=True, timeout=60)
    subprocess.run([keytool, "-exportcert", *common, "-rfc", "-file", certificate], check=True, capture_output=True, timeout=60)
    return store, certificate


class Guarded(CassandraNode):
    """Speaks TLS and wants to know who asks. Its log tells when it is ready."""

    def settings(self):
        return {**super().settings(), "authenticator": "PasswordAuthenticator", "authorizer": "CassandraAuthorizer",
                "client_encryption_options": {"enabled": True, "optional": False, "keystore": self.store, "keystore_password": "changeit",
                                              "store_type": "PKCS12"}}

    def ask(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            if "Created default superuser role" not in log.read():
                raise NotReady("its role is not there yet")


@pytest.fixture
def guarded(tmp_path):
    have("cassandra")
    node = Guarded(str(tmp_path), Ports(str(tmp_path)))
    node.store, node.certificate = make_certificate(str(tmp_path), "node")
    try:
        node.start()
        yield node
    finally:
        node.kill()


def result_of(output):
    """The last line, as numbers by their names."""
    return {name: int(number) for name, number in re.findall(r"(\w+)=(\d+)", output.splitlines()[-1])}


def test_the_example_does_what_its_head_says(ring):
    first = ring[0]
    run = [program("net", "cql_client_example"), first.host, str(first.port)]
    rooms = "0: attic\n1: hall\nnext page\n2: cellar\n"
    assert subprocess.run(run, capture_output=True, text=True, timeout=60).stdout == rooms + "the name is taken now\n"
    assert subprocess.run(run, capture_output=True, text=True, timeout=60).stdout == rooms + "the name is taken already\n"


def test_no_write_that_was_answered_is_lost_when_a_node_is_killed(ring):
    contact, victim = ring[0], ring[1]
    process = subprocess.Popen([program("net", "cql_load"), contact.host, str(contact.port), "3", str(WRITES), "32"], text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    lines = []
    for line in process.stdout:
        lines.append(line.strip())
        if lines == ["1000", "2000", "3000"]:
            victim.kill()
    said = process.stderr.read()
    assert process.wait(timeout=60) == 0, said
    result = result_of("\n".join(lines))
    assert result["ok"] + result["unknown"] + result["failed"] == WRITES
    assert result["lost"] == 0
    assert result["unknown"] == 0 and result["failed"] == 0, said  # they may be repeated, and two of three are there
    assert 100 <= result["number"] <= result["raised"] + result["raised_unknown"]
    assert re.search(r"^lost 127\.0\.0\.2 ", said, re.M)


def test_a_node_that_comes_back_is_connected_again(ring):
    contact, victim = ring[0], ring[1]
    victim.kill()
    process = subprocess.Popen([program("net", "cql_load"), contact.host, str(contact.port), "3", str(100 * WRITES), "4"], text=True,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    stop = threading.Timer(90, process.kill)
    stop.start()
    try:
        victim.start()
        assert any(line.startswith("connected 127.0.0.2") for line in process.stderr)
    finally:
        stop.cancel()
        process.kill()
        process.wait()


def test_a_node_that_hangs_costs_no_write_that_was_answered(ring):
    contact, victim = ring[0], ring[2]
    process = subprocess.Popen([program("net", "cql_load"), contact.host, str(contact.port), "3", str(WRITES), "32"], text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    lines = []
    try:
        for line in process.stdout:
            lines.append(line.strip())
            if lines == ["1000", "2000", "3000"]:
                os.kill(victim.pid(), signal.SIGSTOP)
    finally:
        os.kill(victim.pid(), signal.SIGCONT)
    said = process.stderr.read()
    assert process.wait(timeout=60) == 0, said
    result = result_of("\n".join(lines))
    assert result["lost"] == 0 and result["failed"] == 0, said


def test_a_node_and_who_asks_it_know_each_other(guarded, tmp_path):
    def load(password, certificate):
        return subprocess.run([program("net", "cql_load"), guarded.host, str(guarded.port), "1", "10", "2", "cassandra", password, certificate],
                              capture_output=True, text=True, timeout=60)
    right, wrong = load("cassandra", guarded.certificate), load("wrong", guarded.certificate)
    stranger = load("cassandra", make_certificate(str(tmp_path), "stranger")[1])
    assert right.returncode == 0 and result_of(right.stdout)["ok"] == 10, right.stderr
    assert wrong.returncode == 1 and "denied 127.0.0.1 dropped: The credentials are wrong." in wrong.stderr
    assert stranger.returncode == 1 and "lost 127.0.0.1 certificate: " in stranger.stderr, stranger.stderr
