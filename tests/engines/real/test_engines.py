"""The command line, as a person uses it."""

import os
import re
import signal
import subprocess
import sys

import pytest

from cassandra import nodes
from cql import ALL
from have import have
from ports import Ports
from process import processes_in

ENGINES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "engines")


@pytest.fixture
def run(tmp_path):
    """Runs the command line in a directory; answers its exit code and what it said."""
    def one(*words, **environment):
        done = subprocess.run([sys.executable, ENGINES, *words, "--dir", str(tmp_path)], text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=400, env={**os.environ, **environment})
        return done.returncode, done.stdout
    yield one
    assert one("wipe")[0] == 0
    assert not processes_in(tmp_path)


def states(table):
    return {row[0]: row[1] for row in (re.split(r"  +", line) for line in table.splitlines()[1:])}


def test_all_are_started_at_once_and_each_node_knows_the_others(run, tmp_path):
    have("cassandra", "pulsar", "redis")
    code, said = run("start", "--nodes", "2", "--sentinel")
    assert code == 0, said
    lines = said.splitlines()
    assert all("starting" in line for line in lines[:3])
    code, table = run("status")
    names = ["cassandra-1", "cassandra-2", "pulsar", "redis", "redis-replica", "redis-sentinel"]
    assert code == 0 and states(table) == dict.fromkeys(names, "ready"), table
    with nodes(str(tmp_path), Ports(str(tmp_path)), 2)[0].client() as client:
        client.query("CREATE KEYSPACE both WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 2}")
        client.query("CREATE TABLE both.words (id int PRIMARY KEY, word text)")
        client.wait_agreed(10)
        client.query("INSERT INTO both.words (id, word) VALUES (1, 'both')", ALL)
    with nodes(str(tmp_path), Ports(str(tmp_path)), 2)[1].client() as client:
        assert client.query("SELECT word FROM both.words WHERE id = 1") == [[b"both"]]
    code, said = run("kill", "pulsar", "redis")
    assert code == 0 and "pulsar: killed" in said
    code, table = run("status")
    assert code == 1 and states(table) == {name: "ready" if name.startswith("cassandra") else "down" for name in names}


def test_an_interrupted_start_leaves_nothing_behind(run, tmp_path):
    have("cassandra")
    process = subprocess.Popen([sys.executable, ENGINES, "start", "cassandra", "--dir", str(tmp_path)], text=True, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT)
    assert process.stdout.readline().startswith("cassandra-1: starting")
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60)[0] == ""
    assert process.returncode == 130 and not processes_in(tmp_path)


def test_each_step_is_told(run):
    have("redis")
    code, said = run("start", "redis")
    assert code == 0 and re.fullmatch(r"redis: starting, its log is \S+/redis/log\nredis: ready in [\d.]+ s, 127.0.0.1:\d+, \d+ MiB\n", said)
    code, said = run("start", "redis")
    assert code == 0 and re.fullmatch(r"redis: runs already, 127.0.0.1:\d+, \d+ MiB\n", said)
    assert run("stop", "redis") == (0, "redis: stopped\n")
    assert run("stop", "redis") == (0, "redis: did not run\n")
    assert run("wipe", "redis") == (0, "redis: wiped\n")
    assert run("status") == (1, "engine  state  address  pid  MiB  log\n")


@pytest.mark.parametrize("words", [["begin"], ["start", "mysql"], ["start", "--nodes", "0"], ["stop", "--sentinel"],
                                   ["start", "--redis-password", "two words"]])
def test_a_wrong_command_line_is_refused(run, words):
    assert run(*words)[0] == 2


def test_what_a_machine_does_not_have_is_told_apart(run):
    code, said = run("start", "redis", PATH="/nonexistent")
    assert code == 3 and said == "redis: starting, its log is " + said.split()[5] + "\nengines: redis-server is not installed\n"
