"""Small files that claim or build enormous things are refused at once, in little memory."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.convert.torchfile import global_name, integer, pickled, save_pickle, text, zip_bytes

MAX_SECONDS = 1.0
MAX_GROWTH = 100 << 20

Bomb = Callable[[Path], Path]


def _pickle(body: bytes) -> Bomb:
    return lambda path: save_pickle(body, path)


def _storage(elements: int) -> bytes:
    storage = global_name("torch", "FloatStorage")
    return b"(" + text("storage") + storage + text("0") + text("cpu") + integer(elements) + b"tQ"


def _tensor(shape: bytes, strides: bytes, elements: int = 1) -> bytes:
    args = _storage(elements) + integer(0) + shape + strides + b"\x89N"
    return global_name("torch._utils", "_rebuild_tensor_v2") + b"(" + args + b"tR"


def _with_storage(body: bytes) -> Bomb:
    def write(path: Path) -> Path:
        path.write_bytes(zip_bytes(pickled(body), [b"\0\0\0\0"]))
        return path

    return write


def _many_views(path: Path) -> Path:
    huge = _tensor(b"(" + integer(1 << 19) + b"t", b"(" + integer(0) + b"t")
    path.write_bytes(zip_bytes(pickled(b"](" + huge * 1000 + b"e"), [b"\0\0\0\0"]))
    return path


def _shared_doubling(levels: int) -> bytes:
    body = b"]q\x00"
    for level in range(levels):
        body += b"](" + b"h" + bytes([level]) + b"h" + bytes([level]) + b"eq" + bytes([level + 1])
    return body


def _deflated_zeros(path: Path) -> Path:
    buffer = path.with_suffix(".tmp")
    with (
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("a/data.pkl", "w") as entry,
    ):
        for _ in range(512):
            entry.write(bytes(1 << 20))
    buffer.replace(path)
    return path


def _lying_about_length(path: Path) -> Path:
    """A compressed description that says it has 100 bytes and inflates to 256 MiB."""
    _deflated_zeros(path)
    data = bytearray(path.read_bytes())
    at = data.rindex(b"PK\x01\x02")
    data[at + 24 : at + 28] = struct.pack("<I", 100)
    path.write_bytes(data)
    return path


def _amplified_copies(count: int) -> bytes:
    pair = text("k") + b"N\x86q\x01"
    many = b"](" + pair + b"h\x01" * count + b"e\x85q\x02"
    make = global_name("collections", "OrderedDict") + b"q\x03"
    return many + b"0" + make + b"0](" + b"h\x03h\x02R" * count + b"e"


def _safetensors(path: Path) -> Path:
    path.write_bytes(struct.pack("<Q", 1 << 60) + b'{"a":1}')
    return path


def _safetensors_shape(path: Path) -> Path:
    table = json.dumps({"a": {"dtype": "F32", "shape": [1 << 40, 1 << 20], "data_offsets": [0, 4]}}).encode()
    path.write_bytes(struct.pack("<Q", len(table)) + table + b"\0\0\0\0")
    return path


def _safetensors_depth(path: Path) -> Path:
    table = b'{"a":' + b"[" * 500_000 + b"]" * 500_000 + b"}"
    path.write_bytes(struct.pack("<Q", len(table)) + table)
    return path


def _mindspore_length(path: Path) -> Path:
    path.write_bytes(b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x0a\x01a")
    return path


def _mindspore_shape(path: Path) -> Path:
    tensor = b"\x08\xff\xff\xff\xff\xff\xff\x3f" + b"\x12\x07Float32" + b"\x1a\x04\0\0\0\0"
    value = b"\x0a\x01a\x12" + bytes([len(tensor)]) + tensor
    path.write_bytes(b"\x0a" + bytes([len(value)]) + value)
    return path


def _legacy_elements(path: Path) -> Path:
    head = pickled(integer(0x1950A86A20F9469CFC6C)) + pickled(integer(1001))
    head += pickled(b"}" + text("little_endian") + b"\x88s")
    path.write_bytes(head + pickled(_storage(1 << 50)))
    return path


DOUBLED = b"K\x01" + b"2\x86" * 26
"""A tuple of itself 26 times doubled: 89 bytes in a file, 67 million values once it is written out."""
NESTED = b")" + b"\x85" * 100_000


def _in_messages(value: bytes) -> dict[str, Bomb]:
    """The value at every place of a file that a message quotes."""
    storage = global_name("torch", "FloatStorage")
    return {
        "codec": _pickle(global_name("_codecs", "encode") + text("x") + value + b"\x86R"),
        "element_type": _pickle(global_name("numpy", "dtype") + value + b"\x85R"),
        "device": _pickle(global_name("torch", "device") + text("cpu") + value + b"\x86R" + b"\x85" * 70),
        "called": _pickle(value + b")R"),
        "key": _pickle(b"}" + value + b"Ns"),
        "elements": _pickle(b"(" + text("storage") + storage + text("0") + text("cpu") + value + b"tQ"),
        "identifier": _pickle(value + b"Q"),
        "whole": lambda path: _write(path, pickled(value)),
        "magic": lambda path: _write(path, pickled(integer(0x1950A86A20F9469CFC6C)) + pickled(value) + pickled(b"}")),
        "legacy_elements": lambda path: _write(
            path,
            pickled(integer(0x1950A86A20F9469CFC6C))
            + pickled(integer(1001))
            + pickled(b"}" + text("little_endian") + b"\x88s")
            + pickled(b"(" + text("storage") + storage + text("0") + text("cpu") + value + b"tQ"),
        ),
    }


def _write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def _zip_directory(path: Path) -> Path:
    """A million entries, of which each becomes an object of a kilobyte."""
    entry = struct.pack("<4s6H3I5H2I", b"PK\1\2", *(0,) * 6, *(0,) * 3, 1, *(0,) * 4, 0, 0) + b"a"
    count = 200_000
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, len(entry) * count, 4, 0)
    return _write(path, b"PK\3\4" + entry * count + end)


def _mindspore_values(path: Path) -> Path:
    return _write(path, b"\x0a\x02\x0a\x00" * 1_000_000)


def _mindspore_dimensions(path: Path) -> Path:
    dimensions = b"\x0a" + b"\x80\x80\x80\x01" + bytes(1 << 21)
    tensor = b"\x0a\x01a\x12" + b"\x85\x80\x80\x01" + dimensions
    return _write(path, b"\x0a\x8c\x80\x80\x01" + tensor)


def _safetensors_many(path: Path) -> Path:
    table = b"{" + b",".join(b'"%d":[]' % number for number in range(1_000_000)) + b"}"
    return _write(path, struct.pack("<Q", len(table)) + table)


BOMBS: dict[str, Bomb] = {
    **{f"doubled_{place}": bomb for place, bomb in _in_messages(DOUBLED).items()},
    **{f"nested_{place}": bomb for place, bomb in _in_messages(NESTED).items()},
    "zip_directory": _zip_directory,
    "mindspore_values": _mindspore_values,
    "mindspore_dimensions": _mindspore_dimensions,
    "safetensors_many": _safetensors_many,
    "text_of_megabytes": _pickle((b"X" + struct.pack("<I", 1 << 20) + b"a" * (1 << 20) + b"0") * 20 + b"N"),
    "integer_length": _pickle(b"\x8b" + struct.pack("<i", (1 << 31) - 1)),
    "integer_of_a_megabyte": _pickle(b"\x8b" + struct.pack("<i", 1 << 20) + bytes(1 << 20)),
    "text_length": _pickle(b"\x8d" + struct.pack("<Q", 1 << 62)),
    "bytes_length": _pickle(b"\x8e" + struct.pack("<Q", 1 << 62)),
    "frame_length": _pickle(b"\x95" + struct.pack("<Q", 1 << 62)),
    "memo_index": _pickle(b"]r\xff\xff\xff\xff" + b"j\xfe\xff\xff\xff"),
    "millions_of_containers": _pickle(b"(" + b"}" * 8_000_000),
    "marks": _pickle(b"(" * 8_000_000),
    "nested_lists": _pickle(b"]" * 300_000 + b"a" * 299_999),
    "nested_tuples_as_key": _pickle(b"})" + b"\x85" * 300_000 + b"Ns"),
    "nested_tuples": _pickle(b")" + b"\x85" * 300_000),
    "contains_itself": _pickle(b"]q\x00h\x00a"),
    "record_contains_itself": _pickle(global_name("utils", "HParams") + b")\x81q\x00}" + text("me") + b"h\x00sb"),
    "shared_doubling": _pickle(_shared_doubling(60)),
    "amplified_copies": _pickle(_amplified_copies(50_000)),
    "view_of_terabytes": _with_storage(_tensor(b"(" + integer(1 << 40) + b"t", b"(" + integer(0) + b"t")),
    "many_large_views": _many_views,
    "stride_outside": _with_storage(_tensor(b"(" + integer(2) + b"t", b"(" + integer(1 << 40) + b"t")),
    "storage_of_terabytes": _with_storage(_tensor(b"(K\x01t", b"(K\x01t", 1 << 50)),
    "hundred_dimensions": _with_storage(_tensor(b"(" + b"K\x01" * 100 + b"t", b"(" + b"K\x01" * 100 + b"t")),
    "zip_of_zeros": _deflated_zeros,
    "zip_that_lies": _lying_about_length,
    "safetensors_table": _safetensors,
    "safetensors_shape": _safetensors_shape,
    "safetensors_depth": _safetensors_depth,
    "mindspore_length": _mindspore_length,
    "mindspore_shape": _mindspore_shape,
    "legacy_elements": _legacy_elements,
}

MEASURE = """
import os, re, signal, sys, time
from pathlib import Path
from convert import CheckpointError, load

def peak():  # getrusage's would include the parent's
    return int(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1])

def measure(path):
    signal.alarm(60)
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before, start = peak(), time.process_time()
    try:
        load(path)
        outcome = "was read"
    except CheckpointError as error:
        outcome = type(error).__name__
        assert len(str(error)) < 5000 and str(error).isprintable(), str(error)[:200]
    seconds = time.process_time() - start
    print(outcome, seconds, (peak() - before) * 1024, flush=True)

for path in map(str.strip, sys.stdin):
    child = os.fork()
    if child == 0:
        measure(path)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    if status:
        print(f"ended-with-{status}", 0.0, 0, flush=True)
"""
"""Forks for each file, so that one which ends the process ends no other, and Python and numpy start once."""


@pytest.fixture(scope="module")
def measured() -> Iterator[Callable[[Path], list[str]]]:
    """Outcome, seconds and growth of a file that is loaded in a process of its own."""
    command = [sys.executable, "-c", MEASURE]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        given, told = process.stdin, process.stdout
        assert given is not None and told is not None

        def measure(path: Path) -> list[str]:
            print(path, file=given, flush=True)
            return told.readline().split()

        yield measure


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")
@pytest.mark.parametrize("name", BOMBS)
def test_bomb_is_refused_quickly_in_little_memory(
    name: str, tmp_path: Path, measured: Callable[[Path], list[str]]
) -> None:
    outcome, seconds, growth = measured(BOMBS[name](tmp_path / "bomb.pth"))
    assert outcome in ("UnsafeCheckpointError", "CorruptCheckpointError", "UnsupportedCheckpointError")
    assert float(seconds) < MAX_SECONDS
    assert int(growth) < MAX_GROWTH


def test_compressed_file_of_ordinary_content_is_read(tmp_path: Path) -> None:
    """The limits do not hit a weight file that somebody packed again with compression."""
    import numpy as np

    from convert import load
    from tests.convert.torchfile import save

    values = np.arange(1000, dtype=np.float32)
    path = save({"weight": {"a": values}}, tmp_path / "packed.pth", compression=zipfile.ZIP_DEFLATED)
    ((_, array),) = load(path).arrays()
    assert zlib.crc32(array.tobytes()) == zlib.crc32(values.tobytes())
