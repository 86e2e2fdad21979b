"""Connections under limits: silence, endless heads, trailers, requests behind each other, more clients than places."""

from __future__ import annotations

import contextlib
import resource
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

from service.http.connections import ConnectionLimits, allow_more_files, protocol
from tests.service.proof import connections
from tests.waiting import eventually

LIMITS = ConnectionLimits(connections=5, head_seconds=0.3, head_bytes=2000, headers=20, waiting=3)
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


async def application(scope, receive, send):  # type: ignore[no-untyped-def]
    """Answer with the number of body bytes."""
    size, more = 0, True
    while more:
        message = await receive()
        size, more = size + len(message.get("body", b"")), message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    names = b",".join(name for name, _ in scope["headers"])
    await send({"type": "http.response.body", "body": b"%d %s" % (size, names)})


@pytest.fixture
def port() -> Iterator[int]:
    config = uvicorn.Config(application, port=0, log_config=None, lifespan="off", http=protocol(LIMITS))
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    eventually(lambda: server.started)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join(10)


def ask(port: int, sent: bytes) -> bytes:
    """Send bytes and return everything that comes until the connection ends."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        with contextlib.suppress(OSError):
            connection.sendall(sent)
        found = b""
        with contextlib.suppress(OSError):
            while part := connection.recv(65536):
                found += part
        return found


def test_silence_and_a_head_that_trickles_end_with_a_408(port: int) -> None:
    for begun in (b"", b"GET / HT"):
        assert ask(port, begun).startswith(b"HTTP/1.1 408")


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nLong: " + b"a" * 9000,
        b"GET / HTTP/1.1\r\n" + b"".join(b"H%d: x\r\n" % n for n in range(30)) + b"\r\n",
    ],
    ids=["address", "header", "lines"],
)
def test_a_head_over_its_limit_is_refused(port: int, sent: bytes) -> None:
    assert ask(port, sent).startswith(b"HTTP/1.1 431")


@pytest.mark.parametrize(
    ("sent", "status", "words"),
    [
        (b"FOO / HTTP/1.1\r\nHost: x\r\n\r\n", 501, b"the method of the request is unknown"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", 501, b"or this is no HTTP request"),
        (b"GET / HTTP/9.1\r\n\r\n", 400, b"the request is malformed: invalid http version"),
        (b"GET / HTTP/1.1\r\nA B: x\r\n\r\n", 400, b"the request is malformed: invalid header token"),
        (b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", 400, b"content-length"),
        (b"GET /\xff HTTP/1.1\r\n\r\n", 400, b"its address cannot be read"),
        (b"GET http:/// HTTP/1.1\r\n\r\n", 400, b"its address cannot be read"),
    ],
    ids=["method", "tls", "version", "header", "length", "bytes", "address"],
)
def test_what_is_malformed_is_told_as_that(port: int, sent: bytes, status: int, words: bytes) -> None:
    answer = ask(port, sent)
    assert answer.startswith(b"HTTP/1.1 %d " % status) and words in answer, answer


def test_trailers_are_no_headers_and_have_limits(port: int) -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n"
    assert ask(port, head + b"Cookie: x\r\n\r\n").count(b"3 host,connection,transfer-encoding\r\n") == 1
    endless = ask(port, head + b"".join(b"T%d: x\r\n" % n for n in range(500)))
    assert endless == b"" or endless.startswith(b"HTTP/1.1 431")


def test_a_few_requests_may_wait_behind_one_another(port: int) -> None:
    assert ask(port, GET * 3 + GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")).count(b"200 OK") == 4
    assert ask(port, GET * 200).count(b"200 OK") < 10


def test_the_longest_silent_connection_makes_room(port: int) -> None:
    silent = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(4)]
    last = GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    for _ in range(20):
        assert b"200 OK" in ask(port, last)
    for each in silent:
        each.close()


def test_a_large_body_is_no_head(port: int) -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 500000\r\n\r\n"
    assert b"500000 host" in ask(port, head + b"x" * 500_000)


def test_the_soft_limit_of_files_is_raised_and_connections_fit_into_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 8192))
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: asked.append(limits))
    assert allow_more_files(ConnectionLimits(connections=100_000)).connections == 8192 - 200
    assert asked == [(8192, 8192)]


def test_crowds_of_silent_and_talkative_clients_lock_nobody_out(tmp_path: Path) -> None:
    found = connections.run(tmp_path, idle=1000, pipelining=10, header_mb=20, seconds=2)
    assert found["failed"] == 0 and isinstance(found["grown_mb"], float) and found["grown_mb"] < 100, found


@pytest.mark.full
def test_two_thousand_silent_clients_and_fifty_talkative_ones(tmp_path: Path) -> None:
    found = connections.run(tmp_path)
    assert found["good"], found
