"""Java engines: their jars, and an archive of their classes that makes later starts quicker.

Happy path: fetch() has Maven copy what a pom of ours names into a cache, once for each pom; it asks the repository that the machine's own
settings name. command() is a JVM on those jars, with the archive if there is one for this JVM; one that records makes it when it ends.
How it fails: Unavailable if java or mvn is missing or the repository is not reached, EngineError with Maven's last words if the pom is wrong.
The cache is $XDG_CACHE_HOME/chattifier/engines (~/.cache without it); whoever works in it holds its lock.
"""

import contextlib
import fcntl
import functools
import hashlib
import os
import platform
import re
import shutil
import subprocess
import tempfile

from engine import EngineError, Unavailable
from versions import DEPENDENCY_PLUGIN

MAVEN_S = 900
ERROR_LINES = 2
# Maven's words when the way to a repository is what fails; of what a repository does not have it says "Could not find".
UNREACHED = re.compile(r"Could not transfer artifact \S+|failed to transfer \S+|in offline mode")
POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>chattifier.tests</groupId>
  <artifactId>{name}</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencyManagement><dependencies>{bom}</dependencies></dependencyManagement>
  <dependencies>
    <dependency>{artifact}<exclusions>{excluded}</exclusions></dependency>
  </dependencies>
</project>
"""


def cache_folder():
    root = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(root, "chattifier", "engines")


@contextlib.contextmanager
def locked(path):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def java():
    home = os.environ.get("JAVA_HOME")
    found = os.path.join(home, "bin", "java") if home else shutil.which("java")
    if not found or not os.path.exists(found):
        raise Unavailable("java is not installed")
    return found


@functools.lru_cache
def java_words(path):
    """What a JVM says it is: its whole build."""
    return subprocess.run([path, "-version"], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True).stdout


def java_major():
    return int(re.search(r'version "(\d+)', java_words(java()))[1])


def coordinates(group, artifact, version=None, type=None, scope=None):
    tags = {"groupId": group, "artifactId": artifact, "version": version, "type": type, "scope": scope}
    return "".join(f"<{tag}>{value}</{tag}>" for tag, value in tags.items() if value)


def is_foreign(jar):
    """Native parts for another system or processor."""
    here = {"x86_64": ("x86_64",), "aarch64": ("aarch_64", "aarch64")}.get(platform.machine(), ())
    native = re.search(r"-(linux|osx|windows)-(\w+)\.jar$", jar)
    return native is not None and (native[1] != "linux" or native[2] not in here)


def words_of_maven(output):
    """The first of its errors, which may go over lines."""
    errors = [line.partition("[ERROR]")[2].strip() for line in output.splitlines() if "[ERROR]" in line]
    return " ".join(filter(None, errors[:ERROR_LINES])) or "it did not say why"


class Jars:
    """The jars of one engine, named by the digest of the pom that asks for them."""

    def __init__(self, name, artifact, bom="", excluded=()):
        self.name = name
        self.pom = POM.format(name=name, artifact=artifact, bom=f"<dependency>{bom}</dependency>" if bom else "",
                              excluded="".join(f"<exclusion>{one}</exclusion>" for one in excluded))
        digest = hashlib.sha256((self.pom + DEPENDENCY_PLUGIN).encode()).hexdigest()[:12]
        self.folder = os.path.join(cache_folder(), f"{name}-{digest}")

    def are_here(self):
        return os.path.isdir(self.folder)

    def fetch(self):
        java()
        with locked(self.folder + ".lock"):
            if self.are_here():
                return
            if not shutil.which("mvn"):
                raise Unavailable("mvn is not installed")
            making = tempfile.mkdtemp(dir=cache_folder())
            try:
                self._copy(making)
                for jar in os.listdir(making):
                    if is_foreign(jar):
                        os.remove(os.path.join(making, jar))
                os.rename(making, self.folder)
            except BaseException:
                shutil.rmtree(making)
                raise

    def _copy(self, making):
        with tempfile.TemporaryDirectory() as project:
            pom = os.path.join(project, "pom.xml")
            with open(pom, "w", encoding="utf-8") as file:
                file.write(self.pom)
            command = ["mvn", "-B", "-q", "-Dstyle.color=never", "-f", pom, f"org.apache.maven.plugins:maven-dependency-plugin:{DEPENDENCY_PLUGIN}:copy-dependencies",
                       "-DincludeScope=runtime", f"-DoutputDirectory={making}"]
            try:
                done = subprocess.run(command, text=True, errors="replace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                      stdin=subprocess.DEVNULL, timeout=MAVEN_S)
            except subprocess.TimeoutExpired as late:
                raise Unavailable(f"{self.name}: the jars did not come within {MAVEN_S} s") from late
        if done.returncode:
            unreached = UNREACHED.search(done.stdout)
            if unreached:
                raise Unavailable(f"{self.name}: the repository is not reached: {unreached[0]}")
            raise EngineError(f"{self.name}: mvn failed: {words_of_maven(done.stdout)}")

    def jars(self):
        """In one order always: an archive is of one class path."""
        return sorted(os.path.join(self.folder, jar) for jar in os.listdir(self.folder) if jar.endswith(".jar"))

    def jar(self, start):
        return next(jar for jar in self.jars() if os.path.basename(jar).startswith(start))

    def archive_path(self):
        """Of this JVM: another build can not read it."""
        return os.path.join(self.folder, f"classes-{hashlib.sha256(java_words(java()).encode()).hexdigest()[:12]}.jsa")

    def has_archive(self):
        return self.are_here() and os.path.exists(self.archive_path())

    def keep_archive(self, made):
        """Whole or not at all, whoever starts meanwhile."""
        with tempfile.NamedTemporaryFile(dir=self.folder, delete=False) as kept:
            with open(made, "rb") as file:
                shutil.copyfileobj(file, kept)
        os.replace(kept.name, self.archive_path())

    def command(self, main, heap_mb, direct_mb, options, record=None):
        """Few threads and little memory; no second compiler, since these run for seconds. With record the archive is written there at its end."""
        archive = []
        if record:
            archive = [f"-XX:ArchiveClassesAtExit={record}"]
        elif self.has_archive():
            archive = [f"-XX:SharedArchiveFile={self.archive_path()}", "-Xshare:auto"]
        if archive:
            archive += ["-Xlog:cds=off", "-Xlog:cds+dynamic=off", "-Xlog:class+path=off"]
        return [java(), "-Xms128m", f"-Xmx{heap_mb}m", "-Xss512k", f"-XX:MaxDirectMemorySize={direct_mb}m", "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1", "-XX:+ExitOnOutOfMemoryError", "-XX:-UsePerfData", *archive,
                "-Dio.netty.tryReflectionSetAccessible=true", "-Djava.net.preferIPv4Stack=true", *options, "-cp", ":".join(self.jars()), *main]


def opened(kind, packages):
    """--add-opens or --add-exports for each of "module/package package ..."."""
    words = []
    for line in packages:
        module, _, names = line.partition("/")
        for name in names.split():
            words += [f"--add-{kind}", f"{module}/{name}=ALL-UNNAMED"]
    return words
