"""Files that appear whole: where the disk refuses at the very end, what was there is there."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from convert import atomic
from GPT_SoVITS.engine.messages import WeightsPair
from service.files.whole import write_whole
from service.folders import write_atomically
from service.weights import choice
from service.weights.choice import Remembered


def _in_parts(path: Path, content: bytes) -> None:
    write_whole(path, [content[:1], content[1:]], durable=True)


def _converted(path: Path, content: bytes) -> None:
    with atomic.replacing(path) as stream:
        stream.write(content)


both = pytest.mark.parametrize("write", [write_atomically, _in_parts, _converted])
Write = Callable[[Path, bytes], None]


def _broken(*_: object) -> None:
    raise OSError(errno.EIO, "Input/output error")


@both
def test_a_name_that_cannot_be_put_on_the_disk_is_taken_back(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there, new = tmp_path / "there.txt", tmp_path / "new.txt"
    write(there, b"before")
    monkeypatch.setattr(atomic, "sync_folder", _broken)
    for path in (there, new):
        with pytest.raises(OSError, match="Input/output"):
            write(path, b"after")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"there.txt": b"before"}


@both
def test_a_file_system_without_links_is_written_all_the_same(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", unknown)
    for content in (b"one", b"two"):
        write(tmp_path / "a.txt", content)
        assert [path.read_bytes() for path in tmp_path.iterdir()] == [content]


def test_a_choice_of_weights_whose_names_are_in_place_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Two files changed already; a disk that refuses to say that they are on it may refuse to put them back."""
    chosen = Remembered(tmp_path, WeightsPair(str(tmp_path / "a.ckpt"), str(tmp_path / "a.pth")))
    monkeypatch.setattr(choice, "sync_folder", _broken)
    chosen.keep()
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "gweight.txt": "a.ckpt\n",
        "sweight.txt": "a.pth\n",
    }
    assert "power cut" in caplog.text
