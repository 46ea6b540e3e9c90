"""Settings that change in a running process: by POST /actuator/refresh and by SIGHUP, with every connection staying."""

import signal
import socket
import threading
import time

import pytest

from client import cid
from house import House, OPEN_LIMITS


class Configured:
    """A house whose settings are in a file."""

    def __init__(self, directory, **lines):
        self.path = str(directory / "my.conf")
        self.write(**lines)
        self.house = House(directory / "data", workers="4", settings={"config": self.path}, open_limits=False).start()

    def write(self, more="", **lines):
        """The file as it is from now on; a_b__c stands for a.b_c."""
        keys = {key.replace("__", "."): value for key, value in lines.items()}
        with open(self.path, "w", encoding="utf-8") as file:
            file.writelines(f"{key} = {value}\n" for key, value in {**OPEN_LIMITS, **keys}.items())
            file.write(more)

    def refresh(self):
        return self.house.http("POST", "/actuator/refresh", management=True)

    def env(self, key):
        return self.house.http("GET", "/actuator/env", management=True).json[key]


@pytest.fixture
def configured(tmp_path):
    made = Configured(tmp_path)
    yield made
    made.house.stop()


@pytest.mark.inside("the gateway tells its own settings")
def test_new_limits_act_on_connections_that_stay(configured):
    house = configured.house
    clients = [house.user().connect() for _ in range(8)]
    room = clients[0].group(*[client.user for client in clients[1:]])
    for client in clients:
        for i in range(3):
            client.say(room, f"free {i}")
    configured.write(limits__messages_per_second=1, limits__messages_burst=1, user__registration="false")
    assert sorted(configured.refresh().json) == ["limits.messages_burst", "limits.messages_per_second", "user.registration"]
    for client in clients:
        answers = {client.refused("message.send", room=room, text="again", cid=cid()) for _ in [client.say(room, "first")]}
        assert answers == {"rate_limited"} and client.close_code is None
    assert clients[0].ready["limits"]["messages_per_second"] == 0
    assert house.http("GET", "/api/info").json["limits"]["messages_per_second"] == 1
    assert house.http("GET", "/api/info").json["registration"] is False
    assert house.http("POST", "/user/register", {"username": "late", "password": "correct horse battery"}).status == 403
    assert configured.env("limits.messages_burst") == {"value": "1", "origin": "file"}
    assert configured.refresh().json == []


def test_new_timeouts_act_on_requests_that_have_begun(configured):
    configured.write(http__header_timeout_ms=600000)
    assert configured.refresh().json == ["http.header_timeout_ms"]
    with socket.create_connection(("127.0.0.1", configured.house.port), timeout=20) as begun:
        begun.sendall(b"GET /api/info HTTP/1.1\r\n")
        configured.write(http__header_timeout_ms=100)
        assert configured.refresh().json == ["http.header_timeout_ms"]
        assert begun.recv(100).startswith(b"HTTP/1.1 408 ")


def test_the_log_level_of_the_file_wins_when_it_changes(configured):
    def level():
        return configured.house.http("GET", "/actuator/loggers/ROOT", management=True).json["effectiveLevel"]
    set_to = {"configuredLevel": "ERROR"}
    assert configured.house.http("POST", "/actuator/loggers/ROOT", set_to, management=True).status == 204
    assert configured.refresh().json == [] and level() == "ERROR"
    configured.write(log__level="debug")
    assert configured.refresh().json == ["log.level"] and level() == "DEBUG"
    configured.house.http("POST", "/actuator/loggers/ROOT", set_to, management=True)
    assert level() == "ERROR"
    configured.house.http("POST", "/actuator/loggers/ROOT", {"configuredLevel": None}, management=True)
    assert level() == "DEBUG"


def test_one_wrong_value_changes_nothing(configured):
    user = configured.house.user()
    with user.connect() as client:
        room = client.group()
        configured.write(more="limits.in_flight = many\n", limits__messages_per_second=1)
        answer = configured.refresh()
        assert answer.status == 422
        wanted = f"{configured.path}: line {len(OPEN_LIMITS) + 1}: limits.in_flight = many: must be a number from 1 to 4096"
        assert answer.json == {"error": {"code": "bad_field", "message": wanted, "retry": False}}
        assert configured.env("limits.messages_per_second") == {"value": "0", "origin": "file"}
        for i in range(50):
            client.say(room, f"still free {i}")
    assert f'settings.refused reason="{wanted}"' in configured.house.log_tail()
    configured.write(more="log.level = loud\n")
    assert "log.level = loud: must be one of debug, info, warn, error" in configured.refresh().json["error"]["message"]
    configured.write()
    with open(configured.path, "ab") as file:
        file.write(b"limits.watch = \xff\n")
    assert "limits.watch = ?: must be a number" in configured.refresh().json["error"]["message"]
    configured.write(more="no.such = 1\n")
    assert "no.such: there is no such setting" in configured.refresh().json["error"]["message"]


def test_what_needs_a_restart_is_named_and_waits(configured):
    configured.write(data__shards=8, limits__watch=100)
    assert configured.refresh().json == ["limits.watch"]
    assert configured.env("data.shards") == {"value": "16", "origin": "default"}
    log = configured.house.log_tail()
    assert 'settings.need_restart setting=data.shards running="16" wanted="8"' in log
    assert 'settings.changed setting=limits.watch before="200" after="100"' in log
    assert 'settings.refreshed changed=["limits.watch"]' in log


def test_a_flag_wins_over_what_the_file_says_by_now(tmp_path):
    configured = Configured(tmp_path)
    configured.write(server__drain_ms=1234)
    assert configured.refresh().json == []
    assert configured.env("server.drain_ms") == {"value": "0", "origin": "flag"}
    configured.house.stop()


def test_a_hangup_reads_the_settings_anew(configured):
    with configured.house.user().connect() as client:
        room = client.group()
        configured.write(limits__messages_per_second=1, limits__messages_burst=1)
        configured.house.process.send_signal(signal.SIGHUP)
        until = time.monotonic() + 20
        while "settings.refreshed" not in configured.house.log_tail() and time.monotonic() < until:
            client.settle()
        client.say(room, "first")
        assert client.refused("message.send", room=room, text="second", cid=cid()) == "rate_limited"


def test_hangups_while_it_stops_do_not_end_it_early(tmp_path):
    house = House(tmp_path / "d").start()
    process = house.process

    def hang_up():
        while process.poll() is None:
            process.send_signal(signal.SIGHUP)

    hanging_up = threading.Thread(target=hang_up)
    hanging_up.start()
    try:
        house.stop()  # asserts that it ends with 0
    finally:
        hanging_up.join()
