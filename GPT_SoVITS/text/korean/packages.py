"""The rule modules of g2pk2 and MeCab, loaded without what g2pk2 does on import.

``import g2pk2`` calls the NLTK downloader for an English dictionary, and its class starts ``pip install`` when it finds
no MeCab. Neither is needed: Latin letters become Hangul before its rules see them, and MeCab is looked for here. So
only its modules of rules are imported, around its ``__init__``.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from GPT_SoVITS import _commands
from GPT_SoVITS.text.errors import MissingResourceError, TextError

COMMAND = _commands.pip_install("g2pk2", "jamo", "python-mecab-ko")
_import_lock = threading.Lock()


@dataclass(frozen=True)
class RuleModules:
    """g2pk2's modules: ``special`` and ``regular`` sound changes, ``utils`` with the table, ``numerals``."""

    folder: Path
    special: Any
    regular: Any
    utils: Any
    numerals: Any


def _missing(what: str) -> MissingResourceError:
    return MissingResourceError(f"Korean needs {what}, which is not installed; mend it: {COMMAND}")


def load_rules() -> RuleModules:
    """Import g2pk2's rule modules, leaving a later ``import g2pk2`` of others as it was.

    Raises:
        MissingResourceError: g2pk2 or jamo is not installed.
    """
    with _import_lock:
        spec = importlib.util.find_spec("g2pk2")
        if spec is None or not spec.submodule_search_locations:
            raise _missing("the package g2pk2")
        folder = next(iter(spec.submodule_search_locations))
        imported = sys.modules.get("g2pk2")
        if imported is None:
            package = ModuleType("g2pk2")
            package.__path__ = [folder]
            sys.modules["g2pk2"] = package
        try:
            names = ("special", "regular", "utils", "numerals")
            modules = {name: importlib.import_module(f"g2pk2.{name}") for name in names}
        except ImportError as error:
            raise _missing(f"the package {error.name}") from error
        finally:
            if imported is None:
                del sys.modules["g2pk2"]
    return RuleModules(Path(folder), **modules)


class MeCab:
    """Words with their classes, by python-mecab-ko and its dictionary.

    Its own ``pos()`` builds a record of eight fields for every word, which takes as long as the analysis; here only the
    class is read.

    Raises:
        MissingResourceError: it is not installed, or its dictionary cannot be read.
    """

    def __init__(self) -> None:
        try:
            package = importlib.import_module("mecab")
            self._tagger = package.MeCab()._tagger
            self._lattice = importlib.import_module("mecab.utils").create_lattice
        except (ImportError, AttributeError) as error:
            raise _missing("the package python-mecab-ko") from error
        except RuntimeError as error:
            raise MissingResourceError(
                f"python-mecab-ko cannot read its dictionary ({error}); mend it: "
                + _commands.pip_install("--force-reinstall", "python-mecab-ko", "python-mecab-ko-dic")
            ) from error

    def words(self, text: str) -> list[tuple[str, str]]:
        """Return each word and its class (``NNG``, ``VV+EP``, ...).

        Raises:
            TextError: MeCab refuses the text.
        """
        lattice = self._lattice(text)
        if not self._tagger.parse(lattice):
            raise TextError(f"MeCab cannot analyse the text: {self._tagger.what()}")
        return [(node.surface, node.feature.split(",", 1)[0]) for _, node in lattice]
