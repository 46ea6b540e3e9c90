"""The client of Pulsar and a broker that speaks TLS: whom it trusts, and whom it does not."""

import shutil
import subprocess

import pytest

import ports
from have import have
from pulsar import PulsarBroker
from pulsar_admin import admin
from test_pulsar_client import EARLIEST, Drive

TOPIC = "persistent://public/default/sealed"


def make_certificate(directory, name):
    """A key and a certificate of that address or name, which is its own authority."""
    key, certificate = directory / f"{name}.key", directory / f"{name}.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=broker",
                    "-addext", f"subjectAltName={name}", "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return key, certificate


class TlsBroker(PulsarBroker):
    """Also on a port with TLS."""
    port_keys = (*PulsarBroker.port_keys, "PULSAR_TLS_PORT")
    key = certificate = None

    def own_settings(self):
        return {**super().own_settings(), "brokerServicePortTls": self.ports.of("PULSAR_TLS_PORT"), "tlsKeyFilePath": self.key,
                "tlsCertificateFilePath": self.certificate}

    @property
    def tls_address(self):
        return f"{self.host}:{self.ports.of('PULSAR_TLS_PORT')}"


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    have("pulsar")
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    directory = str(tmp_path_factory.mktemp("tls"))
    made = TlsBroker(directory, ports.Ports(directory))
    made.key, made.certificate = make_certificate(tmp_path_factory.mktemp("keys"), "IP:127.0.0.1")
    made.start()
    admin(made, "PUT", TOPIC.replace("://", "/"), {})
    yield made
    made.wipe()


def test_what_is_published_by_tls_is_read_by_tls(broker):
    with Drive(broker, "--ca", broker.certificate, address=broker.tls_address) as drive:
        drive.publisher("p", TOPIC)
        assert drive.publish("p", 0, 10000, 1000) == (10000, 0, "ok")
        drive.say("reader", "r", TOPIC, *EARLIEST)
        assert drive.got("r", 10000)[0] == list(range(10000))


def test_a_broker_that_is_not_trusted_is_told_nothing(broker, tmp_path):
    for name in ("IP:127.0.0.1", "DNS:other.example"):
        _, certificate = make_certificate(tmp_path, name)
        with Drive(broker, "--ca", certificate, address=broker.tls_address) as drive:
            drive.say("publisher", "p", TOPIC, "shared", 0)
            assert drive.hear("trouble")[1] == "certificate"
            drive.silent("open", "p", for_s=1)
