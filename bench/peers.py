"""Other servers beside ours, with the same load: everybody in one room gets what one says.

Happy path: `installed` names those that can run; each is started as its own documents say, with limits opened and its log off. None of them checks
a token or membership, numbers messages, or stores them, but ejabberd, which checks that the sender is in the room. How it fails: one that is
not installed is named with what would install it, and left out.
"""

import os
import platform
import shutil
import socket
import subprocess
import time

from servers import ROOT, Server

START_S = 60
LIBS = f"/usr/lib/{platform.machine()}-linux-gnu"  # where Debian has the libraries of Erlang programs


class Peer(Server):
    """`factors`: by bar, how many times its rate the product's has to be. `members_max`, `idle_max`: what its protocol carries in reasonable time."""

    path = "/"
    room = "room"
    members_max = 1000
    idle_max = 10000
    factors = {}

    def connections(self, count):
        return [(self.path, "-", self.room)] * count


class NodePeer(Peer):
    package = script = ""

    @classmethod
    def missing(cls):
        import npm
        import pytest
        try:
            cls.home = npm.package(cls.package)
        except pytest.skip.Exception as why:
            return str(why)
        return None

    def __init__(self, port, directory):
        super().__init__(self.kind, port, ["node", os.path.join(ROOT, "bench", self.script), self.home, str(port)], "ready")


class Ws(NodePeer):
    kind, package, script = "ws", "ws", "peer_ws.cjs"
    factors = {"B1": 1.9, "B2": 20}


class SocketIo(NodePeer):
    kind, package, script = "socket.io", "socket.io", "peer_socketio.cjs"
    dialect = "socketio"
    path = "/socket.io/?EIO=4&transport=websocket"
    factors = {"B1": 3.2, "B2": 20}


class DebianPeer(Peer):
    """A program that says nothing when it serves: its port does."""

    program = ""

    @classmethod
    def missing(cls):
        return None if shutil.which(cls.program) or os.path.exists(cls.program) else f"{cls.program} is not installed: tools/packages peers"

    def __init__(self, port, directory):
        self.home = os.path.join(directory, self.kind)
        os.makedirs(self.home)
        with open(os.path.join(self.home, "conf.yml"), "w", encoding="utf-8") as file:
            file.write(self.configuration(port))
        super().__init__(self.kind, port, self.words(port), None, self.variables())

    def variables(self):
        return {}

    def start_again(self):
        with open(os.path.join(self.home, "log"), "ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, env=self.environment, cwd=self.home)
        end = time.monotonic() + START_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                assert time.monotonic() < end and self.process.poll() is None, f"{self.name} did not start: see {self.home}/log"
                time.sleep(0.1)


class Nats(DebianPeer):
    kind, program, dialect = "nats", "nats-server", "nats"
    factors = {"B1": 2.7, "B2": 4}

    def configuration(self, port):
        return f'listen: "127.0.0.1:{port + 1000}"\nmax_connections: 100000\nwebsocket {{ listen: "127.0.0.1:{port}"\nno_tls: true }}\n'

    def words(self, port):
        return ["nats-server", "-c", "conf.yml"]


class Mosquitto(DebianPeer):
    """It wants a listener that is none for WebSockets, too."""

    kind, program, dialect = "mosquitto", "/usr/sbin/mosquitto", "mqtt"

    def configuration(self, port):
        return f"listener {port + 1000} 127.0.0.1\nlistener {port}\nprotocol websockets\nallow_anonymous true\nlog_type error\nmax_queued_messages 0\nuser root\n"

    def words(self, port):
        return [self.program, "-c", "conf.yml"]


class Ejabberd(DebianPeer):
    """Every join is told to everybody who is there, so a room of a thousand takes minutes to fill: it gets 200."""

    kind, program, dialect = "ejabberd", "ejabberdctl", "xmpp"
    path = "/ws"
    members_max = 200
    idle_max = 0
    factors = {"B1": 8}
    rooms_made = 0

    def connections(self, count):
        """A new room each time: who was cut off stays in the old one for a while."""
        self.rooms_made += 1
        return [(self.path, "-", f"room{self.rooms_made}")] * count

    def configuration(self, port):
        return f"""hosts: [localhost]
loglevel: error
auth_method: [anonymous]
anonymous_protocol: sasl_anon
allow_multiple_connections: true
listen:
  - port: {port}
    ip: "127.0.0.1"
    module: ejabberd_http
    request_handlers: {{"/ws": ejabberd_http_ws}}
shaper_rules: {{max_user_sessions: 100000}}
modules:
  mod_muc:
    access: all
    access_create: all
    max_users: 5000
    min_message_interval: 0
    min_presence_interval: 0
    default_room_options: {{max_users: 1000}}
"""

    def variables(self):
        return {"EJABBERD_CONFIG_PATH": os.path.join(self.home, "conf.yml"), "ERL_LIBS": LIBS, "HOME": self.home, "ERL_MAX_PORTS": "32000"}

    def words(self, port):
        return ["erl", "-noinput", "+P", "250000", "-mnesia", "dir", f'"{self.home}"', "-s", "ejabberd"]


PEERS = {peer.kind: peer for peer in (Ws, SocketIo, Nats, Mosquitto, Ejabberd)}


def installed(names):
    """The classes of those that can run; others are named."""
    found = []
    for name in filter(None, names):
        assert name in PEERS, f"there is no peer {name}; there are {', '.join(PEERS)}"
        why = PEERS[name].missing()
        if why:
            print(f"skipped {name}: {why}", flush=True)
        else:
            found.append(PEERS[name])
    return found
