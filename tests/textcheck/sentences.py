"""Rows of one text and one language: normalised text, phonemes, their numbers, alignment."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from GPT_SoVITS.text import frontend
from GPT_SoVITS.text.cleaning import Cleaner, FrontEnds
from GPT_SoVITS.text.errors import MissingResourceError, TextError
from GPT_SoVITS.text.frontend import FrontEnd
from GPT_SoVITS.text.symbols import symbol_set, to_ids
from tests.textcheck.outcome import Outcome, Row
from tests.textcheck.thresholds import Available

ERROR = "a TextError"


class RecordedG2pw:
    """Stands in for the g2pW network with a row's recorded answers."""

    def __init__(self) -> None:
        self._answers: dict[str, list[str]] = {}

    def load(self, row: Row) -> None:
        """Take the answers of a row."""
        self._answers = {segment: list(pinyin) for segment, pinyin in row["g2pw_stub"]}

    def __call__(self, segment: str) -> list[str]:
        return self._answers[segment]


def _front_ends(recorded: RecordedG2pw | None) -> FrontEnds:
    if recorded is None:
        return frontend.front_end
    from GPT_SoVITS.text import chinese

    made: dict[str, FrontEnd] = {}

    def get(language: str, symbols: str) -> FrontEnd:
        if language != "zh":
            return frontend.front_end(language, symbols)
        if symbols not in made:
            made[symbols] = chinese.create(symbols, g2pw=recorded)
        return made[symbols]

    return get


def _counts(row: Row, available: Available) -> bool:
    """Whether the requirement is about this row: not when it rests on a resource that is not there.

    Rows without a mark (``traps``, ``hostile``) count for English and Japanese only where these are exact.
    """
    if row["lang"] == "en" and not available.english:
        return row.get("needs_pos_tagger") is False
    if row["lang"] == "ja" and "needs_ja_userdict" not in row:
        return available.japanese
    return not row.get("needs_ja_userdict")


def check(rows: Iterable[Row], outcome: Outcome, available: Available) -> None:
    """Compare every row with what our front ends answer."""
    rows = list(rows)
    recorded = RecordedG2pw() if any("g2pw_stub" in row for row in rows) else None
    cleaner = Cleaner(front_ends=_front_ends(recorded))
    for number, row in enumerate(rows, start=1):
        if recorded is not None:
            recorded.load(row)
        exact = _check_row(number, row, cleaner, outcome)
        if _counts(row, available):
            outcome.count(exact)


def _answer(row: Row, cleaner: Cleaner) -> dict[str, Any] | str:
    try:
        spoken = cleaner.clean(row["text"], row["lang"], row["version"])
    except MissingResourceError:
        raise
    except TextError:
        return ERROR
    ids = to_ids(spoken.phones, symbol_set(row["version"]))
    return {"phones": spoken.phones, "phone_ids": ids, "norm_text": spoken.norm_text, "word2ph": spoken.word2ph}


def _check_row(number: int, row: Row, cleaner: Cleaner, outcome: Outcome) -> bool:
    """Return whether the phonemes are exact."""
    text = row["text"]
    try:
        answer = _answer(row, cleaner)
    except MissingResourceError:
        raise
    except Exception as error:  # whatever it is, it is the finding
        outcome.crashes.append(f"row {number} {row['lang']} {text!r:.80}: {type(error).__name__}: {error}")
        answer = f"{type(error).__name__}"
    if row.get("error") or isinstance(answer, str):
        expected = ERROR if row.get("error") else row["phones"]
        return outcome.compare(
            number, "phones", text, expected, answer if isinstance(answer, str) else answer["phones"]
        )
    exact = outcome.compare(number, "phones", text, row["phones"], answer["phones"])
    exact &= outcome.compare(number, "ids", text, row["phone_ids"], answer["phone_ids"])
    outcome.compare(number, "norm_text", text, row["norm_text"], answer["norm_text"])
    outcome.compare(number, "word2ph", text, row["word2ph"], answer["word2ph"])
    return exact
