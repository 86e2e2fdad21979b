"""MDX-Net models: chunks, segments and transforms as officially."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from GPT_SoVITS.separation import mdx
from GPT_SoVITS.separation.errors import SeparationError
from tests.separation.generated import echo, recording

GOLDEN = Path(__file__).parents[1] / "data" / "separation.npz"


def test_a_recording_is_separated_as_officially(monkeypatch: pytest.MonkeyPatch) -> None:
    # The numbers were recorded with segments of one second, so that a short recording has several.
    monkeypatch.setattr(mdx, "SEGMENT", 44100)
    wave = recording(3.0)
    parts = mdx.MdxSeparator(echo)(wave)
    with np.load(GOLDEN) as file:
        official = file["mdx"]
    assert np.abs(parts.kept[:, ::7] - official).max() < 2e-5
    assert np.array_equal(parts.rest, wave - parts.kept)


@pytest.mark.parametrize("total", [1, 44100, mdx.SEGMENT, mdx.SEGMENT + 1, mdx.SEGMENT + mdx.OVERLAP + 1, 5_000_000])
def test_segments_cover_a_recording_once(total: int) -> None:
    found = list(mdx.segments(total))
    assert found[0][0] == 0 and found[-1][2] == total
    assert all(a[2] == b[0] for a, b in pairwise(found))
    assert all(start >= before and end + after <= total for start, before, end, after in found)


def test_waves_undo_spectra_below_the_highest_bin() -> None:
    chunk = np.random.default_rng(0).normal(size=(2, mdx.CHUNK)).astype(np.float32)
    again = mdx.waves(mdx.spectra(chunk))
    assert np.abs(np.fft.rfft(again - chunk))[:, : mdx.CHUNK // 2 - 200].max() < np.sqrt(mdx.CHUNK)


def test_a_folder_without_the_model_says_so(tmp_path: Path) -> None:
    with pytest.raises(SeparationError, match=r"holds no vocals\.onnx"):
        mdx.open_mdx(tmp_path)
    (tmp_path / "vocals.onnx").write_bytes(b"not onnx")
    pytest.importorskip("onnxruntime")
    with pytest.raises(SeparationError, match="is no ONNX model"):
        mdx.open_mdx(tmp_path)
