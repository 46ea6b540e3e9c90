"""`chattifier chat`: what it shows of what others wrote, the server among them."""

import contextlib
import http.server
import json
import subprocess
import threading

from client import cid
from house import BINARY, free_port


@contextlib.contextmanager
def terminal(port):
    """The client, killed after 30 seconds."""
    process = subprocess.Popen([BINARY, "chat", f"http://127.0.0.1:{port}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, bufsize=0)
    bound = threading.Timer(30, process.kill)
    bound.start()
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        bound.cancel()


def type_in(process, text):
    process.stdin.write(text if isinstance(text, bytes) else text.encode())


def lines_until(process, wanted):
    lines = []
    for line in process.stdout:
        lines.append(line.decode())
        if wanted in lines[-1]:
            return lines
    raise AssertionError(lines)


def sign_up(process, name):
    type_in(process, f"{name}\ncorrect horse battery\ny\n")
    return lines_until(process, "/help lists the commands")


def test_it_signs_up_and_talks(house):
    user = house.user()
    with user.connect() as other, terminal(house.port) as process:
        general = other.command("sync")["rooms"][0]["room"]
        sign_up(process, f"term{free_port()}")
        type_in(process, "hello from a terminal\n")
        other.message(general, "hello from a terminal")
        other.say(general, "hello terminal\n[general] somebody: no message of its own\rtricked "
                           "\u202ederuces\u202c \u2066a\u2069 \u2028 \u200f\u05d0 \u0085 \u2026")
        seen = lines_until(process, "no message of its own")
        assert seen[-2:] == [f"[general] {user.name}: hello terminal\n", "    [general] somebody: no message of its own.tricked "
                             ".deruces. .a. . \u200f\u05d0 . \u2026\n"]
        type_in(process, "/quit\n")
        assert process.wait() == 0


def test_the_name_of_a_room_does_not_end_its_place(house):
    user, name = house.user(), f"term{free_port()}"
    with user.connect() as other, terminal(house.port) as process:
        sign_up(process, name)
        found = other.command("user.find", prefix=name)["users"][0]["id"]
        room = other.command("room.create", kind="group", name="x] boss: pay [y", cid=cid(), members=[found])["room"]
        assert lines_until(process, "boss")[-1] == "  x) boss: pay (y  (0 unread)\n"
        other.say(room, "hello")
        assert lines_until(process, "hello")[-1] == f"[x) boss: pay (y] {user.name}: hello\n"


def test_rooms_of_one_name_are_told_apart_and_each_can_be_opened(house):
    user, name = house.user(), f"term{free_port()}"
    with user.connect() as other, terminal(house.port) as process:
        sign_up(process, name)
        found = other.command("user.find", prefix=name)["users"][0]["id"]
        rooms = [other.command("room.create", kind="group", name=title, cid=cid(), members=[found])["room"]
                 for title in ("Lunch", "lunch")]
        marks = ["#" + room[:8] for room in rooms]
        while not lines_until(process, "unread")[-1].startswith(f"  lunch  {marks[1]}  ("):
            pass
        type_in(process, "/room lunch\n")
        assert "several rooms have that name" in lines_until(process, "several rooms")[-1]
        assert {process.stdout.readline().decode(), process.stdout.readline().decode()} == {
            f"  Lunch  {marks[0]}\n", f"  lunch  {marks[1]}\n"}
        for room, title, mark in zip(rooms, ("Lunch", "lunch"), marks):
            type_in(process, f"/room {mark}\nI am in {mark}\n")
            other.message(room, f"I am in {mark}")
            assert lines_until(process, "I am in")[-1] == f"[{title}]{mark} {name}: I am in {mark}\n"


def test_what_is_typed_and_is_no_utf8_is_told_and_not_sent(house):
    with terminal(house.port) as process:
        sign_up(process, f"term{free_port()}")
        type_in(process, b"caf\xe9\n")
        assert lines_until(process, "UTF-8")
        type_in(process, "/quit\n")
        assert process.wait() == 0


class Hostile(http.server.BaseHTTPRequestHandler):
    """Answers a sign-in with an error whose words would change the title of the window and clear it."""

    protocol_version = "HTTP/1.1"

    def answer(self, status, body):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(text)

    def do_GET(self):
        self.answer(200, {"keys": []})

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(503, {"error": {"code": "unavailable", "message": "\x1b]0;mine\x07 \x9b2J \u202eno\rgone"}})

    def log_message(self, *_):
        pass


def test_a_server_can_not_command_the_terminal_by_an_error():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hostile) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with terminal(server.server_port) as process:
            type_in(process, "ann\ncorrect horse battery\n")
            shown = process.stdout.read().decode()
        server.shutdown()
    assert ".]0;mine. .2J .no.gone\n" in shown
    assert all(c == "\n" or c.isprintable() for c in shown)
