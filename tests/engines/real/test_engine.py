"""What every engine does the same way, asked of a small one."""

import os
import socket
import sys
import time

import pytest

import ports
from engine import Engine, EngineError, NotReady
from process import processes_in

SERVE = "import socket, sys; s = socket.create_server(('127.0.0.1', int(sys.argv[1])))\nwhile True: s.accept()[0].close()"


class Small(Engine):
    name = "small"
    port_keys = ("SMALL_PORT",)
    code = SERVE
    answers = True

    def command(self):
        return [sys.executable, "-c", self.code, str(self.port)]

    def ask(self):
        self.connect().close()
        if not self.answers:
            raise NotReady("it thinks")


@pytest.fixture
def small(tmp_path):
    made = Small(tmp_path, ports.Ports(str(tmp_path)))
    yield made
    made.kill()


def test_a_second_start_is_of_the_same_process(small):
    assert small.start() is True
    pid, port = small.pid(), small.port
    assert small.start() is False
    assert (small.pid(), small.port) == (pid, port)


def test_it_keeps_its_port_when_it_starts_again(small):
    small.start()
    port = small.port
    small.kill()
    small.start()
    assert small.port == port


def test_one_that_ends_while_it_starts_is_told_with_its_last_words(small):
    small.code = "import sys; print('no such thing'); sys.exit(3)"
    with pytest.raises(EngineError, match=r"(?s)ended while it started.*no such thing"):
        small.start()


def test_one_that_never_answers_is_given_up_and_ended(small):
    small.answers = False
    with pytest.raises(EngineError, match="not ready in time .it thinks."):
        small.start(ready_s=0.3)
    assert small.pid() is None and not processes_in(small.folder)


def test_a_port_of_another_process_is_told(small):
    small.start()
    small.stop()
    with socket.create_server(("127.0.0.1", small.port)):
        with pytest.raises(EngineError, match=f"another process has port {small.port}"):
            small.start()


def test_a_folder_of_somebody_else_is_left_alone(small):
    os.makedirs(small.folder)
    theirs = os.path.join(small.folder, "theirs")
    open(theirs, "w", encoding="ascii").close()
    with pytest.raises(EngineError, match="was not made here"):
        small.start()
    small.wipe()
    assert os.path.exists(theirs)


def test_a_start_that_came_to_nothing_can_be_tried_again(small):
    small.code = None
    with pytest.raises(TypeError):
        small.start()
    small.code = SERVE
    assert small.start() is True


def test_wipe_forgets_data_and_port(small):
    small.start()
    small.wipe()
    assert small.pid() is None and small.port == 0 and not os.path.exists(small.folder)


def test_ports_are_different_and_free(tmp_path):
    taken = ports.Ports(str(tmp_path))
    taken.take([f"KEY_{number}" for number in range(20)])
    numbers = taken.read()
    assert len(set(numbers.values())) == 20 and all(ports.is_free(port) for port in numbers.values())


def test_where_no_port_is_free_that_is_told(tmp_path, monkeypatch):
    with socket.create_server(("127.0.0.1", ports.choose(()))) as busy:
        port = busy.getsockname()[1]
        monkeypatch.setenv("CHATTIFIER_ENGINES_PORTS", f"{port}-{port}")
        with pytest.raises(ports.NoPort, match=f"no port from {port} to {port} is free"):
            ports.Ports(str(tmp_path)).take(["SMALL_PORT"])


def test_a_question_that_somebody_else_answers_is_no_start(small):
    """The port was free, the engine ends, and another process is quicker."""
    small.code = "pass"

    def answered_when_it_has_ended():
        deadline = time.monotonic() + 20
        while small.pid() is not None:
            assert time.monotonic() < deadline
            time.sleep(0.01)

    small.ask = answered_when_it_has_ended
    with pytest.raises(EngineError, match="ended while it started"):
        small.start()
