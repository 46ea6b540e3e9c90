"""All engines of one directory: which there are, how they were set up, started in parallel.

Happy path: Kit(directory).start(["redis", "pulsar"]) returns when they are ready. What they were set up with is kept in options.json, their
ports in ports.env, each process in a folder of its own. How it fails: an EngineError is raised when all others have ended their start, too; an
interrupted start ends what is not ready. Two programs never work on one directory at a time: the second waits.
"""

import concurrent.futures
import contextlib
import fcntl
import json
import os
import threading
import time

import cassandra
import pulsar
import redis_server
from engine import POLL_S, EngineError
from java_engine import JavaEngine
from ports import Ports

NAMES = ("cassandra", "pulsar", "redis")
DEFAULTS = {"nodes": 1, "redis_password": None, "sentinel": False}
OPTIONS_OF = {"cassandra": ("nodes",), "pulsar": (), "redis": ("redis_password", "sentinel")}


def quiet(line):
    pass


class Kit:
    def __init__(self, directory, say=quiet):
        self.directory, self.tell, self.telling = os.path.abspath(directory), say, threading.Lock()
        self.ports = Ports(self.directory)
        self.options_path = os.path.join(self.directory, "options.json")

    def say(self, line):
        with self.telling:
            self.tell(line)

    # ---- what is set up
    def options(self):
        try:
            with open(self.options_path, encoding="utf-8") as file:
                return {**DEFAULTS, **json.load(file)}
        except FileNotFoundError:
            return dict(DEFAULTS)

    def write_options(self, options):
        with open(self.options_path, "w", encoding="utf-8") as file:
            json.dump(options, file)

    def keep_options(self, asked):
        """What was not asked for stays. Nodes may be added; all else is a matter of a new beginning."""
        kept = self.options()
        options = {**kept, **{key: value for key, value in asked.items() if value is not None}}
        for name, keys in OPTIONS_OF.items():
            for key in keys:
                fits = options[key] == kept[key] or key == "nodes" and options[key] > kept[key]
                if not fits and self.made([name]):
                    raise EngineError(f"{name}: it was set up with another {key.replace('_', ' ')}; wipe it first")
        self.write_options(options)

    def engines(self, name):
        """The processes of an engine, in the order they are to be started."""
        options = self.options()
        if name == "cassandra":
            return cassandra.nodes(self.directory, self.ports, options["nodes"])
        if name == "pulsar":
            return pulsar.brokers(self.directory, self.ports)
        return redis_server.servers(self.directory, self.ports, options["redis_password"], options["sentinel"])

    def made(self, names):
        """The processes that were ever started, of these engines."""
        return [engine for name in names for engine in self.engines(name) if engine.exists()]

    @contextlib.contextmanager
    def locked(self):
        os.makedirs(self.directory, exist_ok=True)
        with open(os.path.join(self.directory, "lock"), "ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def each(self, names, work, give_up=lambda: None):
        """Does it for all names at once; when all have ended, says their errors and raises the last. Interrupted, it has give_up hurry them."""
        gate, never, done = threading.Event(), threading.Event(), []

        def work_behind_gate(name):
            gate.wait()
            if not never.is_set():
                work(name)

        with concurrent.futures.ThreadPoolExecutor(len(names)) as pool:
            try:
                done = [pool.submit(work_behind_gate, name) for name in names]
                gate.set()
                while concurrent.futures.wait(done, POLL_S).not_done:  # again and again: an interrupt right before a wait does not end it
                    pass
            except KeyboardInterrupt:
                if not gate.is_set():
                    never.set()
                gate.set()
                while concurrent.futures.wait(done, POLL_S).not_done:
                    give_up()
                raise
        errors = [one.exception() for one in done if one.exception()]
        for error in errors[:-1]:
            self.say(str(error))
        if errors:
            raise errors[-1]

    # ---- what is asked for
    def start(self, names=NAMES, **options):
        with self.locked():
            self.keep_options(options)
            self.ports.take([key for name in names for engine in self.engines(name) for key in engine.port_keys])

            def give_up():
                for engine in self.made(names):
                    if not engine.is_ready():
                        engine.kill()

            self.each(names, self.start_one, give_up)

    def start_one(self, name):
        for engine in self.engines(name):
            begun = time.monotonic()
            if engine.pid() is None:
                self.say(f"{engine.name}: starting, its log is {engine.log_path}")
            started = engine.start()
            took = f"ready in {time.monotonic() - begun:.1f} s" if started else "runs already"
            self.say(f"{engine.name}: {took}, {engine.address}, {engine.memory_bytes() >> 20} MiB")

    def stop(self, names=NAMES):
        with self.locked():
            self.end(names, "stopped", lambda engine: engine.stop())

    def kill(self, names=NAMES):
        with self.locked():
            self.end(names, "killed", lambda engine: engine.kill())

    def end(self, names, ended, how):
        def work(name):
            for engine in reversed(self.made([name])):
                self.say(f"{engine.name}: {ended if how(engine) else 'did not run'}")
        self.each(names, work)

    def wipe(self, names=NAMES):
        """Ends them and forgets their data, ports and options."""
        with self.locked():
            made = self.made(names)
            for engine in made:
                engine.kill()
            for engine in made:
                engine.wipe()
                self.say(f"{engine.name}: wiped")
            self.write_options({**self.options(), **{key: DEFAULTS[key] for name in names for key in OPTIONS_OF[name]}})

    def status(self, names=()):
        """A row for each process of these engines, else for each that was ever started: name, state, address, pid, MiB, log."""
        rows = []
        for engine in [engine for name in names for engine in self.engines(name)] or self.made(NAMES):
            pid = engine.pid()
            state = "ready" if engine.is_ready() else "starts" if pid else "down" if engine.exists() else "never started"
            rows.append((engine.name, state, engine.address if engine.port else "", pid or "", engine.memory_bytes() >> 20 if pid else "",
                         engine.log_path if engine.exists() else ""))
        return rows

    def warm(self, names=NAMES):
        """Downloads, and makes archives of classes."""
        def work(name):
            engine = self.engines(name)[0]
            begun = time.monotonic()
            engine.fetch()
            fetched = time.monotonic()
            made = engine.warm() if isinstance(engine, JavaEngine) else False
            words = f"fetched in {fetched - begun:.1f} s, archive made in {time.monotonic() - fetched:.1f} s" if made else "is here already"
            self.say(f"{name}: {words}")
        self.each(names, work)
