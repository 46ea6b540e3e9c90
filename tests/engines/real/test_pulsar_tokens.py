"""The client of Pulsar and a broker that wants a token: which is refused, and which is renewed while the connection stays."""

import base64
import hashlib
import hmac
import json
import os
import time

import pytest

import ports
from have import have
from pulsar import PulsarBroker
from pulsar_admin import admin
from test_pulsar_client import Drive

SECRET = b"a secret of thirty-two bytes, it is"
LIFE_S = 4
TOPIC = "persistent://public/default/signed"


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def token(life_s, secret=SECRET):
    """A JWT as the broker wants it, HS256."""
    claims = {"sub": "chat", "exp": int(time.time()) + life_s}
    signed = b".".join(base64url(json.dumps(part).encode()) for part in ({"alg": "HS256"}, claims))
    return (signed + b"." + base64url(hmac.digest(secret, signed, hashlib.sha256))).decode()


class GuardedBroker(PulsarBroker):
    """Who shows a token is judged by it; who shows none is nobody, which is enough for the questions of the kit."""

    def own_settings(self):
        key = os.path.join(self.folder, "secret.key")
        with open(key, "wb") as file:
            file.write(SECRET)
        return {**super().own_settings(), "authenticationEnabled": "true", "anonymousUserRole": "nobody",
                "authenticationProviders": "org.apache.pulsar.broker.authentication.AuthenticationProviderToken",
                "tokenSecretKey": f"file://{key}", "authenticationRefreshCheckSeconds": 1}


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    have("pulsar")
    directory = str(tmp_path_factory.mktemp("guarded"))
    made = GuardedBroker(directory, ports.Ports(directory))
    made.start()
    admin(made, "PUT", TOPIC.replace("://", "/"), {})
    yield made
    made.wipe()


def write_token(path, *of):
    new = path.with_suffix(".new")
    new.write_text(token(*of))
    new.replace(path)


def test_a_token_lets_in(broker, tmp_path):
    write_token(tmp_path / "token", 60)
    with Drive(broker, "--token", tmp_path / "token") as drive:
        drive.publisher("p", TOPIC)
        assert drive.publish("p", 0, 10) == (10, 0, "ok")


def test_a_wrong_token_is_refused_and_not_tried_again(broker, tmp_path):
    write_token(tmp_path / "token", 60, b"another secret of thirty-two bytes")
    with Drive(broker, "--token", tmp_path / "token") as drive:
        drive.say("publisher", "p", TOPIC, "shared", 0)
        assert drive.hear("end", "p") == ["unauthorized"]
        drive.hear("token")
        drive.silent("token", for_s=2)


def test_a_token_is_read_anew_when_it_is_over_and_nothing_is_lost(broker, tmp_path):
    write_token(tmp_path / "token", LIFE_S)
    with Drive(broker, "--token", tmp_path / "token") as drive:
        drive.publisher("p", TOPIC)
        drive.hear("token")
        write_token(tmp_path / "token", 60)
        drive.hear("token", within=6 * LIFE_S)
        assert drive.publish("p", 0, 1000) == (1000, 0, "ok")
        drive.say("stats")
        assert {"lost=0", "reopens=0"} <= set(drive.hear("stats"))
