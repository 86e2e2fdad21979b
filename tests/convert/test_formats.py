"""safetensors, Hugging Face folders, legacy and MindSpore files; laziness; mistakes people make."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convert import CorruptCheckpointError, UnsafeCheckpointError, UnsupportedCheckpointError, load
from convert import mindspore_ckpt as ms_format
from convert.storage import Deflated, Region
from tests.convert.conftest import CHECKPOINTS
from tests.convert.torchfile import global_name, save, save_legacy, save_pickle, text

Arrays = dict[str, np.ndarray[Any, Any]]


def write_safetensors(path: Path, arrays: Arrays, dtypes: dict[str, str] | None = None) -> Path:
    names = {"float32": "F32", "float16": "F16", "int64": "I64", "bool": "BOOL", "uint16": "U16"}
    table: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    data = b""
    for key, array in arrays.items():
        raw = array.tobytes()
        dtype = (dtypes or {}).get(key, names[array.dtype.name])
        table[key] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    header = json.dumps(table).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + data)
    return path


ARRAYS: Arrays = {
    "a": np.arange(6, dtype=np.float32).reshape(2, 3),
    "b": np.array([1.5, -2], np.float16),
    "c": np.array(7, np.int64),
    "d": np.array([True, False]),
    "e": np.zeros((0, 3), np.float32),
}


def assert_same(found: Arrays, wanted: Arrays, prefix: str = "/") -> None:
    assert set(found) == {prefix + key for key in wanted}
    for key, array in wanted.items():
        assert found[prefix + key].dtype == array.dtype
        np.testing.assert_array_equal(found[prefix + key], array)


def test_safetensors(tmp_path: Path) -> None:
    checkpoint = load(write_safetensors(tmp_path / "model.safetensors", ARRAYS))
    assert checkpoint.format == "safetensors"
    assert_same(dict(checkpoint.arrays()), ARRAYS)


def test_bfloat16_is_widened(tmp_path: Path) -> None:
    values = np.array([1.0, -3.5, 2.0**100], np.float32)
    stored = (values.view(np.uint32) >> 16).astype(np.uint16)
    path = write_safetensors(tmp_path / "x.safetensors", {"a": stored}, {"a": "BF16"})
    ((_, array),) = load(path).arrays()
    assert array.dtype == np.float32
    np.testing.assert_array_equal(array, values)


@pytest.mark.parametrize(
    "entry",
    [
        {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": [1], "data_offsets": [4, 0]},
        {"dtype": "F32", "shape": [1], "data_offsets": [0, 400]},
        {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": "1", "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": [True], "data_offsets": [0, 4]},
        {"dtype": "F32"},
        [],
    ],
)
def test_safetensors_entry_that_contradicts_itself_is_refused(entry: Any, tmp_path: Path) -> None:
    header = json.dumps({"a": entry}).encode()
    path = tmp_path / "x.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(4))
    with pytest.raises(CorruptCheckpointError, match=r"x\.safetensors: "):
        load(path)


def test_folder_with_one_file_and_configuration(tmp_path: Path) -> None:
    write_safetensors(tmp_path / "model.safetensors", ARRAYS)
    (tmp_path / "config.json").write_text('{"hidden_size": 3}')
    checkpoint = load(tmp_path)
    assert checkpoint.format == "huggingface-folder"
    assert checkpoint.tree["config"] == {"hidden_size": 3}
    assert_same(dict(checkpoint.arrays()), ARRAYS, "/weight/")


def sharded(folder: Path, names: dict[str, str]) -> None:
    write_safetensors(folder / "one.safetensors", {"a": ARRAYS["a"]})
    write_safetensors(folder / "two.safetensors", {"b": ARRAYS["b"]})
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": names}))


def test_sharded_folder(tmp_path: Path) -> None:
    sharded(tmp_path, {"a": "one.safetensors", "b": "two.safetensors"})
    assert_same(dict(load(tmp_path).arrays()), {key: ARRAYS[key] for key in "ab"}, "/weight/")


@pytest.mark.parametrize("name", ["../one.safetensors", "/etc/passwd", "sub/one.safetensors", "..", "a\\b", ""])
def test_shard_outside_the_folder_is_refused(name: str, tmp_path: Path) -> None:
    sharded(tmp_path, {"a": name})
    with pytest.raises(CorruptCheckpointError, match="not the name of a file"):
        load(tmp_path)


def test_missing_shard_is_named(tmp_path: Path) -> None:
    sharded(tmp_path, {"a": "one.safetensors", "b": "three.safetensors"})
    with pytest.raises(CorruptCheckpointError, match=r"three\.safetensors"):
        load(tmp_path)


def test_folder_without_weights_says_what_it_looked_for(tmp_path: Path) -> None:
    with pytest.raises(CorruptCheckpointError, match=r"pytorch_model\.bin"):
        load(tmp_path)


def test_legacy_and_zip_give_the_same(tmp_path: Path) -> None:
    arrays = {key: ARRAYS[key] for key in "abcd"}
    content = {"weight": arrays, "epoch": 3, "betas": [0.8, 0.99], "shape": (1, 2)}
    old, new = load(save_legacy(content, tmp_path / "old.pth")), load(save(content, tmp_path / "new.pth"))
    assert (old.format, new.format) == ("torch-legacy", "torch-zip")
    assert dict(old.values()) == dict(new.values())
    assert_same(dict(old.arrays()), arrays, "/weight/")
    assert_same(dict(new.arrays()), arrays, "/weight/")


def test_mindspore_format_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "x.ckpt"
    with path.open("wb") as file:
        ms_format.write(file, {"note": "版本 v2 🙂"}, ARRAYS)
    checkpoint = load(path)
    assert checkpoint.format == "mindspore"
    assert dict(checkpoint.values()) == {"/note": "版本 v2 🙂"}
    assert_same(dict(checkpoint.arrays()), ARRAYS)


def test_mindspore_format_is_checked_by_its_checksum(tmp_path: Path) -> None:
    path = tmp_path / "x.ckpt"
    with path.open("wb") as file:
        ms_format.write(file, {}, ARRAYS)
    data = bytearray(path.read_bytes())
    data[data.index(ARRAYS["a"].tobytes()) + 5] ^= 1
    path.write_bytes(data)
    with pytest.raises(CorruptCheckpointError, match="checksum"):
        load(path)


def test_our_file_without_its_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.ckpt"
    with path.open("wb") as file:
        ms_format.write(file, {ms_format.METADATA_TAG: "{}"}, {})
        cut = file.tell() - 17
    data = path.read_bytes()
    path.write_bytes(data[:cut])  # ends where a value ends, so the format itself notices nothing
    with pytest.raises(CorruptCheckpointError, match="cut short"):
        load(path)


def test_tensor_in_slices_is_joined(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(ms_format, "_SLICE", 16)
    path = tmp_path / "x.ckpt"
    array = np.arange(100, dtype=np.float32)
    with path.open("wb") as file:
        ms_format.write(file, {}, {"a": array})
    assert_same(dict(load(path).arrays()), {"a": array})


def test_stored_values_are_views_on_the_mapped_file(tmp_path: Path) -> None:
    path = save({"a": ARRAYS["a"]}, tmp_path / "x.pth")
    ((_, tensor),) = load(path).tensors()
    assert isinstance(tensor.blob, Region)
    one, two = tensor.array(), tensor.array()
    assert np.shares_memory(one, two)
    with pytest.raises(ValueError, match="read-only"):
        one[0] = 1


def test_large_file_is_verified_only_when_values_are_asked_for() -> None:
    checkpoint = load(CHECKPOINTS / "corrupt_crc.ckpt", verify=False)
    with pytest.raises(CorruptCheckpointError, match="data/0"):
        list(checkpoint.arrays())


def test_opening_reads_little_of_a_large_file(tmp_path: Path) -> None:
    path = tmp_path / "large.safetensors"
    header = json.dumps({"a": {"dtype": "F32", "shape": [1 << 30], "data_offsets": [0, 4 << 30]}}).encode()
    with path.open("wb") as file:  # sparse: four gigabytes that take no space
        file.write(struct.pack("<Q", len(header)) + header)
        file.truncate(8 + len(header) + (4 << 30))
    ((_, tensor),) = load(path).tensors()
    assert tensor.shape == (1 << 30,)
    assert float(tensor.array()[-1]) == 0.0


def test_compressed_entries_are_read_within_their_declared_length(tmp_path: Path) -> None:
    path = save({"a": ARRAYS["a"]}, tmp_path / "x.pth", compression=8)
    ((_, tensor),) = load(path).tensors()
    assert isinstance(tensor.blob, Deflated)
    np.testing.assert_array_equal(tensor.array(), ARRAYS["a"])


@pytest.mark.parametrize(("module", "name"), [("argparse", "Namespace"), ("torch.nn", "Linear"), ("__main__", "X")])
def test_unknown_class_is_named(module: str, name: str, tmp_path: Path) -> None:
    path = save_pickle(global_name(module, name) + b")\x81}" + text("a") + b"K\x01sb", tmp_path / "x.pth")
    with pytest.raises(UnsafeCheckpointError, match=rf"{module}\.{name}") as caught:
        load(path)
    assert caught.value.name == f"{module}.{name}"


@pytest.mark.parametrize(
    "body",
    [
        b"K\x01)R",  # calls a number
        global_name("torch", "FloatStorage") + b")R",  # a class that is only a name
        b"]}b",  # state of a list
        global_name("collections", "OrderedDict") + b"K\x01R",  # arguments that are no tuple
        global_name("utils", "HParams") + text("x") + b"\x85\x81",  # constructor arguments
        global_name("_codecs", "encode") + text("x") + text("rot13") + b"\x86R",
        b"(" + text("x") + b"ios\nsystem\n",  # INST
        text("x") + b"\x85Q",  # a persistent id that is no storage
        b"\x82\x01",  # EXT1
        b"P1\n",  # PERSID
    ],
)
def test_nothing_but_known_makers_can_be_called(body: bytes, tmp_path: Path) -> None:
    with pytest.raises((UnsafeCheckpointError, CorruptCheckpointError, UnsupportedCheckpointError)):
        load(save_pickle(body, tmp_path / "x.pth"))


def test_numpy_scalars_of_training_logs_are_plain_numbers(tmp_path: Path) -> None:
    dtype = global_name("numpy", "dtype") + text("f8") + b"\x89\x88\x87R(K\x03" + text("<") + b"NNNJ\xff\xff\xff\xff"
    dtype += b"J\xff\xff\xff\xffK\x00tb"
    raw = global_name("_codecs", "encode") + text(struct.pack("<d", 0.25).decode("latin1")) + text("latin1") + b"\x86R"
    body = b"}" + text("loss") + global_name("numpy.core.multiarray", "scalar") + dtype + raw + b"\x86Rs"
    assert dict(load(save_pickle(body, tmp_path / "x.pth")).values()) == {"/loss": 0.25}
