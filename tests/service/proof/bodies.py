"""Bodies of 2 GB and clips of ten hours: refused within a second of the limit, at the cost of the limit."""

from __future__ import annotations

import contextlib
import io
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from tests.service.proof.harness import Service, serving
from tests.service.samples import FIELDS

Found = dict[str, Any]
_TWO_GIGABYTES = 2 << 30
_PIECE = 1 << 16
_FORM = "multipart/form-data; boundary=proof"
_UPLOAD_START = (
    b'--proof\r\nContent-Disposition: form-data; name="refer_wav"; filename="a.wav"\r\n'
    b"Content-Type: audio/wav\r\n\r\nRIFF"
)
_HOURS = 10
_RATE = 8_000


def silent_flac(hours: float = _HOURS) -> bytes:
    """Return hours of silence; a megabyte holds eight of them."""
    stream = io.BytesIO()
    minute = np.zeros(60 * _RATE, np.int16)
    with soundfile.SoundFile(stream, "w", _RATE, 1, "PCM_16", format="FLAC", compression_level=0) as file:
        for _ in range(round(60 * hours)):
            file.write(minute)
    return stream.getvalue()


def without_length(flac: bytes) -> bytes:
    """Return a FLAC file whose header does not say how long it is, as one that was streamed."""
    found = bytearray(flac)
    found[21] &= 0xF0  # 36 bits: after the marker (4), the block's header (4) and 13 bytes of it
    found[22:26] = bytes(4)
    return bytes(found)


def _head(path: str, kind: str, length: int | None) -> bytes:
    size = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    return f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {kind}\r\n{size}\r\n\r\n".encode()


def _pieces(first: bytes, chunked: bool) -> Iterator[bytes]:
    piece = first.ljust(_PIECE, b" ")
    for _ in range(_TWO_GIGABYTES // _PIECE):
        yield b"%x\r\n" % _PIECE + piece + b"\r\n" if chunked else piece
        piece = b" " * _PIECE


def _sent(service: Service, path: str, kind: str, limit: int, chunked: bool) -> Found:
    """Send 2 GB; return what came back, and how long after the limit was reached."""
    first = _UPLOAD_START if kind == _FORM else b"{"
    with socket.create_connection(("127.0.0.1", service.port), 30) as connection:
        connection.sendall(_head(path, kind, None if chunked else _TWO_GIGABYTES))
        sent, over, answer = 0, time.monotonic(), b""
        with contextlib.suppress(OSError):
            for piece in _pieces(first, chunked):
                if chunked and sent <= limit:
                    over = time.monotonic()
                connection.sendall(piece)
                sent += len(piece)
        with contextlib.suppress(OSError):
            while data := connection.recv(_PIECE):
                answer += data
        seconds = time.monotonic() - over
    status = answer.split(b" ", 2)[1].decode() if answer.startswith(b"HTTP/1.1 ") else "closed"
    return {"status": status, "seconds": round(seconds, 3), "megabytes_sent": round(sent / 1e6, 1)}


def _flac(service: Service, content: bytes) -> Found:
    with service.client(60) as client:
        began = time.monotonic()
        answer = client.post("/voice-models", data=FIELDS, files={"refer_wav": ("silence.flac", content)})
        seconds = time.monotonic() - began
    said = {
        "status": str(answer.status_code),
        "seconds": round(seconds, 3),
        "megabytes_sent": round(len(content) / 1e6, 1),
    }
    return {**said, "message": answer.json()["message"]}


def run(root: Path, times: int = 5, allowed_seconds: float = 1.0) -> Found:
    """Send everything and return what was found.

    Args:
        root: An empty folder.
        times: How often.
        allowed_seconds: Between reaching a limit and the end of the answer.
    """
    silence = silent_flac()
    with serving(root) as service:
        _flac(service, b"fLaC")
        before = service.memory()
        json, form = ("/voice-tasks", "application/json", 1 << 20), ("/voice-models", _FORM, 26 << 20)
        tried: dict[str, Callable[[], Found]] = {
            "json, declared": lambda: _sent(service, *json, chunked=False),
            "json, chunked": lambda: _sent(service, *json, chunked=True),
            "upload, declared": lambda: _sent(service, *form, chunked=False),
            "upload, chunked": lambda: _sent(service, *form, chunked=True),
            "ten hours of FLAC": lambda: _flac(service, silence),
            "the same without its length": lambda: _flac(service, without_length(silence)),
        }
        # The quickest of several: what it takes, not what else this machine is doing.
        found = {
            name: min((send() for _ in range(times)), key=lambda each: each["seconds"]) for name, send in tried.items()
        }
        grown = (service.memory() - before) / 1e6
        with service.client() as client:
            alive = client.get("/healthz").status_code == 200
        left = [str(path) for path in (root / "audio" / ".staging").glob("*")]
    refused = all(each["status"] in ("413", "400", "closed") for each in found.values())
    quick = all(each["seconds"] <= allowed_seconds for each in found.values())
    little = all(each["megabytes_sent"] < 64 for each in found.values())
    return {
        "good": refused and quick and little and alive and not left and grown < 100,
        **found,
        "megabytes_more": round(grown, 1),
        "left_behind": left,
    }
