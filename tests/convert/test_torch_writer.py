"""Files written without PyTorch are in the format of PyTorch's: our reader, which reads those, reads them back."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convert.errors import UnsupportedCheckpointError
from convert.reader import load
from convert.torch_writer import save
from convert.tree import walk

CONTENT: dict[str, Any] = {
    "weight": {
        "half": np.arange(6, dtype=np.float16).reshape(2, 3),
        "scalar": np.array(2.5, np.float32),
        "empty": np.zeros((0, 4), np.int64),
        "flags": np.array([True, False]),
        "turned": np.arange(6, dtype=np.float32).reshape(2, 3).T,
    },
    "config": {"lists": [1, 2.5, [None, True]], "a tuple": (1, "一"), "large": 1 << 40, "negative": -5},
    "info": "8epoch_240iteration",
}


def test_what_is_written_is_read(tmp_path: Path) -> None:
    save(CONTENT, tmp_path / "file.pth")
    checkpoint = load(tmp_path / "file.pth", verify=True)
    for path, array in checkpoint.arrays():
        expected = CONTENT["weight"][path.split("/")[-1]]
        assert array.dtype == expected.dtype and array.shape == expected.shape and np.array_equal(array, expected)
    assert dict(checkpoint.values()) == {p: v for p, v in walk(CONTENT) if not isinstance(v, np.ndarray)}


def test_a_single_tensor_is_a_pt_file(tmp_path: Path) -> None:
    save(np.ones((1, 3), np.float32), tmp_path / "clip.wav.pt")
    assert load(tmp_path / "clip.wav.pt").tree.array().tolist() == [[1.0, 1.0, 1.0]]


def test_a_version_stands_in_the_first_two_bytes(tmp_path: Path) -> None:
    save(CONTENT, tmp_path / "pro.pth", b"05")
    assert (tmp_path / "pro.pth").read_bytes()[:4] == b"05\x03\x04"
    assert load(tmp_path / "pro.pth", verify=True).tree["info"] == CONTENT["info"]


def test_entries_are_those_that_pytorch_looks_for(tmp_path: Path) -> None:
    save(CONTENT, tmp_path / "file.pth")
    with zipfile.ZipFile(tmp_path / "file.pth") as archive:
        names = set(archive.namelist())
        assert archive.read("archive/version") == b"3\n" and archive.read("archive/byteorder") == b"little"
    assert names == {
        "archive/data.pkl",
        "archive/version",
        "archive/byteorder",
        *(f"archive/data/{i}" for i in range(5)),
    }


@pytest.mark.parametrize("value", [{"a": {1, 2}}, np.array(["text"]), object()])
def test_what_weight_files_do_not_have_is_refused_and_nothing_appears(tmp_path: Path, value: Any) -> None:
    with pytest.raises(UnsupportedCheckpointError, match="cannot be written"):
        save(value, tmp_path / "file.pth")
    assert not list(tmp_path.iterdir())
