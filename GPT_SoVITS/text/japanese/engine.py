"""Open JTalk's analysis behind one small class, whichever of its Python builds is installed.

Two builds matter. The plain one (PyPI ``pyopenjtalk`` from source, or its ready-made wheels ``pyopenjtalk-prebuilt``,
``pyopenjtalk-dict``, ``pyopenjtalk-ndy``) is what the official program uses: together with naist-jdic 1.11 it gives
exactly its phonemes. None of them contains the dictionary; they fetch it on first use. ``pyopenjtalk-plus`` contains
a dictionary of its own and so works from wheels alone, but places accents differently. All of them install the same
module name and would overwrite each other's files, so the plain build may also lie in a folder of its own
(``pretrained_models/text/openjtalk``), from where only its compiled extension is loaded. That never runs the package's
``__init__`` and therefore never starts its download.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader
from pathlib import Path
from typing import Any, Protocol

from GPT_SoVITS import _commands
from GPT_SoVITS.text import resources
from GPT_SoVITS.text.errors import MissingResourceError, TextError

ENGINE_COMMAND = _commands.pip_install(
    "--no-deps", "--target", "GPT_SoVITS/pretrained_models/text/openjtalk", "pyopenjtalk-ndy"
)
DICTIONARY_COMMAND = (
    _commands.module("GPT_SoVITS.resources", "fetch", "naist-jdic")
    + " (or apt-get install open-jtalk-mecab-naist-jdic, the same files)"
)
WHEEL_COMMAND = _commands.pip_install("pyopenjtalk-plus")

# Open JTalk writes past the end of buffers of fixed size. The text goes into 8192 bytes, ASCII widened to three bytes a
# character. Kana that form no words are joined to one, whose pronunciation goes into 1024 bytes, three a character.
# pyopenjtalk-plus takes time that grows with the square of a row of digits.
BUFFER_BYTES = 8190
LONGEST_KANA = 300
LONGEST_NUMBER = 200
_KANA_STRETCH = re.compile(rf"[\u3040-\u30ff\uff66-\uff9f]{{{LONGEST_KANA + 1}}}")

Feature = dict[str, Any]


class OpenJTalk(Protocol):
    """The two methods that every build of the extension has."""

    def run_frontend(self, text: str) -> list[Feature]:
        """Return one feature record per word."""
        ...

    def make_label(self, features: list[Feature]) -> list[str]:
        """Return one full-context label per phoneme."""
        ...


@dataclass(frozen=True)
class Build:
    """A loaded extension module and what is known about it.

    Attributes:
        module: The extension, with ``OpenJTalk`` in it.
        plain: Whether it is the official program's build rather than pyopenjtalk-plus.
        folder: The package folder it lies in.
    """

    module: Any
    plain: bool
    folder: Path


class Engine:
    """Word features and full-context labels of Japanese text; calls from several threads take turns."""

    def __init__(self, open_jtalk: OpenJTalk, *, exact: bool) -> None:
        self._open_jtalk = open_jtalk
        self._lock = threading.Lock()
        self.exact = exact

    def features(self, text: str) -> list[Feature]:
        """Return the words of a text with pronunciation (``pron``), accent and ``chain_flag``.

        Raises:
            TextError: the text is longer than Open JTalk's buffers, past whose end it would write.
        """
        size = sum(map(buffer_bytes, text))
        if size > BUFFER_BYTES:
            raise TextError(f"a run of {size} bytes of Japanese text is over Open JTalk's {BUFFER_BYTES}; cut it first")
        if _KANA_STRETCH.search(text):
            raise TextError(f"over {LONGEST_KANA} kana in a row are too long for Open JTalk; cut them first")
        with self._lock:
            return self._open_jtalk.run_frontend(text)

    def labels(self, features: list[Feature]) -> list[str]:
        """Return the full-context label of every phoneme of these words, silences included."""
        with self._lock:
            return self._open_jtalk.make_label(features)


def buffer_bytes(character: str) -> int:
    """Return how many bytes of Open JTalk's buffer a character may take."""
    return max(3, len(character.encode("utf-8", "surrogatepass")))


def is_kana(character: str) -> bool:
    """Whether a character may be part of a stretch of kana, of either width."""
    return "\u3040" <= character <= "\u30ff" or "\uff66" <= character <= "\uff9f"


def fitting(run: str) -> Iterator[str]:
    """Cut a run of Japanese text that Open JTalk cannot take in one; others come back whole."""
    start = size = kana = digits = 0
    for index, character in enumerate(run):
        size += buffer_bytes(character)
        kana = kana + 1 if is_kana(character) else 0
        digits = digits + 1 if character.isdigit() else 0
        if size > BUFFER_BYTES or kana > LONGEST_KANA or digits > LONGEST_NUMBER:
            yield run[start:index]
            start, size, kana, digits = index, buffer_bytes(character), min(kana, 1), min(digits, 1)
    yield run[start:]


def _extension_in(package: Path) -> Path | None:
    for suffix in EXTENSION_SUFFIXES:
        path = package / f"openjtalk{suffix}"
        if path.is_file():
            return path
    return None


def _installed_package() -> Path | None:
    """The folder of an installed ``pyopenjtalk`` module of any build, found without importing it."""
    spec = importlib.util.find_spec("pyopenjtalk")
    places = spec.submodule_search_locations if spec is not None else None
    return Path(next(iter(places))) if places else None


def _packages() -> list[Path]:
    apart = [folder / "openjtalk" / "pyopenjtalk" for folder in resources.folders()]
    installed = _installed_package()
    return [*apart, *([installed] if installed is not None else [])]


def engine_there() -> bool:
    """Whether an Open JTalk engine is installed; nothing is loaded."""
    return any(_extension_in(package) is not None for package in _packages())


def dictionary_there() -> bool:
    """Whether there is a dictionary for it; nothing is loaded."""
    downloaded = any((package / "open_jtalk_dic_utf_8-1.11" / "sys.dic").is_file() for package in _packages())
    return resources.find("naist_jdic") is not None or downloaded or _own_dictionary() is not None


def _load_extension(path: Path) -> Any:
    """Load the extension alone, leaving no trace that a later ``import pyopenjtalk`` would trip over."""
    before = sys.modules.get("pyopenjtalk.openjtalk")
    loader = ExtensionFileLoader("openjtalk", str(path))
    spec = importlib.util.spec_from_file_location("openjtalk", path, loader=loader)
    if spec is None:
        raise ImportError(f"{path} is no extension module")
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    if before is None:
        sys.modules.pop("pyopenjtalk.openjtalk", None)  # Cython enters itself under the name it was compiled with
    return module


def _is_plus(package: Path) -> bool:
    return (package / "dictionary" / "sys.dic").is_file()


def _load_build(package: Path) -> Build | None:
    path = _extension_in(package)
    if path is None:
        return None
    try:
        # pyopenjtalk-plus's extension needs its package around it; that package downloads nothing.
        module = importlib.import_module("pyopenjtalk.openjtalk") if _is_plus(package) else _load_extension(path)
        return Build(module, plain=not hasattr(module.OpenJTalk, "run_njd_from_mecab"), folder=package)
    except ImportError as error:
        resources.say_once("openjtalk_engine", f"the Open JTalk engine {path} cannot be loaded ({error})")
        return None


def _plain_dictionary(build: Build) -> Path | None:
    found = resources.find("naist_jdic")
    if found is not None:
        return found
    downloaded = build.folder / "open_jtalk_dic_utf_8-1.11"
    return downloaded if (downloaded / "sys.dic").is_file() else None


def _own_dictionary() -> Path | None:
    installed = _installed_package()
    return installed / "dictionary" if installed is not None and _is_plus(installed) else None


def _announce(build: Build, exact_dictionary: bool) -> None:
    missing = []
    if not build.plain:
        missing.append(f"the official engine: {ENGINE_COMMAND}")
    if not exact_dictionary:
        missing.append(f"the dictionary naist-jdic 1.11: {DICTIONARY_COMMAND}")
    if missing:
        wanted = "; and ".join(missing)
        resources.say_once("japanese", f"Japanese accents differ from the official program's until it has {wanted}")


def _user_dictionary(build: Build) -> Path | None:
    user = resources.find("ja_userdict")
    if user is None:
        return None
    # pyopenjtalk-prebuilt 0.3.0 knows no user dictionary and crashes when given one.
    if not hasattr(build.module, "mecab_dict_index"):
        resources.say_once("ja_userdict", f"this Open JTalk engine cannot use {user}; a newer one: {ENGINE_COMMAND}")
        return None
    if user.suffix != ".dict":
        compiled = user.with_name("user.dict")
        resources.say_once(
            "ja_userdict",
            f"compile {user} first: " + _commands.module("GPT_SoVITS.text.japanese.userdict", str(user), str(compiled)),
        )
        return None
    return user


def _open(build: Build, dictionary: Path) -> OpenJTalk:
    options: dict[str, bytes] = {"dn_mecab": str(dictionary).encode()}
    user = _user_dictionary(build)
    if user is not None:
        options["userdic"] = str(user).encode()
    try:
        opened: OpenJTalk = build.module.OpenJTalk(**options)
    except RuntimeError as error:
        raise MissingResourceError(
            f"Open JTalk cannot read the dictionary {dictionary} ({error}); mend it: {DICTIONARY_COMMAND}"
        ) from error
    return opened


def find_build() -> Build:
    """Load the best extension that is installed: one in a folder of its own first, then the environment's.

    Raises:
        MissingResourceError: there is none.
    """
    build = next(filter(None, map(_load_build, _packages())), None)
    if build is None:
        raise MissingResourceError(f"Japanese needs an Open JTalk engine; the quickest is: {WHEEL_COMMAND}")
    return build


def find_dictionary(build: Build) -> tuple[Path, bool]:
    """Return the folder of the dictionary to use and whether it is naist-jdic, which wins.

    Raises:
        MissingResourceError: there is none.
    """
    exact = _plain_dictionary(build)
    dictionary = exact or _own_dictionary()
    if dictionary is None:
        raise MissingResourceError(f"Japanese needs a dictionary for Open JTalk; mend it: {DICTIONARY_COMMAND}")
    return dictionary, exact is not None


def load_engine() -> Engine:
    """Return the best engine with the best dictionary; what is missing for official phonemes is said once.

    Raises:
        MissingResourceError: there is no engine, no dictionary, or the dictionary cannot be read.
    """
    build = find_build()
    dictionary, exact = find_dictionary(build)
    _announce(build, exact)
    return Engine(_open(build, dictionary), exact=build.plain and exact)
