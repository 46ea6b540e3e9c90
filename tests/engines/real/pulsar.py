"""Pulsar from its published jars: broker, bookie and metadata store in one process.

Happy path: it is ready when CONNECT and PING are answered and a topic of public/default is found: that namespace is made after the port
opens. How it fails: as engine.py says. Its data belongs to its address and ports; with others the bookie refuses it.

The settings that decide the latency of a chat are those that an installation should have as well. What differs: the journal is written, not
flushed, before an answer, so that it outlives a kill, not the power; everything is small.
"""

import os

from engine import NotReady
from java import Jars, coordinates, opened
from java_engine import JavaEngine
from pulsar_wire import PulsarWire, ServerError
from versions import PULSAR

HEAP_MB, DIRECT_MB = 384, 320
MAIN = "org.apache.pulsar.PulsarStandaloneStarter"
OPENS = ["java.base/java.lang java.util java.io java.nio java.util.zip sun.net jdk.internal.loader jdk.internal.misc jdk.internal.platform",
         "java.management/sun.management", "jdk.management/com.sun.management.internal"]
LOG4J = """<Configuration status="WARN">
  <Appenders>
    <Console name="out" target="SYSTEM_OUT"><PatternLayout pattern="%d{HH:mm:ss.SSS} %-5p %c{1} %m%n%throwable"/></Console>
  </Appenders>
  <Loggers><Root level="INFO"><AppenderRef ref="out"/></Root></Loggers>
</Configuration>
"""
PROBE = "persistent://public/default/ready"  # looked up, never made
FOR_LATENCY = {
    "journalFlushWhenQueueEmpty": "true",  # else a lone message waits out journalMaxGroupWaitMSec
    "managedLedgerNewEntriesCheckDelayInMillis": 0,  # the default of 10 delays what waiting consumers get
    "activeConsumerFailoverDelayTimeMillis": 0,  # the default of 1000 is how long a shard is nobody's
    "keepAliveIntervalSeconds": 5,  # a peer that is gone without a word
}
BROKER = {
    "clusterName": "standalone",
    "bindAddress": "127.0.0.1",
    "advertisedAddress": "127.0.0.1",
    "metadataStoreUrl": "",  # the standalone starter has its own
    "configurationMetadataStoreUrl": "",
    "managedLedgerDefaultEnsembleSize": 1,
    "managedLedgerDefaultWriteQuorum": 1,
    "managedLedgerDefaultAckQuorum": 1,
    "managedLedgerCacheSizeMB": 64,
    "loadBalancerEnabled": "false",
    "allowAutoTopicCreation": "false",  # a mistyped name is an error
    "acknowledgmentAtBatchIndexLevelEnabled": "true",
    "brokerDeduplicationEnabled": "false",
    "topicLevelPoliciesEnabled": "false",
    "systemTopicEnabled": "false",
    "transactionCoordinatorEnabled": "false",
    "brokerDeleteInactiveTopicsEnabled": "false",
    "defaultNumberOfNamespaceBundles": 4,
    "brokerShutdownTimeoutMs": 3000,
    "maxMessageSize": 5242880,
    "numIOThreads": 2,
    "numHttpServerThreads": 8,
    "numExecutorThreadPoolSize": 2,
    "numCacheExecutorThreadPoolSize": 1,
    "numOrderedExecutorThreads": 2,
    "bookkeeperClientNumWorkerThreads": 2,
    "bookkeeperClientNumIoThreads": 2,
    "webSocketServiceEnabled": "false",
    "exposeTopicLevelMetricsInPrometheus": "false",
}
BOOKIE = {
    "allowLoopback": "true",
    "listeningInterface": "lo",  # without it, every address of the machine
    "allowEphemeralPorts": "true",  # without it, a port by chance in place of the one that it is given
    "ledgerStorageClass": "org.apache.bookkeeper.bookie.storage.ldb.DbLedgerStorage",
    "dbStorage_writeCacheMaxSizeMb": 32,
    "dbStorage_readAheadCacheMaxSizeMb": 32,
    "dbStorage_rocksDB_blockCacheSize": 16777216,
    "journalSyncData": "false",
    "journalMaxGroupWaitMSec": 1,
    "journalMaxSizeMB": 128,
    "journalPreAllocSizeMB": 4,
    "logSizeLimit": 134217728,
    "entryLogFilePreallocationEnabled": "false",
    "diskUsageThreshold": 0.99,
    "diskUsageWarnThreshold": 0.98,
    "diskUsageLwmThreshold": 0.97,
    "numAddWorkerThreads": 1,
    "numReadWorkerThreads": 1,
    "httpServerEnabled": "false",
}


def jars():
    return Jars("pulsar", coordinates("org.apache.pulsar", "pulsar-broker", PULSAR),
                bom=coordinates("org.apache.pulsar", "pulsar", PULSAR, "pom", "import"),  # or Maven mixes versions that do not fit
                excluded=[coordinates("org.apache.pulsar", "jetcd-core-shaded")])  # a metadata store that is not used


class PulsarBroker(JavaEngine):
    name = "pulsar"
    port_keys = ("PULSAR_PORT", "PULSAR_WEB_PORT", "BOOKIE_PORT")

    def __init__(self, directory, ports_of):
        self.jars = jars()
        super().__init__(directory, ports_of)

    def own_settings(self):
        return {"brokerServicePort": self.port, "webServicePort": self.ports.of("PULSAR_WEB_PORT")}

    def configure(self):
        super().configure()
        # A dict, so that no key is there twice: the broker would take the last, the bookie the first.
        settings = {**BROKER, **BOOKIE, **FOR_LATENCY, **self.own_settings()}
        self.config_path = self.write("standalone.conf", "".join(f"{key}={value}\n" for key, value in settings.items()))
        self.log4j_path = self.write("log4j2.xml", LOG4J)

    def command(self):
        options = [*opened("opens", OPENS), "-Dio.netty.leakDetectionLevel=disabled", f"-Djava.io.tmpdir={self.temporary}",
                   "-Dlog4j2.is.webapp=false", "-Dlog4j.shutdownHookEnabled=false", f"-Dlog4j.configurationFile={self.log4j_path}",
                   "-Djute.maxbuffer=10485760", "-Dpulsar.allocator.exit_on_oom=true"]
        main = [MAIN, "--config", self.config_path, "--no-functions-worker", "--no-stream-storage",
                "--bookkeeper-dir", os.path.join(self.folder, "bookie"), "--bookkeeper-port", str(self.ports.of("BOOKIE_PORT")),
                "--metadata-dir", os.path.join(self.folder, "metadata"), "-a", self.host]
        return self.jars.command(main, HEAP_MB, DIRECT_MB, options, self.record)

    def client(self):
        return PulsarWire(self.connect())

    @property
    def web_url(self):
        return f"http://{self.host}:{self.ports.of('PULSAR_WEB_PORT')}"

    def ask(self):
        try:
            with self.client() as client:
                client.ping()
                client.lookup(PROBE)
        except ServerError as error:
            raise NotReady(str(error)) from error


def brokers(directory, ports_of):
    return [PulsarBroker(directory, ports_of)]
