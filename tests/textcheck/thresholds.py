"""Which share of a file's rows must be exact, given the resources that are there."""

from __future__ import annotations

from dataclasses import dataclass

from GPT_SoVITS.text import resources
from GPT_SoVITS.text.errors import MissingResourceError
from GPT_SoVITS.text.japanese.engine import load_engine


@dataclass(frozen=True)
class Available:
    """Optional resources that change results."""

    english: bool  # official dictionary and tagger
    japanese: bool  # the engine and the dictionary of the official program

    @classmethod
    def here(cls) -> Available:
        """Look for them."""
        official, tagger = resources.find("cmudict_official"), resources.find("nltk_tagger")
        return cls(official is not None and tagger is not None, _exact_japanese())

    def __str__(self) -> str:
        return (
            f"English dictionary and tagger: {'supplied' if self.english else 'not supplied'}; "
            f"Japanese engine and dictionary: {'exact' if self.japanese else 'of the wheel, or none'}"
        )


def _exact_japanese() -> bool:
    try:
        return load_engine().exact
    except MissingResourceError:
        return False


ALL = 100.0
ENGLISH_SUPPLIED, ENGLISH_WHEELS = 99.0, 94.0
REPORTED = 0.0  # the figure is shown, nothing is required


def default(file: str, available: Available) -> float:
    """Return the required percentage of a file's counted rows."""
    stem = file.split(".")[0]
    if stem.startswith("en_"):
        return ENGLISH_SUPPLIED if available.english else ENGLISH_WHEELS
    if stem.startswith("ja_"):
        return ALL if available.japanese else REPORTED
    if stem == "hostile":
        return REPORTED  # nothing may crash; that is required always
    return ALL
