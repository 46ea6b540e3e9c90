"""Where jars come from, and what is said when they do not."""

import os
import platform
import shutil

import pytest

import java
from engine import EngineError, Unavailable
from java import Jars, coordinates, is_foreign

SETTINGS = """<settings><localRepository>{local}</localRepository><mirrors><mirror>
<id>only</id><mirrorOf>*</mirrorOf><url>{url}</url></mirror></mirrors></settings>"""


def jars(version="1"):
    return Jars("something", coordinates("chattifier.nowhere", "something", version))


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """Says where Maven looks, and where alone."""
    for tool in ("java", "mvn"):
        if not shutil.which(tool):
            pytest.skip(f"{tool} is not installed")

    def at(url):
        (tmp_path / ".m2").mkdir()
        (tmp_path / ".m2" / "settings.xml").write_text(SETTINGS.format(local=tmp_path / "local", url=url))
        monkeypatch.setenv("MAVEN_OPTS", f"-Duser.home={tmp_path}")
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return at


def test_a_repository_that_is_not_reached_is_no_failure_of_ours(repository):
    repository("http://127.0.0.1:1/")
    with pytest.raises(Unavailable, match="something: the repository is not reached: Could not transfer artifact [^ ]+$"):
        jars().fetch()
    assert not jars().are_here() and os.listdir(java.cache_folder()) == [os.path.basename(jars().folder) + ".lock"]


def test_jars_that_are_not_there_are_a_failure(repository, tmp_path):
    (tmp_path / "empty").mkdir()
    repository(f"file://{tmp_path}/empty")
    with pytest.raises(EngineError, match="something: mvn failed") as failure:
        jars().fetch()
    assert not isinstance(failure.value, Unavailable)


def test_another_version_is_kept_elsewhere():
    assert jars("1").folder == jars("1").folder != jars("2").folder


def test_an_archive_is_of_one_java(monkeypatch):
    monkeypatch.setattr(java, "java", lambda: "/a/java")
    monkeypatch.setattr(java, "java_words", lambda path: "17.0.15")
    before = jars().archive_path()
    monkeypatch.setattr(java, "java_words", lambda path: "17.0.16")
    assert jars().archive_path() != before


def test_a_machine_without_java_is_told(monkeypatch):
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(Unavailable, match="java is not installed"):
        jars().fetch()


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the names are of another processor")
@pytest.mark.parametrize("jar, foreign", [
    ("netty-transport-native-epoll-4.1.1.Final-linux-x86_64.jar", False), ("netty-transport-native-epoll-4.1.1.Final-linux-aarch_64.jar", True),
    ("netty-tcnative-boringssl-static-2.0.1.Final-osx-x86_64.jar", True), ("netty-tcnative-boringssl-static-2.0.1.Final-windows-x86_64.jar", True),
    ("netty-common-4.1.1.Final.jar", False)])
def test_native_parts_for_other_machines_are_left_out(jar, foreign):
    assert is_foreign(jar) is foreign
