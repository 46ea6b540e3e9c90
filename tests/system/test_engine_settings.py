"""A setting of an engine that can not be: one line that names it, and no start."""

import subprocess

import pytest

from house import BINARY


@pytest.mark.parametrize("flags, setting, reason", [
    (["--engine.sessions=redis", "--redis.hosts=a,,b"], "redis.hosts", "not of the form host:port, host:port"),
    (["--engine.sessions=redis", "--redis.password_file=/dev/null"], "redis.password_file", "its first line is empty"),
    (["--engine.stores=cassandra", "--cassandra.hosts=,"], "cassandra.hosts", "it names no host"),
    (["--engine.stores=cassandra", "--cassandra.user=ann", "--cassandra.password_file=/dev/null"], "cassandra.password_file", "its first line is empty"),
    (["--engine.bus=pulsar", "--engine.log=pulsar", "--pulsar.hosts=,"], "pulsar.hosts", "not of the form host:port, host:port"),
    (["--engine.bus=pulsar", "--engine.log=pulsar", "--pulsar.mail_namespace=chattifier"], "pulsar.mail_namespace", "the same as pulsar.namespace"),
    (["--engine.upstream=relay", "--upstream.user=a:b"], "upstream.user", "not of the form host:port: a:b"),
])
def test_the_line_names_the_setting(tmp_path, flags, setting, reason):
    done = subprocess.run([BINARY, "standalone", "--data", str(tmp_path / "d"), "--port=0", "--management-port=0", *flags], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=30)
    assert done.returncode == 1 and done.stdout == ""
    assert all(line.startswith("ts=") for line in done.stderr.splitlines()), done.stderr
    lines = [line for line in done.stderr.splitlines() if "setting.refused" in line]
    assert len(lines) == 1, done.stderr
    assert f"setting={setting} " in lines[0] and f'reason="{reason}"' in lines[0], lines[0]
