"""Several processes with the same keys: what one signed the others believe, and a new key is everybody's."""

import os
import shutil
import subprocess
import time

import pytest

from house import BINARY, House, free_port
from test_accounts import kid, kids, moment

MINUTE = 60_000
SEALED = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'


def age(file, ms):
    return file.rename(file.with_name(f"token-{moment(file) - ms}.pem"))


def newest(keys):
    return max(keys.glob("token-*.pem"), key=moment)


def until_ok(ask):
    """A process that looked at the directory a moment ago looks again within a second."""
    end = time.monotonic() + 10
    while (answer := ask()).status != 200 and time.monotonic() < end:
        pass
    return answer


@pytest.fixture(name="two")
def two_houses(tmp_path):
    """Two processes with copies of the same data, that one user is in, and one directory of keys."""
    keys = tmp_path / "keys"
    houses = [House(tmp_path / name, settings={"keys.dir": keys}) for name in "ab"]
    houses[0].start()
    user = houses[0].user()
    houses[0].stop()
    shutil.copytree(houses[0].data, houses[1].data)
    for house in houses:
        house.start()
    yield *houses, user, keys
    for house in houses:
        house.stop()


def test_a_token_of_one_process_is_good_at_the_other(two):
    here, there, user, keys = two
    assert not os.path.exists(os.path.join(here.data, "keys")) and (keys / "mac.key").exists()
    assert kids(here) == kids(there) == [kid(user.token)]
    for signs, believes in ((here, there), (there, here)):
        login = signs.sign_in(user.name)
        assert believes.http("GET", "/user/me", token=login.token).status == 200
    assert there.http("POST", "/user/refresh", {"refresh_token": user.login["refresh_token"]}).status == 200


def test_a_key_that_one_process_made_is_found_by_the_other(two):
    here, there, user, keys = two
    there.stop()
    age(newest(keys), 31 * 24 * 60 * MINUTE)
    there.start()
    assert len(kids(there)) == 2 and kid(there.sign_in(user.name).token) == kid(user.token)
    there.stop()
    age(newest(keys), 7 * MINUTE)
    there.start()
    later = there.sign_in(user.name)
    assert kid(later.token) != kid(user.token)
    assert until_ok(lambda: here.http("GET", "/user/me", token=later.token)).status == 200
    assert kids(here) == kids(there) == [kid(later.token), kid(user.token)]
    assert kid(here.sign_in(user.name).token) == kid(later.token)
    assert there.http("GET", "/user/me", token=user.token).status == 200


def test_a_backup_has_the_keys_from_where_they_are(two, tmp_path):
    here, _, user, keys = two
    done = subprocess.run([BINARY, "backup", str(tmp_path / "copy"), "--data", here.data, f"--keys.dir={keys}"], check=False)
    assert done.returncode == 0
    copy = House(tmp_path / "copy")
    copy.start()
    assert user.token and copy.http("GET", "/user/me", token=user.token).status == 200
    copy.stop()


def can_mount():
    return os.geteuid() == 0 and shutil.which("unshare") and subprocess.run(
        ["unshare", "-m", "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0


needs_mounts = pytest.mark.skipif(not can_mount(), reason="a mount of its own needs root")


@needs_mounts
def test_keys_that_are_handed_in_are_used_and_never_changed(tmp_path):
    """As Kubernetes mounts a Secret: nothing can be written, files are links, of root and its group."""
    keys = tmp_path / "keys"
    house = House(tmp_path / "d", settings={"keys.dir": keys})
    house.start()
    user = house.user()
    house.stop()
    (keys / "..v1").mkdir()
    (keys / ".lock").unlink()
    for file in [*keys.glob("*.pem"), keys / "mac.key"]:
        file.rename(keys / "..v1" / file.name)
        (keys / "..v1" / file.name).chmod(0o440)
        old = f"token-{moment(file) - 31 * 24 * 60 * MINUTE}.pem" if file.suffix == ".pem" else file.name
        (keys / old).symlink_to(f"..v1/{file.name}")
    keys.chmod(0o1777)
    house.wrapper = ["unshare", "-m", "sh", "-c", SEALED, str(keys)]
    house.start()
    assert kids(house) == [kid(user.token)] and user.http("GET", "/user/me").status == 200
    house.stop()


def waiting(tmp_path, wait_ms):
    keys = tmp_path / "keys"
    keys.mkdir(mode=0o700)
    return subprocess.Popen(["unshare", "-m", "sh", "-c", SEALED, str(keys), BINARY, "standalone", "--port", str(free_port()), "--management-port",
                             str(free_port()), "--data", str(tmp_path / "d"), f"--keys.dir={keys}", f"--keys.wait_ms={wait_ms}"],
                            text=True, stderr=subprocess.PIPE)


@needs_mounts
def test_without_keys_it_waits_and_says_for_what(tmp_path):
    with waiting(tmp_path, 300) as process:
        lines = process.communicate(timeout=30)[1].splitlines()
    assert process.returncode == 1 and "secrets.no_keys" in lines[-1] and f'path="{tmp_path}/keys" setting=keys.dir' in lines[-1]
    assert any("secrets.keys_awaited" in line and "wait_ms=300" in line for line in lines)
    assert not os.listdir(tmp_path / "keys")


@needs_mounts
def test_a_signal_ends_the_wait(tmp_path):
    with waiting(tmp_path, 600_000) as process:
        while "secrets.keys_awaited" not in process.stderr.readline():
            assert process.poll() is None
        process.terminate()
        process.communicate(timeout=10)
    assert process.returncode == 1
