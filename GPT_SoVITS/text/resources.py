"""Optional data that a user supplies: where it may lie, and saying once that it is missing.

Nothing here is required and nothing is downloaded. Folders are searched in this order: those of the environment
variable ``GPT_SOVITS_TEXT_RESOURCES`` (separated as ``PATH`` is), ``pretrained_models/text`` and the places where an
official installation keeps the same file, then folders of the system (Open JTalk's dictionary, NLTK's data).
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

VARIABLE = "GPT_SOVITS_TEXT_RESOURCES"
_PACKAGE = Path(__file__).resolve().parent.parent
_log = logging.getLogger("GPT_SoVITS.text")


@dataclass(frozen=True)
class Resource:
    """Where one resource may lie.

    Attributes:
        names: Paths below a searched folder, best first. ``.`` is the searched folder itself.
        needs: Files that must lie in it when it is a folder, each entry one or more alternatives; empty for a file.
        places: Absolute folders or files that other programs use for it.
    """

    names: tuple[str, ...]
    needs: tuple[tuple[str, ...], ...] = ()
    places: tuple[str, ...] = ()

    def holds(self, path: Path) -> bool:
        """Whether ``path`` is this resource: a folder with the needed files, or a plain file."""
        try:
            if not self.needs:
                return path.is_file()
            return all(any((path / name).is_file() for name in names) for names in self.needs)
        except OSError:  # what may not be read is as good as absent
            return False


_TAGGER = "averaged_perceptron_tagger_eng"
RESOURCES: dict[str, Resource] = {
    # Folder of the official English dictionaries (cmudict.rep, cmudict-fast.rep, perhaps engdict-hot.rep).
    "cmudict_official": Resource(
        ("official_text", ".", "text", "GPT_SoVITS/text"), (("cmudict.rep",), ("cmudict-fast.rep",))
    ),
    # File of personal names; official installations have the pickle, which only a restricted reader may open.
    "namedict": Resource(
        tuple(
            f"{folder}namedict_cache.{kind}"
            for folder in ("official_text/", "", "text/", "GPT_SoVITS/text/")
            for kind in ("json", "pickle")
        )
    ),
    # Folder of NLTK's English perceptron tagger in its JSON form.
    "nltk_tagger": Resource(
        (f"nltk_data/taggers/{_TAGGER}", f"taggers/{_TAGGER}", _TAGGER),
        ((f"{_TAGGER}.weights.json",), (f"{_TAGGER}.tagdict.json",), (f"{_TAGGER}.classes.json",)),
        ("/usr/share/nltk_data", "/usr/local/share/nltk_data", "/usr/lib/nltk_data"),
    ),
    # Folder of Open JTalk's naist-jdic 1.11, which decides Japanese accents.
    "naist_jdic": Resource(
        ("naist-jdic", "open_jtalk_dic_utf_8-1.11", "."),
        (("sys.dic",), ("matrix.bin",), ("char.bin",), ("unk.dic",)),
        (
            "/var/lib/mecab/dic/open-jtalk/naist-jdic",
            "/usr/lib/x86_64-linux-gnu/mecab/dic/open-jtalk/naist-jdic",
            "/usr/share/open_jtalk/dic",
        ),
    ),
    # Japanese user dictionary of the official project: compiled, or its CSV.
    "ja_userdict": Resource(
        ("ja_userdic/user.dict", "ja_userdic/userdict.csv", "user.dict", "text/ja_userdic/user.dict")
    ),
    # Folder of the g2pW polyphone network.
    "g2pw": Resource(
        ("G2PWModel", "g2pw", "G2PWModel_1.1", "text/G2PWModel", "GPT_SoVITS/text/G2PWModel"),
        (("g2pW.onnx", "g2pw.onnx"), ("POLYPHONIC_CHARS.txt",)),
    ),
    # File of the official polyphone dictionary.
    "polyphonic": Resource(
        tuple(
            f"{folder}polyphonic.rep"
            for folder in ("official_text/", "", "g2pw/", "text/g2pw/", "GPT_SoVITS/text/g2pw/")
        )
    ),
    # File of the user's own pronunciations, see ``userdict``.
    "user_dictionary": Resource(("user_dictionary.tsv",)),
    # File of the full language identification model.
    "lid176": Resource(
        ("lid.176.bin", "fast_langdetect/lid.176.bin", "GPT_SoVITS/pretrained_models/fast_langdetect/lid.176.bin")
    ),
    # Vocabulary of the Chinese RoBERTa model, which g2pW shares.
    "bert_vocab": Resource(
        tuple(
            f"{folder}chinese-roberta-wwm-ext-large/{name}"
            for folder in ("", "pretrained_models/", "GPT_SoVITS/pretrained_models/")
            for name in ("vocab.txt", "tokenizer.json")
        )
    ),
}


def _nltk_folders() -> Iterator[Path]:
    for variable in ("NLTK_DATA_HOME", "NLTK_DATA"):
        for folder in filter(None, os.environ.get(variable, "").split(os.pathsep)):
            yield Path(folder)
    yield Path.home() / "nltk_data"
    yield Path("/root/nltk_data")


def folders() -> list[Path]:
    """Return the folders that are searched below, best first; they need not exist."""
    named = [Path(folder) for folder in os.environ.get(VARIABLE, "").split(os.pathsep) if folder]
    models = _PACKAGE / "pretrained_models"
    return [*named, models / "text", models, _PACKAGE / "text"]


def _candidates(name: str, resource: Resource) -> Iterator[Path]:
    for folder in folders():
        for relative in resource.names:
            yield folder / relative
    outside = [Path(place) for place in resource.places]
    if name == "nltk_tagger":
        outside = [folder / relative for folder in (*_nltk_folders(), *outside) for relative in resource.names]
    if name == "naist_jdic" and os.environ.get("OPEN_JTALK_DICT_DIR"):
        outside.insert(0, Path(os.environ["OPEN_JTALK_DICT_DIR"]))
    yield from outside


def find(name: str) -> Path | None:
    """Return where a resource lies, or None when the user has not supplied it.

    Args:
        name: A key of ``RESOURCES``: ``cmudict_official`` (folder), ``namedict`` (file), ``nltk_tagger`` (folder),
            ``naist_jdic`` (folder), ``ja_userdict`` (file), ``g2pw`` (folder), ``polyphonic`` (file), ``lid176``
            (file), ``bert_vocab`` (file) or ``user_dictionary`` (file).

    Raises:
        KeyError: there is no resource of that name.
    """
    resource = RESOURCES[name]
    return next((path for path in _candidates(name, resource) if resource.holds(path)), None)


_said: dict[str, str] = {}
_lock = threading.Lock()


def say_once(key: str, message: str) -> None:
    """Log a warning the first time it is called with this key in the process.

    Args:
        key: What is missing, e.g. ``nltk_tagger``.
        message: A sentence with the command that mends it.
    """
    with _lock:
        if key in _said:
            return
        _said[key] = message
    _log.warning("%s", message)


def said() -> dict[str, str]:
    """Return what has been said so far, by key (the admin page and the command line show it)."""
    with _lock:
        return dict(_said)
