"""Finding the user's g2pW folder and starting the network with onnxruntime."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from GPT_SoVITS import _commands
from GPT_SoVITS.text import resources
from GPT_SoVITS.text.chinese.g2pw.errors import G2pwFolderError
from GPT_SoVITS.text.chinese.g2pw.inputs import Vocabulary
from GPT_SoVITS.text.chinese.g2pw.network import PolyphoneReader, Session
from GPT_SoVITS.text.chinese.g2pw.tables import read_tables

_KEY = "g2pw"
_INSTEAD = "Chinese polyphonic characters are read by pypinyin's dictionary"
_THREADS = 2  # of onnxruntime; a piece is short, so more only wait for each other
_ERRORS_ONLY = 3


def open_user_network() -> PolyphoneReader | None:
    """Return the network of the user's folder, or None after saying once what is missing."""
    folder = resources.find("g2pw")
    if folder is None:
        resources.say_once(
            _KEY,
            f"{_INSTEAD} until the g2pW folder is there: " + _commands.module("GPT_SoVITS.resources", "fetch", "g2pw"),
        )
        return None
    try:
        return open_network(folder)
    except G2pwFolderError as error:
        resources.say_once(_KEY, f"{_INSTEAD}, because {error}")
        return None


def open_network(folder: Path) -> PolyphoneReader:
    """Start the network of a folder and try it on one character.

    Args:
        folder: Holds ``g2pW.onnx`` (or ``g2pw.onnx``), ``POLYPHONIC_CHARS.txt``, ``MONOPHONIC_CHARS.txt``,
            ``bopomofo_to_pinyin_wo_tune_dict.json`` and perhaps ``config.py`` and ``vocab.txt``.

    Raises:
        G2pwFolderError: a package, a file or the vocabulary is missing, or does not fit.
    """
    onnxruntime, opencc = _package("onnxruntime"), _package("opencc")
    tables = read_tables(folder)
    vocabulary = Vocabulary.read(_vocabulary_file(folder))
    reader = PolyphoneReader(_session(onnxruntime, folder), tables, vocabulary, opencc.OpenCC("s2tw").convert)
    for character in sorted(tables.asked)[:1]:
        reader(character)
    return reader


def _package(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise G2pwFolderError(f"the package {name} is missing: {_commands.pip_install(name)}") from error


def _vocabulary_file(folder: Path) -> Path:
    own = folder / "vocab.txt"
    path = own if own.is_file() else resources.find("bert_vocab")
    if path is None:
        raise G2pwFolderError(
            "the vocabulary of chinese-roberta-wwm-ext-large is missing: "
            + _commands.module("GPT_SoVITS.resources", "fetch", "roberta")
        )
    return path


def _session(onnxruntime: Any, folder: Path) -> Session:
    path = next((folder / name for name in ("g2pW.onnx", "g2pw.onnx") if (folder / name).is_file()), None)
    if path is None:
        raise G2pwFolderError(f"{folder} has no g2pW.onnx; fetch the g2pW folder again")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = _THREADS
    options.log_severity_level = _ERRORS_ONLY
    try:
        session: Session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors have no common base
        raise G2pwFolderError(f"{path} cannot be loaded: {error}; fetch the g2pW folder again") from error
    return session
