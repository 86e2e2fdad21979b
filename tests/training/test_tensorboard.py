"""Event files are what TensorBoard reads: records with two checksums, and messages of its own schema."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from GPT_SoVITS.training.tensorboard import EventFile, crc32c


def test_the_checksum_is_castagnolis() -> None:
    assert crc32c(b"123456789") == 0xE3069283


def _unmask(value: int) -> int:
    rotated = (value - 0xA282EAD8) & 0xFFFFFFFF
    return (rotated >> 17 | rotated << 15) & 0xFFFFFFFF


def _records(path: Path) -> Iterator[bytes]:
    data, at = path.read_bytes(), 0
    while at < len(data):
        length, checksum = struct.unpack_from("<QI", data, at)
        assert crc32c(data[at : at + 8]) == _unmask(checksum)
        record = data[at + 12 : at + 12 + length]
        assert crc32c(record) == _unmask(struct.unpack_from("<I", data, at + 12 + length)[0])
        yield record
        at += 16 + length


def test_a_number_is_written_under_its_name_and_step(tmp_path: Path) -> None:
    file = EventFile(tmp_path / "log")
    file.scalars(300, {"loss/total": 1.5})
    head, event = _records(file.path)
    assert head.endswith(b"\x1a\x0dbrain.Event:2")
    assert event[9:12] == b"\x10\xac\x02"  # step 300
    value = b"\x0a\x0aloss/total\x15" + struct.pack("<f", 1.5)
    assert event[12:] == b"\x2a" + bytes([len(value) + 2]) + b"\x0a" + bytes([len(value)]) + value


def test_runs_have_files_of_their_own(tmp_path: Path) -> None:
    assert EventFile(tmp_path).path != EventFile(tmp_path).path
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("step", [0, 127, 128, 1 << 40])
def test_steps_of_any_size_are_written(tmp_path: Path, step: int) -> None:
    file = EventFile(tmp_path)
    file.scalars(step, {"a": 1.0})
    assert len(list(_records(file.path))) == 2
