"""Our checkpoint files and MindSpore's own are interchangeable."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convert import load
from convert.mindspore_ckpt import write

pytestmark = pytest.mark.skipif(find_spec("mindspore") is None, reason="MindSpore is not installed")

ARRAYS: dict[str, np.ndarray[Any, Any]] = {
    "f32": np.arange(6, dtype=np.float32).reshape(2, 3),
    "f16": np.array([1.5, -2], np.float16),
    "f64": np.array([1e300]),
    "i64": np.array([1 << 40, -3]),
    "i32": np.array([[7]], np.int32),
    "u8": np.array([255], np.uint8),
    "bool": np.array([True, False]),
    "scalar": np.array(2.5, np.float32),
}


@pytest.fixture(scope="module")
def ms() -> Any:
    """MindSpore, loaded where these tests run: the other processes of a parallel run only list them."""
    import mindspore

    return mindspore


def test_mindspore_reads_what_we_write(ms: Any, tmp_path: Path) -> None:
    path = tmp_path / "ours.ckpt"
    with path.open("wb") as file:
        write(file, {"note": "配置"}, ARRAYS)
    found = ms.load_checkpoint(str(path), crc_check=True)
    assert found.pop("note") == "配置"
    assert set(found) == set(ARRAYS)
    for key, array in ARRAYS.items():
        assert found[key].asnumpy().dtype == array.dtype
        np.testing.assert_array_equal(found[key].asnumpy(), array)


@pytest.mark.parametrize("crc_check", [False, True])
def test_we_read_what_mindspore_writes(ms: Any, crc_check: bool, tmp_path: Path) -> None:
    path = tmp_path / "theirs.ckpt"
    content = [{"name": key, "data": ms.Tensor(array)} for key, array in ARRAYS.items()]
    content.append({"name": "bf16", "data": ms.Tensor([1.0, -2.5], ms.bfloat16)})
    ms.save_checkpoint(content, str(path), append_dict={"note": "hello", "lr": 0.5}, crc_check=crc_check)
    checkpoint = load(path)
    found = {name.removeprefix("/"): array for name, array in checkpoint.arrays()}
    assert dict(checkpoint.values()) == {"/note": "hello"}
    np.testing.assert_array_equal(found["bf16"], np.array([1.0, -2.5], np.float32))
    for key, array in ARRAYS.items():
        np.testing.assert_array_equal(found[key].reshape(array.shape), array)
