"""What holds for a user holds whatever worker serves the connection: the kernel spreads them over all."""

import http.client
import time

import pytest

from client import Client, cid
from house import House

# Enough for every worker to get some, however the kernel spreads them: all on one of two is 1 in 4,096.
MANY = 13


@pytest.fixture(scope="module", params=["1", "2", "4"])
def workers(request):
    return request.param


@pytest.fixture(scope="module")
def house(tmp_path_factory, workers, options):
    started = House(tmp_path_factory.mktemp("data"), workers=workers, chaos=options["chaos"])
    started.start()
    yield started
    started.stop()


@pytest.fixture
def limited(tmp_path, workers):
    """Makes a house with these limits."""
    made = []

    def start(**limits):
        settings = {f"limits.{name}": value for name, value in limits.items()}
        made.append(House(tmp_path / "limited", workers=workers, settings=settings).start())
        return made[0]
    yield start
    for one in made:
        one.stop()


def of_type(client, *types):
    return [e for e in client.events if e["type"] in types]


@pytest.mark.exact("a lost word of the replacement leaves the connection to its heartbeat")
def test_a_connection_is_replaced_wherever_it_is(house):
    user = house.user()
    old = [user.connect() for _ in range(MANY)]
    new = [user.connect(query=f"?session={c.ready['session']}") for c in old]
    assert [c.wait_closed() for c in old] == [4004] * MANY
    for client in new:
        client.settle()
        client.close()


@pytest.mark.exact("a lost word of the replacement leaves the connection to its heartbeat")
def test_nobody_replaces_the_connection_of_somebody_else(house):
    ann, bob = house.user().connect(), house.user()
    others = [bob.connect(query=f"?session={ann.ready['session']}") for _ in range(MANY)]
    ann.settle()
    for client in [ann, *others]:
        client.close()


def attempts(user, count):
    """Of that many connections, which were let in and how the others were closed."""
    clients = [Client(user.house, user, wait_ready=False) for _ in range(count)]
    for client in clients:
        try:
            client.ready = client.wait_for(lambda e: e["type"] == "ready")
        except AssertionError:
            assert client.events == [] and client.close_code is not None
    return [c for c in clients if c.close_code is None], [c.close_code for c in clients if c.close_code is not None]


def test_a_user_has_so_many_connections_and_no_more(limited):
    user = limited(connections_per_user=5).user()
    inside, outside = attempts(user, MANY)
    assert (len(inside), set(outside)) == (5, {4005})
    inside.pop().close()
    again, outside = attempts(user, 3)
    assert (len(again), outside) == (1, [4005, 4005])
    replacing = user.connect(query=f"?session={inside[0].ready['session']}")  # full, but it takes a place
    assert inside[0].wait_closed() == 4004
    replacing.settle()


def test_a_device_has_so_many_connections_and_no_more(limited):
    house = limited(connections_per_device=3)
    user = house.user()
    inside, outside = attempts(user, MANY)
    assert (len(inside), set(outside)) == (3, {4005})
    inside, outside = attempts(house.sign_in(user.name), 3)
    assert (len(inside), outside) == (3, [])


def test_an_address_has_so_many_connections_and_no_more(limited):
    house = limited(connections_per_address=6)
    connections = [http.client.HTTPConnection("127.0.0.1", house.port, timeout=20) for _ in range(MANY)]
    statuses = []
    for connection in connections:
        connection.request("GET", "/api/info")
        statuses.append(connection.getresponse().status)
    assert statuses == [200] * 6 + [429] * (MANY - 6)
    assert house.http("GET", "/actuator/health", management=True).status == 200  # operators come from there too
    for connection in connections:
        connection.close()


def test_a_user_sends_so_much_over_http_and_no_more(limited):
    house = limited(messages_per_second=1, messages_burst=5)
    user = house.user()
    with user.connect() as client:
        room = client.group()
    start = time.monotonic()
    statuses = [user.http("POST", f"/api/rooms/{room}/messages", {"text": "hi"}).status for _ in range(MANY)]
    assert 5 <= statuses.count(201) <= 5 + (time.monotonic() - start)
    assert set(statuses) == {201, 429}


@pytest.mark.exact("a command that comes twice is counted once")
def test_a_user_sends_so_much_over_all_sockets_and_no_more(limited):
    house = limited(messages_per_second=1, messages_burst=20)
    user = house.user()
    clients = [user.connect() for _ in range(MANY)]
    start = time.monotonic()
    room = clients[0].group()
    waits = [(client, client.start("message.send", room=room, cid=cid(), text="hi")) for _ in range(4) for client in clients]
    codes = [client.outcome(wait).get("code", "ok") for client, wait in waits]
    assert 19 <= codes.count("ok") <= 20 + (time.monotonic() - start)
    assert set(codes) == {"ok", "rate_limited"}
    for client in clients:
        client.close()
    with user.connect() as again:
        codes = [again.outcome(again.start("message.send", room=room, cid=cid(), text="hi")).get("code", "ok") for _ in range(20)]
    assert 1 <= codes.count("rate_limited") and codes.count("ok") <= 1 + time.monotonic() - start


@pytest.mark.exact("what moved a cursor is told once")
def test_a_cursor_that_moves_is_told_on_all_other_connections(house):
    ann, bob = house.user(), house.user()
    mine = [ann.connect() for _ in range(MANY)]
    with bob.connect() as b:
        room = b.group(ann)
        for text in ("one", "two", "three"):
            b.say(room, text)
        for client in mine:
            client.message(room, "three")
        answer = mine[0].command("read", room=room, n=2)
        assert (answer["read_n"], answer["unread"]) == (2, 1)
        for n in (2, 1):
            assert mine[1].command("read", room=room, n=n)["read_n"] == 2
        b.say(room, "after that")
        told = {"type": "read", "room": room, "read_n": 2, "unread": 1}
        shown = {"type": "receipt", "room": room, "user": ann.id, "read_n": 2}
        for client in [b, *mine]:
            client.message(room, "after that")
            other = client not in (b, mine[0])
            assert of_type(client, "read", "receipt") == ([shown, told] if other else [shown])
            client.events.clear()
        mine[1].say(room, "mine")  # tells by itself that it is read
        for client in [b, *mine]:
            client.message(room, "mine")
            assert of_type(client, "read", "receipt") == []
            client.close()


@pytest.mark.exact("what moved a cursor is told once")
def test_a_cursor_that_http_moves_is_told_on_all_connections(house):
    ann, bob = house.user(), house.user()
    mine = [ann.connect() for _ in range(3)]
    with bob.connect() as b:
        room = b.group(ann)
        b.say(room, "one")
        assert ann.http("POST", f"/api/rooms/{room}/read", {"n": 1}).status == 200
        for client in mine:
            assert client.wait_for(lambda e: e["type"] == "read")["read_n"] == 1
            client.close()
