"""LangSegment 0.2.0 as a segmenter, for those who are used to its divisions; an option, not the default.

Its release needs four guards, all of them here: the package cannot be imported (its ``__init__`` asks for names that
its module lacks), so the module is loaded by its path; py3langid 0.4 and later answer labels that it drops together
with their text, so an older one is required; it keeps its state in class attributes, so one thread at a time uses it;
and it can fail, lose text or take exponential time, so texts that it is not fit for go to the default segmenter.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import threading
from pathlib import Path
from types import ModuleType
from typing import Any

from GPT_SoVITS import _commands
from GPT_SoVITS.text.errors import EmptyTextError, MissingResourceError
from GPT_SoVITS.text.segment import OfficialSegmenter
from GPT_SoVITS.text.stretches import Segmenter, Stretch

_COMMAND = _commands.pip_install("LangSegment==0.2.0", "py3langid<0.4")
_LANGUAGES = ("zh", "en", "ja", "ko")
_LONGEST = 510
# Its patterns for numbers try every way of dividing a run of digits and signs.
_UNFIT = re.compile(r"\d[\d\W_]{11}|[\W_]{11}\d|[\W\d_]{24}")


def _load() -> ModuleType:
    found = importlib.util.find_spec("LangSegment")
    if found is None or found.origin is None:
        raise MissingResourceError(f"LangSegment is not installed: {_COMMAND}")
    try:
        installed = importlib.metadata.version("py3langid")
    except importlib.metadata.PackageNotFoundError:
        raise MissingResourceError(f"LangSegment needs py3langid, which is not installed: {_COMMAND}") from None
    if tuple(int(part) for part in re.findall(r"\d+", installed)[:2]) >= (0, 4):
        raise MissingResourceError(f"LangSegment loses text with py3langid {installed}: {_COMMAND}")
    spec = importlib.util.spec_from_file_location(
        "GPT_SoVITS.text._langsegment_module", Path(found.origin).parent / "LangSegment.py"
    )
    if spec is None or spec.loader is None:
        raise MissingResourceError(f"LangSegment's module cannot be loaded: {_COMMAND}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _visible(text: str) -> str:
    return "".join(text.split())


class LangSegmentSegmenter:
    """LangSegment behind the interface of the default segmenter.

    Args:
        fallback: Divides the texts that LangSegment is not fit for, or would lose characters of.

    Raises:
        MissingResourceError: LangSegment or a fitting py3langid is not installed.
    """

    def __init__(self, fallback: Segmenter | None = None) -> None:
        self._module: Any = _load()
        self._fallback = fallback or OfficialSegmenter()
        self._lock = threading.Lock()

    def __call__(self, text: str, default: str = "") -> list[Stretch]:
        """Return the stretches of a text; see ``OfficialSegmenter``.

        Raises:
            EmptyTextError: the text is blank.
        """
        if not text.strip():
            raise EmptyTextError("the text is blank; give at least one word")
        if len(text) > _LONGEST or _UNFIT.search(text):
            return self._fallback(text, default)
        found = self._divided(text)
        if _visible("".join(part for _, part in found)) != _visible(text):
            return self._fallback(text, default)
        return [Stretch(default if default and language != "en" else language, part) for language, part in found]

    def _divided(self, text: str) -> list[tuple[str, str]]:
        """Return what LangSegment answers, nothing when it fails."""
        with self._lock:
            self._module.LangSegment.setfilters(list(_LANGUAGES))
            try:
                return [(str(piece["lang"]), str(piece["text"])) for piece in self._module.getTexts(text)]
            except (AttributeError, LookupError, TypeError, ValueError):
                return []
