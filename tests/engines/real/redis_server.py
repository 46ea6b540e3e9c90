"""Redis from the distribution's package: one server, or a primary with a replica and a Sentinel that watches them.

Happy path: servers() gives the processes in the order they are to be started; each is ready when PING is answered, a replica when it has its
primary's data, a Sentinel when it knows of both. Writes are in the append-only file before they are answered, so they outlive a kill (not the
power): with `everysec` they would wait in memory while a flush is under way. How it fails: as engine.py says. A configuration is written
once: Sentinel changes it when it makes a replica the primary.
"""

import os
import shutil

from engine import Engine, NotReady, Unavailable
from resp import Resp, ServerError

PRIMARY = "chattifier"  # its name for Sentinel
DOWN_MS = 1000  # without an answer for so long it counts as down
COMMON = ["bind 127.0.0.1", "protected-mode yes", "daemonize no"]


class RedisServer(Engine):
    name = "redis"
    port_keys = ("REDIS_PORT",)

    def __init__(self, directory, ports_of, password=None, primary=None):
        super().__init__(directory, ports_of)
        self.password, self.primary = password, primary

    def fetch(self):
        if not shutil.which("redis-server"):
            raise Unavailable("redis-server is not installed")

    def lines(self):
        lines = [*COMMON, f"port {self.port}", f"dir {self.folder}", 'save ""', "appendonly yes", "appendfsync no",
                 "maxmemory 128mb", "maxmemory-policy noeviction", "repl-diskless-sync-delay 0"]
        if self.password:
            lines += [f"requirepass {self.password}", f"masterauth {self.password}"]
        if self.primary:
            lines.append(f"replicaof {self.primary.host} {self.primary.port}")
        return lines

    def configure(self):
        self.config_path = os.path.join(self.folder, "redis.conf")
        if not os.path.exists(self.config_path):
            self.write("redis.conf", "\n".join(self.lines()) + "\n")

    def command(self):
        return ["redis-server", self.config_path]

    def client(self):
        return Resp(self.connect(), self.password)

    def ask(self):
        try:
            with self.client() as client:
                client.command("PING")
                self.ask_more(client)
        except ServerError as error:  # as LOADING while it reads its data
            raise NotReady(str(error)) from error

    def ask_more(self, client):
        role = client.command("ROLE")
        if role[0] == "slave" and role[3] != "connected":
            raise NotReady(f"a replica whose link is {role[3]}")


class RedisReplica(RedisServer):
    name = "redis-replica"
    port_keys = ("REDIS_REPLICA_PORT",)


class RedisSentinel(RedisServer):
    name = "redis-sentinel"
    port_keys = ("REDIS_SENTINEL_PORT",)

    def lines(self):
        lines = [*COMMON, f"port {self.port}", f"dir {self.folder}",
                 f"sentinel monitor {PRIMARY} {self.primary.host} {self.primary.port} 1",
                 f"sentinel down-after-milliseconds {PRIMARY} {DOWN_MS}", f"sentinel failover-timeout {PRIMARY} 5000"]
        if self.password:
            lines += [f"requirepass {self.password}", f"sentinel auth-pass {PRIMARY} {self.password}"]
        return lines

    def command(self):
        return ["redis-server", self.config_path, "--sentinel"]

    def ask_more(self, client):
        if not client.command("SENTINEL", "REPLICAS", PRIMARY):
            raise NotReady("it knows of no replica yet")


def servers(directory, ports_of, password=None, sentinel=False):
    primary = RedisServer(directory, ports_of, password)
    if not sentinel:
        return [primary]
    return [primary, RedisReplica(directory, ports_of, password, primary), RedisSentinel(directory, ports_of, password, primary)]
