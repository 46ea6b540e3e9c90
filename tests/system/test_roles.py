"""A process of some of the services: what it is called, where it listens, and what it is refused for."""

import subprocess

import pytest

from house import BINARY, House


def run(*arguments):
    return subprocess.run([BINARY, *arguments], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=30)


@pytest.mark.parametrize("words, says", [
    ([], "serve: name services, with commas between; services are message, chat, user, socket, gateway"),
    (["chatt"], "chatt: there is no such service; services are message, chat, user, socket, gateway"),
    (["chat,,user"], "chat,,user: there is no such service; services are message, chat, user, socket, gateway"),
    (["chat,chat"], "chat,chat: a service is named twice; services are message, chat, user, socket, gateway"),
])
def test_a_list_of_services_that_makes_no_sense_is_refused(words, says):
    done = run("serve", *words)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"chattifier: {says}\n")


@pytest.mark.parametrize("services, setting", [
    ("chat", "setting=engine.log value=sqlite"),
    ("message", "setting=engine.log value=sqlite"),
    ("chat,message", "setting=engine.stores value=sqlite"),
    ("user", "setting=engine.stores value=sqlite"),
    ("socket", "setting=engine.bus value=local"),
    ("user,socket,chat,message", "setting=engine.upstream value=local"),
    ("gateway", "setting=engine.upstream value=local"),
])
def test_a_role_whose_engine_reaches_no_other_process_is_refused_with_the_setting(tmp_path, services, setting):
    done = run("serve", services, "--data", str(tmp_path / "d"))
    assert done.returncode == 1 and done.stdout == "" and not list(tmp_path.iterdir())
    last = done.stderr.splitlines()[-1]
    assert setting in last and "it does not reach other processes" in last, last


@pytest.mark.parametrize("bus, log", [("pulsar", "sqlite"), ("local", "pulsar")])
def test_bus_and_log_are_chosen_together(tmp_path, bus, log):
    done = run("standalone", f"--engine.bus={bus}", f"--engine.log={log}", "--data", str(tmp_path / "d"))
    assert done.returncode == 1 and done.stdout == "" and not list(tmp_path.iterdir())
    last = done.stderr.splitlines()[-1]
    assert f"setting=engine.log value={log}" in last and f"engine.bus is {bus}; choose pulsar for both or for none" in last, last


@pytest.mark.parametrize("services, names", [("socket", "message, chat, user"), ("user,socket,chat", "message"), ("user,socket,message", "chat")])
def test_who_asks_the_message_service_is_refused_apart_from_it(tmp_path, services, names):
    done = run("serve", services, "--engine.bus=pulsar", "--engine.log=pulsar", "--engine.stores=cassandra", "--engine.sessions=redis", "--engine.upstream=relay",
               "--data", str(tmp_path / "d"))
    assert done.returncode == 1 and done.stdout == "" and not list(tmp_path.iterdir())
    last = done.stderr.splitlines()[-1]
    assert f'services="{names}" reason="they have to be in the same process, too"' in last, last


def test_the_line_names_who_would_be_elsewhere(tmp_path):
    last = run("serve", "user,socket,gateway", "--data", str(tmp_path / "d")).stderr.splitlines()[-1]
    assert "and message, chat would be there; choose one that does, or run standalone" in last


@pytest.mark.parametrize("words", [["--help"], ["serve", "--help"], ["standalone", "--help"]])
def test_help_tells_the_services_and_their_ports(words):
    lines = [line.split() for line in run(*words).stdout.splitlines()]
    for service, port in (("gateway", "8080"), ("user", "8081"), ("socket", "8082"), ("chat", "8085"), ("message", "8092")):
        assert [service, port] in lines


def test_all_services_by_name_are_what_standalone_is(tmp_path):
    house = House(tmp_path / "d", role=["serve", "gateway,user,socket,chat,message"])
    house.start()
    ann = house.user("ann")
    assert ann.http("GET", "/api/sync").status == 200
    assert house.http("GET", "/actuator/health", management=True).json["status"] == "UP"
    house.stop()


@pytest.mark.parametrize("first, port", [("gateway", 8080), ("user", 8081), ("socket", 8082), ("chat", 8085), ("message", 8092)])
def test_a_role_listens_on_the_port_of_the_service_that_is_named_first(tmp_path, first, port):
    others = [name for name in ("gateway", "user", "socket", "chat", "message") if name != first]
    last = run("serve", ",".join([first, *others]), "--host", "192.0.2.1", "--data", str(tmp_path / "d")).stderr.splitlines()[-1]
    assert f"port.refused host=192.0.2.1 port={port} setting=server.port" in last
