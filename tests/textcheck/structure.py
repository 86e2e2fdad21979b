"""Rows about cutting and about dividing mixed text by language."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from GPT_SoVITS.text import cutting
from GPT_SoVITS.text.errors import MissingResourceError, TextError
from GPT_SoVITS.text.pipeline import Reader
from GPT_SoVITS.text.segment import OfficialSegmenter
from tests.textcheck.outcome import Outcome, Row
from tests.textcheck.sentences import ERROR
from tests.textcheck.thresholds import Available


def _expected(value: Any) -> Any:
    return ERROR if isinstance(value, dict) and set(value) == {"error"} else value


def _attempt(outcome: Outcome, where: str, action: Callable[[], Any]) -> Any:
    try:
        return action()
    except MissingResourceError:
        raise
    except TextError:
        return ERROR
    except Exception as error:  # whatever it is, it is the finding
        outcome.crashes.append(f"{where}: {type(error).__name__}: {error}")
        return type(error).__name__


def check_cutting(rows: Iterable[Row], outcome: Outcome, available: Available) -> None:
    """Compare the cutters and the rules around them."""
    for number, row in enumerate(rows, start=1):
        outcome.count(_check_cutting(number, row, outcome))


def _check_cutting(number: int, row: Row, outcome: Outcome) -> bool:
    if "merge_short_text_in_array" in row:
        case = row["merge_short_text_in_array"]
        merged = cutting.merge_short_text_in_array(list(case["texts"]), case["threshold"])
        return outcome.compare(number, "merge", str(case["texts"]), case["result"], merged)
    text = row["text"]
    answers: list[tuple[str, Any, Callable[[], Any]]] = [
        ("cuts", {method: _expected(value) for method, value in row["cuts"].items()}, partial(_cuts, row, outcome)),
        ("pre_seg_text", _expected_pieces(row), partial(_pieces, row, outcome)),
        ("get_first", row["get_first"], partial(cutting.get_first, text)),
        ("split_big_text", row["split_big_text"], partial(cutting.split_big_text, text)),
        (
            "punctuation",
            row["replace_consecutive_punctuation"],
            partial(cutting.replace_consecutive_punctuation, text),
        ),
    ]
    found = [
        outcome.compare(number, column, text, expected, _attempt(outcome, f"row {number} {column}", action))
        for column, expected, action in answers
    ]
    return all(found)


def _cuts(row: Row, outcome: Outcome) -> dict[str, Any]:
    return {
        method: _attempt(outcome, f"{method} {row['text']!r:.60}", partial(cutting.cut, row["text"], method))
        for method in row["cuts"]
    }


def _expected_pieces(row: Row) -> dict[str, Any]:
    return {
        f"{language} {method}": _expected(value)
        for language, methods in row["pre_seg_text"].items()
        for method, value in methods.items()
    }


def _pieces(row: Row, outcome: Outcome) -> dict[str, Any]:
    return {
        f"{language} {method}": _attempt(
            outcome,
            f"pre_seg_text {language} {method} {row['text']!r:.60}",
            partial(cutting.pre_seg_text, row["text"], language, method),
        )
        for language, methods in row["pre_seg_text"].items()
        for method in methods
    }


class RecordedIdentification:
    """Stands in for language identification with a row's recorded answers."""

    def __init__(self, row: Row) -> None:
        self._answers = {
            (text, count, threshold): [(language, score) for language, score in answers]
            for text, count, threshold, answers in row["lid_calls"]
        }

    def __call__(self, text: str, count: int, threshold: float) -> list[tuple[str, float]]:
        return self._answers[text, count, threshold]


def check_division(rows: Iterable[Row], outcome: Outcome, available: Available) -> None:
    """Compare the division by language, and what is read of it, with the recorded identification answers.

    The requirement is about the division; what is read counts as well where every resource of the languages is there.
    """
    every_resource = available.english and available.japanese
    for number, row in enumerate(rows, start=1):
        segmenter = OfficialSegmenter(RecordedIdentification(row))
        exact = _check_division(number, row, segmenter, outcome)
        if "get_phones_and_bert" in row:
            read = _check_reading(number, row, Reader(segmenter=segmenter), outcome)
            exact &= read or not every_resource
        outcome.count(exact)


def _check_division(number: int, row: Row, segmenter: OfficialSegmenter, outcome: Outcome) -> bool:
    def divided(mode: str) -> list[dict[str, str]]:
        default = "" if mode == "auto" else mode
        return [{"lang": part.language, "text": part.text} for part in segmenter(row["text"], default)]

    expected = {mode: _expected(value) for mode, value in row["getTexts"].items()}
    actual = {mode: _attempt(outcome, f"row {number} getTexts {mode}", partial(divided, mode)) for mode in expected}
    return outcome.compare(number, "getTexts", row["text"], expected, actual)


def _check_reading(number: int, row: Row, reader: Reader, outcome: Outcome) -> bool:
    def read(language: str) -> dict[str, Any]:
        sentence = reader.read(row["text"], language, row["version"])
        ids = sentence.phone_ids
        return {"phone_ids": ids, "bert_cols": sentence.bert().shape[1], "norm_text": sentence.norm_text}

    exact = True
    for language, value in row["get_phones_and_bert"].items():
        actual = _attempt(outcome, f"row {number} read {language}", partial(read, language))
        exact &= outcome.compare(number, f"read {language}", row["text"], _expected(value), actual)
    return exact
