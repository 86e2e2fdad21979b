"""A training folder in the official layout, ``logs/<exp_name>/``.

``2-name2text.txt`` (name, phonemes, word2ph, text; tabs), ``3-bert/<name>.pt`` (bert_dim, X), ``4-cnhubert/<name>.pt``
(1, ssl_dim, T), ``5-wav32k/<name>`` (16-bit WAV), ``6-name2semantic.tsv`` (a head line, then name and tokens) and
``7-sv_cn/<name>.pt`` (1, 20480) for the Pro versions. Made by the official tools or by this project, it is the same.
Names come from a user: they are taken only if they are plain file names.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from convert.errors import CheckpointError
from convert.reader import load
from convert.storage import Tensor
from convert.torch_writer import save
from GPT_SoVITS.sovits.config import SovitsConfig
from GPT_SoVITS.text.errors import TextError
from GPT_SoVITS.text.symbols import to_ids

logger = logging.getLogger(__name__)
Array = np.ndarray[Any, np.dtype[Any]]
MAX_RECORDINGS = 1_000_000
MAX_INDEX_BYTES = 2 << 30


class DatasetError(ValueError):
    """The folder cannot be trained on; the message says what is missing and how it is made."""


def read_tensor(path: Path) -> Array:
    """Return the one tensor of a ``.pt`` file as float32; nothing in the file is executed.

    Raises:
        DatasetError: the file is missing, damaged, or holds something else, or a number that is none in float32.
    """
    try:
        tree = load(path).tree
    except (CheckpointError, OSError) as error:
        raise DatasetError(f"{path.name}: {error}") from error
    if not isinstance(tree, Tensor):
        raise DatasetError(f"{path.name}: holds a {type(tree).__name__}, expected one tensor")
    with np.errstate(over="ignore"):  # what is beyond float32 is said below
        array = np.array(tree.array(), np.float32)
    if not np.isfinite(array).all():
        raise DatasetError(f"{path.name}: holds numbers that are infinite or none (NaN)")
    return array


def write_tensor(path: Path, array: Array) -> None:
    """Write an array as ``torch.save`` writes a tensor."""
    save(np.asarray(array), path)


def is_plain(name: str) -> bool:
    """Whether a name is that of a file in a folder, and not a path out of it."""
    return bool(name) and name not in (".", "..") and not any(c in name for c in "/\\\0")


@dataclass
class Skipped:
    """Recordings that are not trained on, by reason."""

    names: dict[str, set[str]] = field(default_factory=dict)

    def add(self, reason: str, name: str) -> None:
        """Note one, once however often it is come upon: few recordings are repeated, and epochs are many."""
        self.names.setdefault(reason, set()).add(name)

    def summary(self) -> dict[str, int]:
        """Return how many there are for each reason."""
        return {reason: len(names) for reason, names in self.names.items()}


class Folder:
    """Reads a training folder.

    Args:
        root: ``logs/<exp_name>``.
        symbols: Phoneme set, ``v1`` or ``v2``.

    Raises:
        DatasetError: there is no list of phonemes.
    """

    def __init__(self, root: Path, symbols: str) -> None:
        self.root, self.symbols = root, symbols
        self.skipped = Skipped()
        self.phonemes = self._phonemes()

    def _lines(self, name: str, made_by: str) -> list[str]:
        path = self.root / name
        if not path.is_file():
            raise DatasetError(f"{path} is missing; {made_by} makes it")
        if path.stat().st_size > MAX_INDEX_BYTES:
            raise DatasetError(f"{path} has {path.stat().st_size} bytes, the limit is {MAX_INDEX_BYTES}")
        # What editors put in front is no part of the first name; a name that is not UTF-8 is that of no recording.
        lines = path.read_text(encoding="utf-8-sig", errors="replace").strip("\n").split("\n")
        if len(lines) > MAX_RECORDINGS:
            raise DatasetError(f"{path} has {len(lines)} lines, the limit is {MAX_RECORDINGS}")
        return lines

    def _phonemes(self) -> dict[str, Array]:
        """Name to phoneme ids."""
        found: dict[str, Array] = {}
        for line in self._lines("2-name2text.txt", "step 1a of the dataset"):
            fields = line.split("\t")
            if len(fields) != 4 or not is_plain(fields[0]):
                if line:
                    self.skipped.add("not four fields and a file name", line[:60])
                continue
            try:
                found[fields[0]] = np.array(to_ids(fields[1].split(" "), self.symbols), np.int64)
            except TextError as error:
                self.skipped.add("unknown phoneme", f"{fields[0]}: {error}")
        return found

    def tokens(self) -> list[tuple[str, Array]]:
        """Return names and semantic tokens in the order of the file.

        Raises:
            DatasetError: there is no such file.
        """
        found = []
        for line in self._lines("6-name2semantic.tsv", "step 1c of the dataset")[1:]:
            name, _, text = line.partition("\t")
            try:
                found.append((name, np.array([int(token) for token in text.split(" ")], np.int64)))
            except (ValueError, OverflowError):
                self.skipped.add("semantic tokens are not numbers", name[:60])
        return found

    def bert(self, name: str) -> Array | None:
        """Return BERT features (X, bert_dim), None where the language has none.

        Raises:
            DatasetError: the file is damaged.
        """
        path = self.root / "3-bert" / f"{name}.pt"
        return read_tensor(path).T if path.is_file() else None

    def hubert(self, name: str) -> Array:
        """Return HuBERT features (ssl_dim, T).

        Raises:
            DatasetError: the file is missing, damaged or of another shape.
        """
        array = read_tensor(self.root / "4-cnhubert" / f"{name}.pt")
        width = SovitsConfig.ssl_dim
        if array.ndim != 3 or array.shape[:2] != (1, width):
            raise DatasetError(f"4-cnhubert/{name}.pt: shape {array.shape}, expected (1, {width}, frames)")
        return np.asarray(array[0])

    def speaker(self, name: str) -> Array:
        """Return the speaker embedding (20480,).

        Raises:
            DatasetError: the file is missing, damaged or of another size.
        """
        array, width = read_tensor(self.root / "7-sv_cn" / f"{name}.pt"), SovitsConfig.speaker_embedding_dim
        if array.size != width:
            raise DatasetError(f"7-sv_cn/{name}.pt: shape {array.shape}, expected (1, {width})")
        return array.reshape(-1)

    def wave_path(self, name: str) -> Path:
        """Return the path of the 32 kHz recording."""
        return self.root / "5-wav32k" / name

    def names_of(self, part: str, suffix: str = "") -> set[str]:
        """Return the names of the files in a sub-folder, without a suffix.

        Raises:
            DatasetError: there is no such sub-folder.
        """
        folder = self.root / part
        if not folder.is_dir():
            raise DatasetError(f"{folder} is missing; the dataset steps make it")
        return {path.name.removesuffix(suffix) for path in folder.iterdir() if path.name.endswith(suffix)}
