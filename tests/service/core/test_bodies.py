"""Bodies over their limit are refused while they come, slow ones are given up, and neither disturbs others."""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Iterator

import pytest

from tests.service.conftest import Running, Starter
from tests.service.samples import make_voice

JSON_TYPE = "application/json"
JSON = {"content-type": JSON_TYPE}


def exchange(running: Running, head: bytes, pieces: Iterator[bytes] | None = None) -> tuple[bytes, int]:
    """Send bytes as they are; return the answer and how many bytes of the body went out before it came."""
    url = running.client.base_url
    with socket.create_connection((url.host, url.port or 80), timeout=10) as connection:
        connection.sendall(head)
        sent = 0
        connection.settimeout(10)
        try:
            for piece in pieces or ():
                connection.sendall(piece)
                sent += len(piece)
        except OSError:  # the server closed: it has said what it had to say
            pass
        answer = b""
        try:
            while data := connection.recv(65536):
                answer += data
        except OSError:
            pass
    return answer, sent


def head(length: int | None, path: str = "/voice-categories") -> bytes:
    size = b"transfer-encoding: chunked" if length is None else b"content-length: %d" % length
    return b"POST %s HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n%s\r\n\r\n" % (
        path.encode(),
        size,
    )


def test_a_body_that_says_it_is_too_large_is_refused_before_it_comes(running: Running) -> None:
    answer, _ = exchange(running, head(2 << 30))
    assert answer.startswith(b"HTTP/1.1 413")
    assert b'"code":3' in answer and b"1 MiB" in answer


def test_a_body_that_says_nothing_is_refused_at_the_limit(running: Running) -> None:
    def endless() -> Iterator[bytes]:
        piece = b"10000\r\n" + b" " * 65536 + b"\r\n"
        for _ in range(2 << 30 >> 16):
            yield piece

    answer, sent = exchange(running, head(None), endless())
    assert sent < 64 << 20, "far from the 2 GiB that were to come"
    assert answer == b"" or answer.startswith(b"HTTP/1.1 413")


def test_the_limit_itself_is_allowed(start: Starter) -> None:
    running = start(json_limit=100)
    body = b'{"category_name": "x"}'
    assert running.client.post("/voice-categories", content=body.ljust(100), headers=JSON).status_code == 200
    assert running.client.post("/voice-categories", content=body.ljust(101), headers=JSON).status_code == 413


def test_uploads_have_a_limit_of_their_own(start: Starter) -> None:
    running = start(upload_limit=1000, avatar_limit=1000)
    form = {"content-type": "multipart/form-data; boundary=x"}
    assert running.client.post("/voice-models", content=b"x" * (1 << 20), headers=form).status_code in (400, 422)
    assert running.client.post("/voice-models", content=b"x" * (2 << 20), headers=form).status_code == 413
    assert running.client.post("/voice-categories", content=b"x" * (2 << 20), headers=form).status_code == 413


def test_a_body_that_stops_coming_is_given_up(start: Starter) -> None:
    running = start(body_timeout=0.2)
    answer, _ = exchange(running, head(100), iter([b"{"]))
    assert answer.startswith(b"HTTP/1.1 408")


def test_slow_clients_do_not_hold_up_others(start: Starter) -> None:
    running = start()
    url = running.client.base_url
    slow = []
    try:
        for _ in range(100):
            connection = socket.create_connection((url.host, url.port or 80), timeout=5)
            connection.sendall(head(1000) + b"{")
            slow.append(connection)
        times = []
        for _ in range(30):
            began = time.perf_counter()
            assert running.client.get("/healthz").status_code == 200
            times.append(time.perf_counter() - began)
        assert max(times) < 10, "the slow ones are given up after 30 s and more"
    finally:
        for connection in slow:
            connection.close()


def test_lengths_that_are_none(running: Running) -> None:
    for length in [b"-1", b"x", b"1 1", b"18446744073709551617"]:
        request = b"POST /voice-categories HTTP/1.1\r\nhost: localhost\r\ncontent-length: " + length + b"\r\n\r\n{}"
        answer, _ = exchange(running, request)
        assert answer == b"" or answer.split()[1] in (b"400", b"413", b"422")
        assert running.client.get("/healthz").status_code == 200


@pytest.mark.parametrize("content_type", [None, "application/x-www-form-urlencoded", "text/plain;charset=UTF-8"])
@pytest.mark.parametrize("path", ["/voice-categories", "/tts", "/", "/v1/audio/speech"])
def test_json_is_read_whatever_the_content_type_says(running: Running, path: str, content_type: str | None) -> None:
    """``curl -d '{...}'`` names the type of forms, some old clients name none."""
    body = {"category_name": "Books", "text": "1", "text_lang": "no such language", "voice": "x", "input": "1"}
    headers = {} if content_type is None else {"content-type": content_type}
    answer = running.client.post(path, content=json.dumps(body), headers=headers)
    expected = running.client.post(path, json={**body, "category_name": "Other books"})
    assert answer.status_code == expected.status_code
    assert answer.status_code != 422, answer.text
    if path != "/voice-categories":
        assert answer.json() == expected.json()


def test_forms_are_still_forms(running: Running) -> None:
    make_voice(running.client)
    answer = running.client.patch("/voice-models/narrator", data={"model_name": "Renamed"})
    assert answer.json()["data"]["model_name"] == "Renamed"


@pytest.mark.parametrize("mebibytes", [5, 10])
def test_a_plain_client_reads_the_refusal_of_a_body_that_it_sends_whole(running: Running, mebibytes: int) -> None:
    """``http.client`` sends everything before it reads; a reset connection would hide the answer from it."""
    address = running.client.base_url
    connection = http.client.HTTPConnection(address.host, address.port, timeout=20)
    connection.request("POST", "/voice-categories", body=b" " * (mebibytes << 20), headers={"Content-Type": JSON_TYPE})
    assert connection.getresponse().status == 413
    connection.close()
