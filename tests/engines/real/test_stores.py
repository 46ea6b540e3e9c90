"""The stores on a real Cassandra: their contract suites, which are C programs of the build, and the tables that `chattifier migrate` makes."""

import json
import os
import re
import signal
import subprocess

import pytest

import cassandra
import ports
from cql import ServerError
from have import have
from programs import program, suite
from server import Server, binary

SUITES = ["users", "rooms", "history", "stores"]
# What asks for search, which the port may answer UNSUPPORTED, as this engine does.
SEARCH = {"words_are_found_by_members_alone", "what_was_edited_or_deleted_is_not_found_any_more", "a_question_is_never_a_formula",
          "hits_of_all_rooms_come_in_pages_the_newest_first", "a_search_goes_on_behind_any_hit", "the_last_word_is_a_beginning_however_many_begin_so"}
SUITE_S = 300
MIGRATE_S = 120
REPLICATION = "{'class': 'SimpleStrategy', 'replication_factor': 1}"


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    have("cassandra")
    directory = str(tmp_path_factory.mktemp("stores"))
    made = cassandra.CassandraNode(directory, ports.Ports(directory))
    made.start()
    yield made
    made.wipe()


def migrate(node, keyspace):
    return subprocess.Popen([binary(), "migrate", f"--cassandra.hosts={node.host}", f"--cassandra.port={node.port}", f"--cassandra.keyspace={keyspace}",
                             f"--cassandra.replication={REPLICATION}"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def migrated(node, keyspace):
    """Its exit code and words."""
    with migrate(node, keyspace) as process:
        words, problems = process.communicate(timeout=MIGRATE_S)
    return process.returncode, words, problems


def tables(node, keyspace):
    with node.client() as client:
        rows = client.query(f"SELECT table_name, id FROM system_schema.tables WHERE keyspace_name = '{keyspace}'")
    return sorted((name.decode(), identity) for name, identity in rows)


@pytest.mark.parametrize("name", SUITES)
def test_the_port_keeps_its_contract(node, name):
    where = {"CASSANDRA_HOSTS": node.host, "CASSANDRA_PORT": str(node.port), "CASSANDRA_KEYSPACE": f"contract_{name}"}
    passed, failed, words = suite([program("engines", "cassandra", f"test_{name}_cassandra")], SUITE_S, **where)
    assert set(failed) == (SEARCH if name == "history" else set()), words[-6000:]
    assert len(passed) > 5, words[-2000:]


def test_migrate_makes_the_tables_and_says_which_version_there_is(node):
    code, words, problems = migrated(node, "made")
    assert code == 0, problems
    assert re.search(r"keyspace made has version [1-9]\d*\n", words)
    assert {"users", "devices", "blocks"} <= {name for name, _ in tables(node, "made")}


def test_a_second_migrate_changes_nothing(node):
    assert migrated(node, "again")[0] == 0
    before = tables(node, "again")
    assert migrated(node, "again")[0] == 0
    assert tables(node, "again") == before


def test_several_migrate_at_once(node):
    running = [migrate(node, "at_once") for _ in range(4)]
    for process in running:
        _, problems = process.communicate(timeout=MIGRATE_S)
        assert process.returncode == 0, problems
    names = [name for name, _ in tables(node, "at_once")]
    assert len(names) == len(set(names)) > 5


def test_what_a_migrate_that_was_cut_short_left_is_gone_on_with(node):
    assert migrated(node, "short")[0] == 0
    with node.client() as client:
        client.query("DROP TABLE short.blocks")
        client.query("DELETE FROM short.schema_versions WHERE part = 0")
    assert migrated(node, "short")[0] == 0
    assert "blocks" in {name for name, _ in tables(node, "short")}


def test_tables_of_a_newer_program_are_left_alone(node):
    assert migrated(node, "newer")[0] == 0
    before = tables(node, "newer")
    with node.client() as client:
        client.query("INSERT INTO newer.schema_versions (part, version) VALUES (0, 9999)")
    code, _, problems = migrated(node, "newer")
    assert code == 1 and "newer program" in problems
    assert tables(node, "newer") == before


def test_a_replication_that_is_none_is_one_clear_line(node):
    with subprocess.Popen([binary(), "migrate", f"--cassandra.hosts={node.host}", f"--cassandra.port={node.port}", "--cassandra.keyspace=wrong",
                           "--cassandra.replication=much"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        _, problems = process.communicate(timeout=MIGRATE_S)
    assert process.returncode == 1 and "migrate.failed" in problems
    with node.client() as client, pytest.raises(ServerError):
        client.query("SELECT version FROM wrong.schema_versions")


def serve(node, keyspace, directory):
    """A server whose stores are on Cassandra."""
    return Server(directory, "--engine.stores=cassandra", f"--cassandra.hosts={node.host}", f"--cassandra.port={node.port}",
                  f"--cassandra.keyspace={keyspace}")


def test_what_was_said_is_there_after_a_kill(node, tmp_path):
    assert migrated(node, "house")[0] == 0
    house = serve(node, "house", tmp_path)
    account = {"username": "ann", "password": "correct horse battery"}
    house.ask("/user/register", account)
    token = house.ask("/user/login", account)["access_token"]
    room = house.ask("/api/rooms", token=token)["rooms"][0]["room"]
    for number in range(20):
        house.ask(f"/api/rooms/{room}/messages", {"text": f"message {number}"}, token)
    house.end(signal.SIGKILL)
    house = serve(node, "house", tmp_path)
    token = house.ask("/user/login", account)["access_token"]
    page = house.ask(f"/api/rooms/{room}/messages?limit=50", token=token)
    assert [message["text"] for message in page["messages"]] == [f"message {number}" for number in range(20)]
    words = house.end(signal.SIGTERM)
    assert house.process.returncode == 0 and "bugs=0" in words


def test_a_start_without_tables_is_refused_with_what_to_do(node, tmp_path):
    house = serve(node, "nothing_here", tmp_path)
    assert not house.ready
    assert "run chattifier migrate" in house.refusal()
    assert house.process.returncode == 1


def test_a_stop_does_not_wait_for_a_store_that_hangs(node, tmp_path):
    assert migrated(node, "hangs")[0] == 0
    house = serve(node, "hangs", tmp_path)
    os.kill(node.pid(), signal.SIGSTOP)
    try:
        asked = [subprocess.Popen(["curl", "-s", "-m", "20", f"http://127.0.0.1:{house.port}/user/login", "-H", "Content-Type: application/json",
                                   "-d", json.dumps({"username": f"user{number}", "password": "correct horse battery"})]) for number in range(4)]
        words = house.end(signal.SIGTERM)
    finally:
        os.kill(node.pid(), signal.SIGCONT)
    assert house.process.returncode == 0 and "bugs=0" in words
    for question in asked:
        question.wait(timeout=30)
