"""A gateway that is a process of its own: what goes through it, and what it does when those behind it are gone.

Where two instances are needed, they are small servers of this file: two processes can not have the same data.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from house import BINARY, House, Process, free_port
from wire import Wire

INSTANCE = """
import http.server, json, os, sys

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        said = {"pid": os.getpid(), "fields": {name.lower(): value for name, value in self.headers.items()}, "method": self.command}
        body = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = answer

    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
print("ready", flush=True)
server.serve_forever()
"""


class Gateway:
    """One before instances of this file."""

    def __init__(self, directory, count, settings=None):
        self.port, self.management_port = free_port(), free_port()
        self.chaos = False
        self.ports = [free_port() for _ in range(count)]
        self.instances = [self.instance(port) for port in self.ports]
        places = ",".join(f"127.0.0.1:{port}" for port in self.ports)
        settings = {"engine.upstream": "relay", "upstream.socket": places, "upstream.user": places, "limits.connections_per_address": 0,
                    "limits.connects_per_address": 0, "server.drain_ms": 0, **(settings or {})}
        words = [BINARY, "serve", "gateway", "--port", str(self.port), "--management-port", str(self.management_port),
                 "--workers", "1", *[f"--{key}={value}" for key, value in settings.items()]]
        self.process = Process(words, os.environ, str(directory / "gateway.log"), self.port)
        self.process.wait_ready(30)

    @staticmethod
    def instance(port):
        process = subprocess.Popen([sys.executable, "-c", INSTANCE, str(port)], stdout=subprocess.PIPE, text=True)
        assert process.stdout.readline() == "ready\n"
        return process

    def kill_instance(self, which):
        self.instances[which].kill()
        self.instances[which].wait()
        self.instances[which].stdout.close()

    def stop(self):
        for instance in self.instances:
            if instance.poll() is None:
                instance.kill()
                instance.wait()
                instance.stdout.close()
        self.process.stop()

    http, http_once = House.http, House.http_once


@pytest.fixture
def gateway(tmp_path, request):
    made = Gateway(tmp_path, *getattr(request, "param", (2,)))
    yield made
    made.stop()


class Apart(House):
    apart = True


@pytest.fixture(scope="module")
def apart(tmp_path_factory, options):
    started = Apart(tmp_path_factory.mktemp("apart"), workers=options["workers"])
    started.start()
    yield started
    started.stop()


# ---- what goes through

def test_a_conversation_goes_through(apart):
    ann, bob = apart.user("ann"), apart.user("bob")
    with contextlib.closing(ann.connect()) as a, contextlib.closing(bob.connect()) as b:
        room = a.group(bob)
        said = a.say(room, "through")
        assert b.message(room, "through")["seq"] == said["seq"]
    told = bob.http("GET", f"/api/rooms/{room}/messages")
    assert told.status == 200 and told.json["messages"][-1]["text"] == "through"


def test_the_gateway_has_no_data_and_no_keys(apart):
    apart.user("ann")
    files = {os.readlink(f"/proc/{apart.gateway.process.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{apart.gateway.process.pid}/fd")}
    assert not [name for name in files if name.startswith(apart.data + "/")]
    assert "--data" not in apart.gateway_arguments(1)


def test_a_head_has_the_length_and_no_body(apart):
    ann = apart.user("ann")
    get, head = (ann.http(method, "/api/rooms") for method in ("GET", "HEAD"))
    assert head.status == 200 and head.body == b"" and head.headers["content-length"] == get.headers["content-length"]


@pytest.mark.parametrize("token, status", [(None, 401), ("x", 401), ("a.b.c", 401)])
def test_a_bad_token_is_refused_by_who_answers(apart, token, status):
    answer = apart.http("GET", "/api/rooms", token=token)
    assert (answer.status, answer.code) == (status, "unauthorized")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a_refused_upgrade_travels(apart):
    token = apart.user("ann").token
    wire = Wire(apart).upgrade(token, **{"Sec-WebSocket-Protocol": "other"})
    status, headers, body = wire.read_answer()
    assert status == 400 and json.loads(body)["error"]["field"] == "sec-websocket-protocol"
    assert "upgrade" not in headers


def test_close_codes_travel(apart):
    ann = apart.user("ann")
    with contextlib.closing(ann.connect()) as client:
        assert ann.http("POST", "/user/logout").status == 200
        assert client.wait_closed() == 4002
    token = apart.user("bob").token
    wire = Wire(apart).open(token)
    wire.send(wire.frame(8, b"\x03\xe8"))
    assert wire.read_frame()[0] == 8


def test_claims_of_a_client_do_not_reach_who_answers(gateway):
    claims = {"X-Forwarded-For": "198.51.100.1", "X-User-Id": "root", "x_forwarded_for": "198.51.100.2", "Forwarded": "for=198.51.100.3",
              "X-Gateway-User": "root", "X.Real.Ip": "198.51.100.4", "Connection": "Accept-Language", "Accept-Language": "eo"}
    told = gateway.http("GET", "/api/rooms", token="x", headers=claims).json["fields"]
    assert told["x-forwarded-for"] == "127.0.0.1" and told["authorization"] == "Bearer x"
    assert "root" not in told.values() and not any("198.51.100" in value for value in told.values())
    assert "accept-language" not in told and "connection" not in told


def test_the_address_of_the_client_is_what_counts(tmp_path):
    house = Apart(tmp_path / "d", settings={"limits.register_per_hour": 1})
    house.start()
    body = {"password": "correct horse battery"}
    answers = [house.http("POST", "/user/register", {**body, "username": f"some{i}"}, source=source)
               for i, source in enumerate(("127.0.0.2", "127.0.0.2", "127.0.0.3"))]
    assert [answer.status for answer in answers] == [201, 429, 201]
    house.stop()


def test_a_thousand_sockets_are_open_at_once(apart):
    token = apart.user("crowd").token
    wires = [Wire(apart, timeout=30).upgrade(token) for _ in range(1000)]
    for wire in wires:
        assert wire.read_answer()[0] == 101
        assert wire.read_frame()[0] == 1
    for wire in wires:
        wire.send(wire.frame(9, b"still?"))
    for wire in wires:
        while (frame := wire.read_frame())[0] != 10:
            assert frame[0] in (1, 9)
        wire.socket.close()


def test_a_reader_that_is_slow_holds_nobody_else_up(apart):
    ann = apart.user("ann")
    slow = Wire(apart).open(ann.token)
    slow.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    with contextlib.closing(ann.connect()) as quick:
        room = quick.group()
        for i in range(300):
            quick.say(room, f"{i} " + "x" * 3000)
    seen = b""
    slow.socket.settimeout(15)
    while f'"{299} xxx'.encode() not in seen and b"room.gap" not in seen:
        seen += slow.socket.recv(65536)
    slow.socket.close()


# ---- those behind it are gone

def test_what_is_safe_goes_on_when_one_of_two_instances_is_killed(gateway):
    answers, stop = [], threading.Event()

    def go_on():
        while not stop.is_set():
            answers.append(gateway.http("GET", "/api/rooms", token="x"))

    workers = [threading.Thread(target=go_on) for _ in range(4)]
    for worker in workers:
        worker.start()
    wait_for(lambda: len({answer.json["pid"] for answer in list(answers) if answer.status == 200}) == 2)
    gateway.kill_instance(0)
    before = len(answers)
    wait_for(lambda: len(answers) > before + 200)
    stop.set()
    for worker in workers:
        worker.join()
    assert {answer.status for answer in answers} == {200}
    assert {answer.json["pid"] for answer in answers[before + 20:]} == {gateway.instances[1].pid}


def test_an_instance_that_comes_back_is_found(gateway):
    gateway.kill_instance(0)
    for _ in range(20):
        assert gateway.http("GET", "/api/rooms", token="x").status == 200
    gateway.instances[0] = gateway.instance(gateway.ports[0])
    wait_for(lambda: gateway.http("GET", "/api/rooms", token="x").json["pid"] == gateway.instances[0].pid)


@pytest.mark.parametrize("gateway", [(1,)], indirect=True)
def test_without_any_instance_it_is_unavailable_and_says_so(gateway):
    gateway.kill_instance(0)
    answer = gateway.http("POST", "/api/rooms", {"name": "x"}, token="x")
    assert (answer.status, answer.code) == (503, "unavailable") and "retry-after" in answer.headers


@pytest.mark.parametrize("gateway", [(1, {"upstream.timeout_ms": 300})], indirect=True)
def test_an_instance_that_does_not_answer_costs_its_time(gateway):
    gateway.instances[0].send_signal(signal.SIGSTOP)
    answers = [gateway.http(method, "/api/rooms", {"name": "x"} if method == "POST" else None, token="x") for method in ("POST", "GET")]
    gateway.instances[0].send_signal(signal.SIGCONT)
    assert [(answer.status, answer.code) for answer in answers] == [(504, "timeout")] * 2


def test_sockets_end_with_the_service_and_come_back_with_it(tmp_path):
    house = Apart(tmp_path / "d")
    house.start()
    ann = house.user("ann")
    wire = Wire(house).open(ann.token)
    house.started.kill()
    assert wire.read_until_closed() == b""
    assert house.http("GET", "/api/rooms", token=ann.token).status == 503
    house.start_services()
    wait_for(lambda: house.http("GET", "/api/rooms", token=ann.token).status == 200)
    Wire(house).open(ann.token)
    house.stop()


# ---- settings

@pytest.mark.parametrize("flags, says", [
    (["--engine.upstream=relay"], 'setting=upstream.user value="" reason="it is empty, and the gateway\'s process has not that service"'),
    (["--engine.upstream=relay", "--upstream.user=a:1"], 'setting=upstream.socket value=""'),
    (["--engine.upstream=relay", "--upstream.user=nowhere"], "not of the form host:port: nowhere"),
])
def test_a_gateway_without_a_service_is_refused(flags, says):
    done = subprocess.run([BINARY, "serve", "gateway", "--port", str(free_port()), *flags], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=30)
    assert done.returncode == 1 and done.stdout == ""
    assert says in done.stderr.splitlines()[-1], done.stderr


def wait_for(done, seconds=20):
    until = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < until
        time.sleep(0.01)
