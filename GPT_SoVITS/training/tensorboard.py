"""TensorBoard's event files, written without TensorBoard (which would bring a web server and protobuf).

A file is a sequence of records: length, masked CRC-32C of the length, an ``Event`` message, masked CRC-32C of that.
Agrees with ``tensorflow/core/util/event.proto``, ``summary.proto`` and ``lib/io/record_writer.cc``.
"""

from __future__ import annotations

import os
import socket
import struct
import time
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

_POLYNOMIAL = 0x82F63B78
_MASK_DELTA = 0xA282EAD8


@lru_cache(maxsize=1)
def _table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = (value >> 1) ^ (_POLYNOMIAL if value & 1 else 0)
        table.append(value)
    return tuple(table)


def crc32c(data: bytes) -> int:
    """Return the Castagnoli CRC-32."""
    table, value = _table(), 0xFFFFFFFF
    for byte in data:
        value = table[(value ^ byte) & 0xFF] ^ (value >> 8)
    return value ^ 0xFFFFFFFF


def _masked(data: bytes) -> bytes:
    value = crc32c(data)
    return struct.pack("<I", (((value >> 15) | (value << 17)) + _MASK_DELTA) & 0xFFFFFFFF)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _bytes(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _event(step: int, content: bytes) -> bytes:
    return b"\x09" + struct.pack("<d", time.time()) + b"\x10" + _varint(step) + content


class EventFile:
    """An event file of its own for each run.

    Args:
        folder: Where it lies; made if it is missing.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        name = f"events.out.tfevents.{time.time_ns() // 1000:017d}.{socket.gethostname()}.{os.getpid()}"
        self.path = folder / name
        self._write(_event(0, _bytes(3, b"brain.Event:2")))

    def _write(self, event: bytes) -> None:
        length = struct.pack("<Q", len(event))
        with self.path.open("ab") as file:
            file.write(length + _masked(length) + event + _masked(event))

    def scalars(self, step: int, numbers: Mapping[str, float]) -> None:
        """Write numbers of a step under their names."""
        summary = b""
        for name, number in numbers.items():
            summary += _bytes(1, _bytes(1, name.encode()) + b"\x15" + struct.pack("<f", number))
        self._write(_event(step, _bytes(5, summary)))
