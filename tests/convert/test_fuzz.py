"""Damaged files: a typed error, or exactly what the sound file holds."""

from __future__ import annotations

import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from convert import CheckpointError, load
from convert.mindspore_ckpt import METADATA_TAG, write
from tests.convert.conftest import CHECKPOINTS
from tests.convert.test_formats import ARRAYS, write_safetensors

# Formats with checksums must never give other values; the others have nothing to notice a changed number by.
CHECKSUMMED = ("odd_tensors.pth", "s2G_v3_lora.pth", "pytorch_model.bin", "ours.ckpt")
PLAIN = ("odd_tensors_legacy.pth", "model.safetensors")


@lru_cache
def sound(name: str) -> bytes:
    """Bytes of a sound file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        if name == "ours.ckpt":
            with path.open("wb") as file:
                write(file, {METADATA_TAG: "{}"}, ARRAYS)
        elif name == "model.safetensors":
            write_safetensors(path, ARRAYS)
        else:
            path = CHECKPOINTS / name
        return path.read_bytes()


def content(data: bytes) -> dict[str, Any]:
    """Everything a file holds, tensors as bytes."""
    with tempfile.NamedTemporaryFile(suffix=".pth") as file:
        file.write(data)
        file.flush()
        checkpoint = load(file.name)
        found = {name: (array.shape, array.dtype.str, array.tobytes()) for name, array in checkpoint.arrays()}
        return found | dict(checkpoint.values())


@st.composite
def damage(draw: st.DrawFn, size: int) -> list[tuple[str, int, bytes]]:
    """Edits: (what, where, bytes)."""
    edit = st.tuples(
        st.sampled_from(["flip", "overwrite", "insert", "delete", "truncate"]),
        st.one_of(
            st.integers(0, size - 1), st.integers(0, min(size - 1, 300)), st.integers(max(0, size - 300), size - 1)
        ),
        st.one_of(st.binary(min_size=1, max_size=8), st.sampled_from([b"\xff" * 8, b"\0" * 8, b"R", b"cos\nsystem\n"])),
    )
    return draw(st.lists(edit, min_size=1, max_size=4))


def damaged(data: bytes, edits: list[tuple[str, int, bytes]]) -> bytes:
    """Apply edits."""
    result = bytearray(data)
    for what, where, new in edits:
        if what == "flip" and where < len(result):
            result[where] ^= new[0] or 1
        elif what == "overwrite":
            result[where : where + len(new)] = new
        elif what == "insert":
            result[where:where] = new
        elif what == "delete":
            del result[where : where + len(new)]
        elif what == "truncate":
            del result[where:]
    return bytes(result)


def check(name: str, edits: list[tuple[str, int, bytes]]) -> None:
    data = damaged(sound(name), edits)
    try:
        with np.errstate(all="ignore"):
            found = content(data)
    except CheckpointError:
        return
    if name in CHECKSUMMED and data != sound(name):
        assert found == content(sound(name))


def run(name: str, examples: int) -> None:
    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(damage(len(sound(name))))
    def property_holds(edits: list[tuple[str, int, bytes]]) -> None:
        check(name, edits)

    property_holds()


@pytest.mark.parametrize("name", CHECKSUMMED + PLAIN)
def test_damaged_file_is_refused_or_read_correctly(name: str) -> None:
    run(name, 150)


@pytest.mark.full
@pytest.mark.parametrize("name", CHECKSUMMED + PLAIN)
def test_damaged_file_is_refused_or_read_correctly_for_long(name: str) -> None:
    run(name, 4_000)
