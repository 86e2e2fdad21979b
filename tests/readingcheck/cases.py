"""The form of a case, and whether a reading meets it."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from GPT_SoVITS.text.pipeline import Sentence
from GPT_SoVITS.text.symbols import UNK
from tests.readingcheck.canonical import canonical

Case = dict[str, Any]
# (text, language, cutting method) -> sentences
Read = Callable[[str, str, str], Sequence[Sentence]]

PITCH_MARKS = {"[", "]", UNK}
"""``UNK`` stands for the border of an accent phrase."""

_EVERY_STRETCH = re.compile(r"every stretch (\w+)")
_CALL = re.compile(r"prepare\((?P<arguments>.+),\s*cut in (?P<methods>[\w,\s]+)\)", re.DOTALL)
_NO_CUT = re.compile(r"no cut inside (.+)", re.DOTALL)


@dataclass(frozen=True)
class Finding:
    """What came of a case: ``exact`` is None when nothing of it can be checked here."""

    exact: bool | None
    expected: object = ""
    actual: object = ""


def check(case: Case, read: Read) -> Finding:
    """Read a case and compare.

    A ``text`` case has ``language`` and ``input`` and at least one of: ``expected_norm``; ``accept`` (further good
    readings); ``languages`` (every stretch is in one of them), also as the note "every stretch zh"; ``phones`` (a run
    of phonemes that must occur; pitch marks of Japanese do not count, since the engines differ in them); ``pieces``
    (how many). A ``cut`` case has ``how`` and ``expected``.
    """
    if case["kind"] == "text":
        return _check_text(case, read)
    if case["kind"] == "cut":
        return _check_cut(case, read)
    return Finding(None)


def _check_text(case: Case, read: Read) -> Finding:
    sentences = read(case["input"], case["language"], case.get("cut", "cut0"))
    segments = [segment for sentence in sentences for segment in sentence.segments]
    norm = "".join(sentence.norm_text for sentence in sentences)
    findings = []
    good = [*([case["expected_norm"]] if "expected_norm" in case else []), *case.get("accept", [])]
    if good:
        findings.append(Finding(canonical(norm) in map(canonical, good), good[0], norm))
    noted = _EVERY_STRETCH.match(case.get("note", ""))
    languages = case.get("languages", [noted[1]] if noted else None)
    if languages is not None:
        found = [(segment.language, segment.text) for segment in segments]
        findings.append(Finding(all(language in languages for language, _ in found), languages, found))
    if "phones" in case:
        said = " ".join(_counted(segment.language, segment.phones) for segment in segments)
        wanted = _counted(case["language"].removeprefix("all_"), case["phones"].split())
        findings.append(Finding(f" {wanted} " in f" {said} ", wanted, said))
    if "pieces" in case:
        findings.append(Finding(len(sentences) == case["pieces"], case["pieces"], [part.text for part in sentences]))
    wrong = [finding for finding in findings if not finding.exact]
    return wrong[0] if wrong else (findings[0] if findings else Finding(None))


def _counted(language: str, phones: Sequence[str]) -> str:
    return " ".join(phone for phone in phones if language != "ja" or phone not in PITCH_MARKS)


def _check_cut(case: Case, read: Read) -> Finding:
    call = _CALL.match(case["how"])
    if call is None:
        return Finding(None)
    text, language = ast.literal_eval(f"({call['arguments']})")
    for method in (name.strip() for name in call["methods"].split(",")):
        pieces = [sentence.text for sentence in read(text, language, method)]
        if not _is_cut_as(case["expected"], pieces):
            return Finding(False, f"{method}: {case['expected']}", pieces)
    return Finding(True)


def _is_cut_as(expected: object, pieces: list[str]) -> bool:
    if isinstance(expected, list):
        return pieces == expected
    if expected == "one piece":
        return len(pieces) == 1
    whole = _NO_CUT.match(str(expected))
    return whole is not None and any(whole[1] in piece for piece in pieces)
