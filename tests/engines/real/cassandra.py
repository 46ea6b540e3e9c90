"""Cassandra from its published jars: one node, or several on 127.0.0.1, .2, .3 ... with the same ports.

Happy path: nodes() gives them in the order they are to be started, one after the other. A node is ready when OPTIONS is answered; start()
returns when it and those that run already have seen each other up, which only their logs tell. How it fails: as engine.py says; a data
directory of a newer version or another cluster is refused by Cassandra, in its log.

The heap is for machines of 8 GiB that run more than this. The commit log is flushed before an answer: with Cassandra's default (periodic) what
was acknowledged in the last tenth of a second is gone after a kill, since a log is read up to its last mark.
"""

import json
import os

from cql import Cql
from engine import NotReady
from java import Jars, coordinates, java_major, opened
from java_engine import JavaEngine
from versions import CASSANDRA

HEAP_MB, DIRECT_MB = 320, 192
ROW_BYTES = 180  # what it finds out by making 100,000 rows, if it is not told
MAIN = "org.apache.cassandra.service.CassandraDaemon"
EXPORTS = ["java.base/jdk.internal.misc java.lang.ref", "java.management.rmi/com.sun.jmx.remote.internal.rmi",
           "java.management/com.sun.jmx.remote.security", "java.rmi/sun.rmi.registry sun.rmi.server", "java.sql/java.sql",
           "jdk.unsupported/sun.misc", "jdk.compiler/com.sun.tools.javac.file", "jdk.attach/sun.tools.attach"]
OPENS = ["java.base/java.lang java.lang.module java.lang.reflect java.util java.io java.nio sun.nio.ch jdk.internal.loader jdk.internal.ref "
         "jdk.internal.reflect jdk.internal.math jdk.internal.module jdk.internal.util.jar",
         "jdk.management/com.sun.management.internal", "jdk.compiler/com.sun.tools.javac"]
LOGBACK = """<configuration>
  <appender name="out" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%d{HH:mm:ss.SSS} %-5level %logger{0} %msg%n</pattern></encoder>
  </appender>
  <root level="INFO"><appender-ref ref="out"/></root>
</configuration>
"""


def jars():
    return Jars("cassandra", coordinates("org.apache.cassandra", "cassandra-all", CASSANDRA))


def token(number):
    """Where node 1, 2, 3 ... begins on the ring: spread evenly for any number of nodes, and the same whatever comes after it."""
    return number * 0x9E3779B97F4A7C15 % (1 << 64) - (1 << 63)


class CassandraNode(JavaEngine):
    port_keys = ("CQL_PORT", "CASSANDRA_PORT")

    def __init__(self, directory, ports_of, number=1):
        self.name, self.host, self.number = f"cassandra-{number}", f"127.0.0.{number}", number
        self.jars = jars()
        self.others = []  # of its ring
        self.awaited = []  # (a node, where its log ended, the node it has to see)
        super().__init__(directory, ports_of)

    def another(self, directory, ports_of):
        return CassandraNode(directory, ports_of)

    def settings(self):
        storage_port = self.ports.of("CASSANDRA_PORT")
        return {
            "cluster_name": "chattifier",
            "num_tokens": 1,
            "initial_token": str(token(self.number)),
            "block_for_peers_timeout_in_secs": -1,  # who starts first would wait 10 s for those that start next
            "auto_bootstrap": False,  # nobody waits half a minute for an empty range
            "partitioner": "org.apache.cassandra.dht.Murmur3Partitioner",
            "endpoint_snitch": "SimpleSnitch",
            "seed_provider": [{"class_name": "org.apache.cassandra.locator.SimpleSeedProvider",
                               "parameters": [{"seeds": f"127.0.0.1:{storage_port}"}]}],
            "listen_address": self.host,
            "rpc_address": self.host,
            "storage_port": storage_port,
            "native_transport_port": self.port,
            "start_native_transport": True,
            "commitlog_sync": "batch",
            "commitlog_segment_size": "32MiB",  # a mutation is at most half of it
            "commitlog_total_space": "256MiB",
            "auto_snapshot": False,
            "hinted_handoff_enabled": True,
            "concurrent_reads": 8,
            "concurrent_writes": 8,
            "concurrent_compactors": 1,
            "native_transport_max_threads": 16,
            "file_cache_size": "64MiB",
            "networking_cache_size": "32MiB",
            "memtable_heap_space": "96MiB",
            "memtable_offheap_space": "64MiB",
            "key_cache_size": "16MiB",
        }

    def configure(self):
        super().configure()
        self.config_path = self.write("cassandra.yaml", json.dumps(self.settings(), indent=2) + "\n")  # JSON is YAML
        self.logback_path = self.write("logback.xml", LOGBACK)

    def command(self):
        options = [f"-javaagent:{self.jars.jar('jamm-')}", "-Djdk.attach.allowAttachSelf=true", "-XX:+UnlockDiagnosticVMOptions",
                   "-XX:+AllowArchivingWithJavaAgent", *opened("exports", EXPORTS), *opened("opens", OPENS),
                   f"-Djava.io.tmpdir={self.temporary}", f"-Djna.tmpdir={self.temporary}", f"-Dcassandra.config=file://{self.config_path}",
                   f"-Dcassandra.storagedir={os.path.join(self.folder, 'data')}", f"-Dcassandra.logdir={self.folder}",
                   f"-Dlogback.configurationFile={self.logback_path}", "-Dcassandra-foreground=yes", "-Dcassandra.superuser_setup_delay_ms=0",
                   "-Dcassandra.skip_wait_for_gossip_to_settle=0", "-Dcassandra.ring_delay_ms=1000", "-Dcassandra.shutdown_announce_in_ms=200",
                   f"-Dcassandra.memtable.row_overhead_size={ROW_BYTES}"]
        if java_major() >= 18:
            options.append("-Djava.security.manager=allow")
        return self.jars.command([MAIN], HEAP_MB, DIRECT_MB, options, self.record)

    def client(self):
        return Cql(self.connect())

    def launch(self):
        here = [other for other in self.others if other.pid() is not None]
        self.awaited = [(other, other.log_size(), self) for other in here] + [(self, self.log_size(), other) for other in here]
        super().launch()

    def log_size(self):
        return os.path.getsize(self.log_path) if os.path.exists(self.log_path) else 0

    def has_seen(self, other, since):
        with open(self.log_path, "rb") as log:
            log.seek(since)
            return f"InetAddress /{other.host}:{self.ports.of('CASSANDRA_PORT')} is now UP".encode() in log.read()

    def ask(self):
        with self.client() as client:
            client.options()
        for node, since, other in self.awaited:
            if not node.has_seen(other, since):
                raise NotReady(f"{node.name} has not seen {other.name} yet")
        self.awaited = []


def nodes(directory, ports_of, count=1):
    ring = [CassandraNode(directory, ports_of, number) for number in range(1, count + 1)]
    for node in ring:
        node.others = [other for other in ring if other is not node]
    return ring
