"""What an operator does: ports, settings, logs, wrong starts, stopping, many workers."""

import fcntl
import json
import os
import sqlite3
import subprocess
import sys
import termios
import threading
import time
import urllib.request

import pytest

from house import BINARY, House, free_port
from wire import Wire


def run(*arguments, **more):
    return subprocess.run([BINARY, *arguments], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=30, **more)


def refused(*arguments, **more):
    """The last line on standard error of a start that must fail."""
    done = run("standalone", "--port", str(free_port()), *arguments, **more)
    assert done.returncode not in (0, -6, -11) and "ready" not in done.stdout, done
    return done.stderr.strip().splitlines()[-1]


def test_help_names_every_role_and_setting(house):
    text = run("--help").stdout
    assert "standalone" in text and "chat" in text
    keys = [line.split(" = ")[0] for line in run("settings").stdout.splitlines()]
    assert len(keys) > 30 and all(f"--{key}=" in text for key in keys)


def test_a_setting_tells_where_it_comes_from(tmp_path):
    config = tmp_path / "my.conf"
    config.write_text("# mine\nlimits.in_flight = 7\nserver.port = 1234\n")
    environment = {**os.environ, "CHATTIFIER_SERVER_PORT": "2345"}
    lines = run("settings", "--config", str(config), "--workers", "3", env=environment).stdout.splitlines()
    assert "limits.in_flight = 7  # file" in lines
    assert "server.port = 2345  # environment" in lines
    assert "server.workers = 3  # flag" in lines


@pytest.mark.parametrize("flag, says", [("--no.such=1", "no such setting"), ("--limits.in_flight=x", "number from"), ("--workers=999", "number from")])
def test_a_bad_setting_is_one_clear_line(flag, says):
    done = run("standalone", flag)
    assert done.returncode == 2 and done.stdout == ""
    assert says in done.stderr and len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("words, says", [
    (["server"], "server: there is no such role; roles are standalone, serve, backup, migrate, settings, chat"),
    ([], "which role? see --help; roles are standalone, serve, backup, migrate, settings, chat"),
    (["standalone", "--help-me"], "--help-me: there is no such option; there is --help"),
    (["standalone", "--prot", "80"], "--prot: there is no such option; there is --port"),
    (["standalone", "--limits.inflight=7"], "--limits.inflight: there is no such setting; there is --limits.in_flight"),
    (["standalone", "--port"], "--port: needs a value"),
    (["standalone", "--config"], "--config: needs a value"),
])
def test_a_wrong_word_is_named_with_what_there_is(words, says):
    done = run(*words)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"chattifier: {says}\n")


def test_no_setting_is_told_twice():
    helped = [line for line in run("--help").stdout.splitlines() if line.startswith("  --")]
    told = [line.split(" = ")[0] for line in run("settings").stdout.splitlines()]
    assert len(told) == len(set(told)) and len(helped) == len(told)


def test_an_empty_name_of_the_data_directory_is_refused_as_that():
    assert "data.dir is empty: name a directory with --data" in refused("--data", "")


def test_where_the_public_port_leaves_none_for_management_one_has_to_be_named(tmp_path):
    done = run("standalone", "--port", "64600", "--data", str(tmp_path / "d"))
    assert done.returncode == 1 and not os.listdir(tmp_path)
    last = done.stderr.splitlines()[-1]
    assert "setting=management.port" in last and "the public port + 1000 is no port: 65600; name one" in last


def test_the_log_tells_the_management_port(house):
    with open(house.log_path, encoding="utf-8") as log:
        assert f"management.listens host=127.0.0.1 port={house.management_port}\n" in log.read()


@pytest.mark.parametrize("method, path, status", [("POST", "/actuator/health", 405), ("POST", "/actuator/loggers", 415)])
def test_a_refusal_of_the_management_port_has_a_body(house, method, path, status):
    answer = house.http(method, path, raw=b"level=INFO", headers={"Content-Type": "text/plain"}, management=True)
    assert (answer.status, answer.code) == (status, "bad_frame")
    assert answer.headers["content-type"] == "application/json" and answer.json["error"]["message"]


def open_to_others(path):
    os.chmod(path, 0o755 if os.path.isdir(path) else 0o644)


def cut(path):
    with open(path, "r+b") as file:
        file.truncate(20)


@pytest.mark.parametrize("which, does, says", [
    (None, open_to_others, "its mode must be 0700, and it must be yours"),
    ("mac.key", open_to_others, "its mode must be 0600, and it must be yours"),
    ("token-", open_to_others, "its mode must be 0600, and it must be yours"),
    ("token-", cut, "it is damaged: bring it back from a backup"),
    ("mac.key", cut, "it is damaged: bring it back from a backup"),
])
def test_a_key_that_is_refused_is_named_with_the_reason(tmp_path, which, does, says):
    house = House(tmp_path / "d")
    house.start()
    house.stop()
    keys = os.path.join(house.data, "keys")
    path = os.path.join(keys, next(name for name in os.listdir(keys) if name.startswith(which))) if which else keys
    does(path)
    said = refused("--data", house.data)
    assert f'path="{path}"' in said and f'reason="{says}"' in said
    copying = run("backup", str(tmp_path / "copy"), "--data", house.data)
    assert does is cut or f'path="{path}" reason="{says}"' in copying.stderr


def test_a_bad_setting_of_the_environment_is_told_as_such():
    done = run("standalone", env={**os.environ, "CHATTIFIER_LIMITS_IN_FLIGHT": "x"})
    assert done.returncode == 2
    assert "in the environment: limits.in_flight = x: must be a number from" in done.stderr


def test_a_busy_port_is_refused(house, tmp_path):
    done = run("standalone", "--port", str(house.port), "--data", str(tmp_path / "d"))
    assert done.returncode == 1 and "in_use" in done.stderr.splitlines()[-1]


def test_the_line_names_the_port_that_is_busy(house, tmp_path):
    mine, free = house.port, free_port()
    public = run("standalone", "--port", str(mine), "--data", str(tmp_path / "a")).stderr.splitlines()[-1]
    assert f"port={mine} setting=server.port" in public
    other = run("standalone", "--port", str(free), "--management-port", str(mine), "--data", str(tmp_path / "b")).stderr.splitlines()[-1]
    assert f"port={mine} setting=management.port" in other and str(free) not in other


@pytest.mark.parametrize("host, opened", [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::1", "[::1]"), ("::", "[::1]"),
                                          ("0:0:0:0:0:0:0:0", "[::1]")])
def test_the_address_that_it_says_can_be_opened(tmp_path, host, opened):
    port = free_port()
    command = [BINARY, "standalone", "--host", host, "--port", str(port), "--management-port", str(free_port()), "--data", str(tmp_path / "d")]
    with open(tmp_path / "log", "wb") as log, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as process:
        line = process.stdout.readline()
        try:
            assert line == f"ready http://{opened}:{port}\n"
            with urllib.request.urlopen(line.split()[1] + "/api/info", timeout=20) as answer:
                assert answer.status == 200
        finally:
            process.terminate()
    assert process.returncode == 0


@pytest.mark.parametrize("ports", [lambda busy: ["--port", str(busy)],
                                   lambda busy: ["--port", str(free_port()), "--management-port", str(busy)]])
def test_a_busy_port_leaves_nothing_behind(house, tmp_path, ports):
    assert run("standalone", *ports(house.port), "--data", str(tmp_path / "d")).returncode == 1
    assert not os.listdir(tmp_path)


def test_a_mistyped_variable_is_told_with_the_setting_that_is_near(fresh):
    fresh.environment = {"CHATTIFIER_LIMITS_INFLIGHT": "7", "CHATTIFIER_PORT_9080_TCP": "tcp://10.0.0.1:9080"}
    fresh.start()
    log = fresh.log_tail()
    assert "level=warn" in next(line for line in log.splitlines() if "variable=CHATTIFIER_LIMITS_INFLIGHT nearest=limits.in_flight" in line)
    assert "level=info" in next(line for line in log.splitlines() if "variable=CHATTIFIER_PORT_9080_TCP" in line)
    fresh.stop()


def test_an_operator_gets_in_when_all_places_are_taken(tmp_path):
    house = House(tmp_path / "d", workers="1", settings={"limits.connections": 2}).start()
    first, second = Wire(house), Wire(house)
    for wire in (first, second):
        wire.send(b"GET /api/info HTTP/1.1\r\nHost: here\r\n\r\n")
        assert wire.read_answer()[0] == 200
    assert house.http("GET", "/api/info").status == 503
    assert house.http("GET", "/actuator/health", management=True).status == 200
    first.socket.close()
    second.socket.close()
    house.stop()


def test_a_second_process_on_the_same_data_is_refused(house):
    assert "another process works with this data" in refused("--data", house.data)


def test_a_data_directory_that_can_not_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    assert "file" in refused("--data", str(tmp_path / "file" / "data"))


WITHOUT_URING = [sys.executable, os.path.join(os.path.dirname(os.path.abspath(__file__)), "without_uring.py")]


def sends_of(house):
    return house.http("GET", "/actuator/info", management=True).json["sends"]


def test_where_io_uring_is_forbidden_sends_are_plain(tmp_path):
    house = House(tmp_path / "d")
    house.wrapper = WITHOUT_URING
    house.start()
    assert sends_of(house) == "plain"
    assert "io_uring.absent" in house.log_tail() and "forbids it" in house.log_tail()
    house.stop()


def test_io_uring_that_was_asked_for_and_is_forbidden_is_refused(tmp_path):
    command = [*WITHOUT_URING, BINARY, "standalone", "--data", str(tmp_path / "d"), "--port", str(free_port()), "--server.sends=io_uring"]
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=30)
    assert done.returncode == 1 and done.stdout == ""
    assert "setting=server.sends" in done.stderr.splitlines()[-1] and "forbids it" in done.stderr
    assert not (tmp_path / "d").exists()


def test_plain_sends_can_be_asked_for(tmp_path):
    house = House(tmp_path / "d", settings={"server.sends": "plain"}).start()
    assert sends_of(house) == "plain"
    house.stop()


@pytest.mark.parametrize("name", ["log.db", "store.db", "users.db"])
def test_a_corrupt_database_is_refused(tmp_path, name):
    house = House(tmp_path / "d")
    house.start()
    house.stop()
    path = os.path.join(house.data, name)
    for more in ("-wal", "-shm"):
        if os.path.exists(path + more):
            os.remove(path + more)
    with open(path, "r+b") as file:
        file.write(os.urandom(8192))
    said = refused("--data", house.data)
    assert f"file={name}" in said and "not a database" in said


@pytest.mark.parametrize("name", ["log.db", "store.db", "users.db"])
def test_a_newer_database_is_refused(tmp_path, name):
    import sqlite3
    house = House(tmp_path / "d")
    house.start()
    house.stop()
    with sqlite3.connect(os.path.join(house.data, name)) as database:
        database.execute("PRAGMA user_version = 9999")
    database.close()
    assert "newer" in refused("--data", house.data)


def test_another_number_of_shards_is_refused(tmp_path):
    house = House(tmp_path / "d")
    house.start()
    house.stop()
    assert "shards" in refused("--data", house.data, "--data.shards=8")


@pytest.mark.parametrize("name, headers, status", [
    ("a tool", {}, 200),
    ("a person's browser", {"Sec-Fetch-Site": "none"}, 200),
    ("by name", {"Host": "localhost:9080"}, 200),
    ("by address", {"Host": "[::1]:9080"}, 200),
    ("a page that fetches", {"Origin": "https://evil.example"}, 403),
    ("a sandboxed page", {"Origin": "null"}, 403),
    ("a page that embeds", {"Sec-Fetch-Site": "cross-site"}, 403),
    ("a page of another port", {"Sec-Fetch-Site": "same-site"}, 403),
    ("a page whose name points here", {"Host": "evil.example:9080"}, 403),
    ("a page whose name looks like an address", {"Host": "127.0.0.1.evil.example"}, 403),
])
def test_the_management_port_answers_no_page(house, name, headers, status):
    assert house.http("GET", "/actuator/env", headers=headers, management=True).status == status
    post = {"Content-Type": "application/json", **headers}
    answer = house.http("POST", "/actuator/loggers", raw=b'{"configuredLevel":"INFO"}', headers=post, management=True)
    assert answer.status == (204 if status == 200 else status)


def test_a_form_does_not_set_the_log_level(house):
    answer = house.http("POST", "/actuator/loggers", raw=b'{"configuredLevel":"ERROR"}', headers={"Content-Type": "text/plain"}, management=True)
    assert answer.status == 415
    assert house.http("GET", "/actuator/loggers", management=True).json["configuredLevel"] == "INFO"


def test_memory_with_keys_in_it_is_never_dumped(house):
    with open(f"/proc/{house.process.pid}/limits", encoding="ascii") as limits:
        core = next(line for line in limits if line.startswith("Max core file size"))
    assert core.split()[4:6] == ["1", "1"]
    with open(f"/proc/{house.process.pid}/status", encoding="ascii") as status:
        assert "NoNewPrivs:\t1\n" in status.read()


@pytest.mark.inside("of the process with the public port")
def test_health_and_metrics_are_on_the_management_port_alone(house):
    assert house.http("GET", "/actuator/health", management=True).json["status"] == "UP"
    assert house.http("GET", "/actuator/health/readiness", management=True).status == 200
    assert house.http("GET", "/actuator/health").status == 404
    metrics = house.http("GET", "/actuator/prometheus", management=True).body.decode()
    assert "# TYPE chattifier_websockets gauge" in metrics and "chattifier_bugs_total 0\n" in metrics
    assert house.http("GET", "/actuator/info", management=True).json["workers"] == int(house.workers)
    assert house.http("GET", "/actuator/env", management=True).json["server.port"] == {"value": str(house.port), "origin": "flag"}
    assert house.http("POST", "/actuator/refresh", management=True).status == 200
    assert house.http("GET", "/actuator/nothing", management=True).status == 404


def test_a_log_with_a_hole_is_not_healthy(fresh):
    fresh.start()
    client = fresh.user().connect()
    room = client.group()
    for i in range(5):
        client.say(room, f"before {i}")
    fresh.stop()
    with sqlite3.connect(os.path.join(fresh.data, "log.db")) as log:
        shard, last = log.execute("SELECT shard, max(idx) FROM records GROUP BY shard ORDER BY count(*) DESC").fetchone()
        log.execute("DELETE FROM records WHERE shard = ? AND idx = ?", (shard, last - 1))
    with sqlite3.connect(os.path.join(fresh.data, "store.db")) as store:
        store.execute("UPDATE shard_progress SET idx = ? WHERE shard = ?", (last - 3, shard))
    fresh.start()
    answer = fresh.http("GET", "/actuator/health", management=True)
    until = time.monotonic() + 30
    while answer.status == 200 and time.monotonic() < until:
        answer = fresh.http("GET", "/actuator/health", management=True)
    assert answer.json == {"status": "DOWN", "components": {"store": {"status": "DOWN"}}}
    assert fresh.http("GET", "/actuator/health/liveness", management=True).status == 200
    metrics = fresh.http("GET", "/actuator/prometheus", management=True).body.decode()
    assert "chattifier_store_holes_total 1\n" in metrics
    fresh.stop()


def test_the_log_level_changes_while_running(house):
    for level in ("DEBUG", "INFO"):
        assert house.http("POST", "/actuator/loggers", {"configuredLevel": level}, management=True).status == 204
        assert house.http("GET", "/actuator/loggers", management=True).json["configuredLevel"] == level
    assert house.http("POST", "/actuator/loggers", {"configuredLevel": "LOUD"}, management=True).status == 422


def test_log_lines_can_be_json_and_never_hold_what_was_said(tmp_path):
    house = House(tmp_path / "d", settings={"log.format": "json", "log.level": "debug"}).start()
    user = house.user()
    with user.connect() as client:
        client.say(client.group(), "a very secret sentence")
    house.stop()
    with open(house.log_path, encoding="utf-8") as log:
        lines = log.read().splitlines()
    assert lines and all(json.loads(line)["event"] for line in lines)
    text = "\n".join(lines)
    assert "secret sentence" not in text and user.password not in text and user.token not in text


@pytest.mark.parametrize("workers", ["1", "2", "4"])
def test_any_number_of_workers_serves_the_same(tmp_path, workers):
    house = House(tmp_path / "d", workers=workers).start()
    users = [house.user() for _ in range(6)]
    clients = [user.connect() for user in users]
    room = clients[0].group(*users[1:])
    for i, client in enumerate(clients):
        client.say(room, f"from {i}")
    for client in clients:
        for i in range(6):
            client.message(room, f"from {i}")
        seqs = [e["seq"] for e in client.of_room(room)]
        assert seqs == sorted(set(seqs))
        client.close()
    house.stop()


def test_a_stopping_process_says_goodbye_with_1012(tmp_path):
    house = House(tmp_path / "d", settings={"server.drain_ms": 300}).start()
    client = house.user().connect()
    house.process.terminate()
    assert client.wait_for(lambda e: e["type"] == "draining")["reconnect_after_ms"] <= 300
    assert client.wait_closed() == 1012
    house.stop()


def test_a_stopping_process_waits_for_nobody(tmp_path):
    house = House(tmp_path / "d", workers="2", settings={"server.drain_ms": 60000}).start()
    house.user().connect().close()
    house.process.terminate()
    assert house.process.wait(20) == 0
    house.stop()


@pytest.mark.inside("one process is started")
def test_it_ends_with_the_terminal_that_it_was_started_in(tmp_path):
    ours, its = os.openpty()
    process = subprocess.Popen(House(tmp_path / "d").arguments(), stdin=its, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                               start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
    with process.stdout:
        assert process.stdout.readline().startswith("ready ")
        os.close(its)
        os.close(ours)
        assert process.wait(30) == 0


@pytest.mark.inside("two processes have four")
def test_it_starts_quickly_and_uses_no_port_but_its_two(tmp_path):
    house = House(tmp_path / "d").start()
    inodes = {os.readlink(f"/proc/{house.process.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{house.process.pid}/fd")}
    listening = set()
    with open("/proc/net/tcp", encoding="ascii") as table:
        for row in table.read().splitlines()[1:]:
            fields = row.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes:
                listening.add(int(fields[1].split(":")[1], 16))
    assert listening == {house.port, house.management_port}
    house.stop()


def test_data_is_readable_by_its_owner_alone(house):
    for name in os.listdir(os.path.join(house.data, "keys")):
        assert os.stat(os.path.join(house.data, "keys", name)).st_mode & 0o077 == 0
