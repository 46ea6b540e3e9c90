"""Packages of the npm registry that tests use, installed once into .cache/npm."""

import json
import os
import shutil
import subprocess

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CACHE = os.path.join(ROOT, ".cache", "npm")
# Newest that Node.js 18, which Debian 12 has, can run.
VERSIONS = {"big-list-of-naughty-strings": "1.0.0", "ws": "8.23.0", "socket.io": "4.8.4", "playwright-core": "1.57.0"}


def installed(path):
    try:
        with open(os.path.join(path, "package.json"), encoding="utf-8") as about:
            return json.load(about)["version"]
    except OSError:
        return None


def package(name):
    """The package's directory; skips the test, with the reason, where a tool or the registry is missing."""
    for tool in ("node", "npm"):
        if not shutil.which(tool):
            pytest.skip(f"{tool} is not installed")
    path = os.path.join(CACHE, "node_modules", name)
    if installed(path) != VERSIONS[name]:
        os.makedirs(CACHE, exist_ok=True)
        done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--prefix", CACHE, f"{name}@{VERSIONS[name]}"],
                              text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode:
            words = done.stdout.strip().splitlines() or [f"exit {done.returncode}"]
            pytest.skip(f"npm can not install {name}: {words[-1]}")
    return path
