"""HTTP/1.1 byte by byte: items 50 to 66 of docs/security.md. Each row is a request and the status with which it is refused; the connection then ends."""

import pytest

from wire import Wire

HOST = b"Host: h\r\n"
LOGIN = b"POST /user/login HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"

REFUSED = {
    "length and chunked": (LOGIN + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "unknown coding": (LOGIN + b"Transfer-Encoding: gzip\r\n\r\n", (400, 501)),
    "chunked twice": (LOGIN + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", (400, 501)),
    "chunked not last": (LOGIN + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", (400, 501)),
    "length with sign": (LOGIN + b"Content-Length: +2\r\n\r\n{}", 400),
    "length in hex": (LOGIN + b"Content-Length: 0x2\r\n\r\n{}", 400),
    "empty length": (LOGIN + b"Content-Length: \r\n\r\n", 400),
    "two lengths": (LOGIN + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400),
    "length that overflows": (LOGIN + b"Content-Length: 18446744073709551618\r\n\r\n{}", (400, 413)),
    "chunk size with sign": (LOGIN + b"Transfer-Encoding: chunked\r\n\r\n+2\r\n{}\r\n0\r\n\r\n", 400),
    "chunk size too long": (LOGIN + b"Transfer-Encoding: chunked\r\n\r\n000000002\r\n{}\r\n0\r\n\r\n", 400),
    "chunk without end": (LOGIN + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}XX0\r\n\r\n", 400),
    "bare CR in chunk extension": (LOGIN + b"Transfer-Encoding: chunked\r\n\r\n2;a\rb\r\n{}\r\n0\r\n\r\n", 400),
    "bare LF in line": (b"GET /api/info HTTP/1.1\nHost: h\r\n\r\n", 400),
    "bare LF in field": (b"GET /api/info HTTP/1.1\r\nHost: h\nX: y\r\n\r\n", 400),
    "bare CR in field": (b"GET /api/info HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n", 400),
    "folded field": (b"GET /api/info HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n", 400),
    "space before colon": (b"GET /api/info HTTP/1.1\r\nHost: h\r\nX : a\r\n\r\n", 400),
    "empty field name": (b"GET /api/info HTTP/1.1\r\nHost: h\r\n: a\r\n\r\n", 400),
    "bad field name": (b"GET /api/info HTTP/1.1\r\nHost: h\r\nX(: a\r\n\r\n", 400),
    "NUL in value": (b"GET /api/info HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n", 400),
    "control in value": (b"GET /api/info HTTP/1.1\r\nHost: h\r\nX: a\x01b\r\n\r\n", 400),
    "version 2.0": (b"GET /api/info HTTP/2.0\r\nHost: h\r\n\r\n", (400, 505)),
    "version 1.2": (b"GET /api/info HTTP/1.2\r\nHost: h\r\n\r\n", (400, 505)),
    "lower-case version": (b"GET /api/info http/1.1\r\nHost: h\r\n\r\n", 400),
    "no version": (b"GET /api/info\r\nHost: h\r\n\r\n", 400),
    "method that is no token": (b"G(T /api/info HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    "authority form": (b"GET h:80 HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    "absolute form of another host": (b"GET http://other/api/info HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    "no host": (b"GET /api/info HTTP/1.1\r\n\r\n", 400),
    "two hosts": (b"GET /api/info HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n", 400),
    "bad host": (b"GET /api/info HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
    "line of 9 KiB": (b"GET /" + b"a" * 9216 + b" HTTP/1.1\r\nHost: h\r\n\r\n", (400, 414, 431)),
    "head of 17 KiB": (b"GET /api/info HTTP/1.1\r\nHost: h\r\n" + b"".join(b"X%d: %s\r\n" % (i, b"a" * 1000) for i in range(17)) + b"\r\n", 431),
    "101 fields": (b"GET /api/info HTTP/1.1\r\nHost: h\r\n" + b"".join(b"X%d: a\r\n" % i for i in range(100)) + b"\r\n", 431),
    "CONNECT": (b"CONNECT h:80 HTTP/1.1\r\nHost: h:80\r\n\r\n", (400, 405, 501)),
    "TRACE": (b"TRACE / HTTP/1.1\r\nHost: h\r\n\r\n", (400, 405, 501)),
    "encoded slash": (b"GET /api%2finfo HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    "encoded backslash": (b"GET /api/%5cinfo HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    "encoded NUL": (b"GET /api/info%00 HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    "bad escape": (b"GET /api/%zz HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    "cut escape": (b"GET /api/% HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    "overlong UTF-8": (b"GET /api/%c0%af HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    "dot segments": (b"GET /api/../user/me HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    "encoded dot segments": (b"GET /api/%2e%2e/user/me HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    "TLS hello": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    "h2 preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (400, 505)),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(house, name):
    request, wanted = REFUSED[name]
    wire = Wire(house).send(request)
    wire.socket.shutdown(1)
    answer = wire.read_until_closed()
    status = int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else answer
    assert status in (wanted if isinstance(wanted, tuple) else (wanted,)), answer[:300]
    assert answer.count(b"HTTP/1.1 ") == 1


def test_pipelined_requests_are_answered_in_order(house):
    wire = Wire(house)
    wire.send(b"GET /api/info HTTP/1.1\r\nHost: h\r\n\r\nGET /api/nothing HTTP/1.1\r\nHost: h\r\n\r\nGET /api/info HTTP/1.1\r\nHost: h\r\n\r\n")
    assert [wire.read_answer()[0] for _ in range(3)] == [200, 404, 200]


def test_a_bad_second_request_does_not_harm_the_first(house):
    wire = Wire(house)
    wire.send(b"GET /api/info HTTP/1.1\r\nHost: h\r\n\r\nGET /api/info HTTP/1.1\r\nHost : h\r\n\r\nGET /api/info HTTP/1.1\r\nHost: h\r\n\r\n")
    assert wire.read_answer()[0] == 200
    assert wire.read_answer()[0] == 400
    assert wire.read_until_closed() == b""


def test_a_request_may_come_byte_by_byte(house):
    wire = Wire(house)
    for byte in b"GET /api/info HTTP/1.1\r\nHost: h\r\n\r\n":
        wire.send(bytes([byte]))
    assert wire.read_answer()[0] == 200


def test_head_has_the_length_and_no_body(house):
    wire = Wire(house).send(b"HEAD /api/info HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
    head, body = wire.read_until_closed().split(b"\r\n\r\n", 1)
    assert b" 200 " in head.split(b"\r\n")[0] and b"ontent-" in head and body == b""


def test_expect_continue_is_answered(house):
    wire = Wire(house).send(LOGIN + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n")
    assert wire.read_bytes(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
    wire.send(b"{}")
    assert wire.read_answer()[0] == 422


def test_chunks_make_a_body(house):
    wire = Wire(house).send(LOGIN + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1;x=y\r\n}\r\n0\r\nTrailer: x\r\n\r\n")
    assert wire.read_answer()[0] == 422


def test_answers_carry_the_safe_fields(house):
    _, headers, _ = Wire(house).send(b"GET /api/info HTTP/1.1\r\nHost: h\r\n\r\n").read_answer()
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert headers["content-type"].lower() == "application/json; charset=utf-8"


@pytest.mark.parametrize("size, wanted", [(65536, 422), (65537, 413)])
def test_a_body_has_a_limit(house, size, wanted):
    body = b'{"x":"' + b"a" * (size - 8) + b'"}'
    wire = Wire(house).send(LOGIN + b"Content-Length: %d\r\n\r\n" % size + body)
    assert wire.read_answer()[0] == wanted
