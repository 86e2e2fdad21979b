"""Digits and signs between letters: whose language they are read in."""

from __future__ import annotations

import re

from GPT_SoVITS.text.reading.scripts import CLAUSE_SIGNS, NEUTRAL, NUMERIC, Run, companions

_FORMULA_SIGNS = re.compile(rf"[{NUMERIC}=+×÷<>≥≤≠≈±→^]")
_LONGEST_TERM = 3


def settle_neutral(text: str, runs: list[Run], fallback: str, alone: str) -> None:
    """Give digits and signs the language of a neighbour: signs that of what they end, digits see ``_border``.

    Args:
        text: The text.
        runs: Its runs; changed in place.
        fallback: The language of a text without letters.
        alone: The language of a formula in a sentence of Latin letters alone.
    """
    after: list[Run | None] = [None] * len(runs)
    following: Run | None = None
    for index in range(len(runs) - 1, -1, -1):
        after[index] = following
        if runs[index].language not in NEUTRAL:
            following = runs[index]
    before: Run | None = None
    length = index = 0
    around = companions(text, runs)
    while index < len(runs):
        run = runs[index]
        if run.language not in NEUTRAL:
            length = length + run.end - run.start if before is not None and before.language == run.language else 0
            length = length or run.end - run.start
            before = run
            index += 1
            continue
        stop = index
        while stop < len(runs) and runs[stop].language in NEUTRAL:
            stop += 1
        language = (around[index] or alone) if _is_formula(text, runs[index:stop], before, after[index]) else ""
        _settle_group(
            text, runs[index:stop], before, after[index], length, language or fallback, formula=bool(language)
        )
        index = stop


def _is_formula(text: str, group: list[Run], before: Run | None, after: Run | None) -> bool:
    """Whether signs stand beside short terms in Latin letters: they are said in the language of the sentence."""
    terms = [run for run in (before, after) if run is not None and run.language == "en"]
    short = all(run.end - run.start <= _LONGEST_TERM for run in terms)
    return bool(terms) and short and _FORMULA_SIGNS.search(text, group[0].start, group[-1].end) is not None


def _settle_group(
    text: str,
    group: list[Run],
    before: Run | None,
    after: Run | None,
    length: int,
    fallback: str,
    *,
    formula: bool = False,
) -> None:
    """Settle neighbouring digits and signs between two runs of letters."""
    left = before.language if before else ""
    right = after.language if after else ""
    if formula:
        for run in group:
            run.language = fallback
        return
    if not left or not right or left == right:
        for run in group:
            run.language = left or right or fallback
        return
    place = _border(text, group, after, length) if after is not None else len(group)
    for index, run in enumerate(group):
        run.language = left if index < place else right


def _border(text: str, group: list[Run], after: Run, length: int) -> int:
    """Return how many of the digits and signs belong to what stands before them."""
    signs = [index for index, run in enumerate(group) if text[run.start] in CLAUSE_SIGNS]
    first = next((index for index, run in enumerate(group) if run.language == "digits"), None)
    if first is None:
        return _opening(text, group)
    stops = [index for index in signs if not _in_number(group, index)]
    if stops:
        return stops[-1] + 1 if stops[-1] < first else stops[0] + 1
    glued_left = first == 0
    glued_right = group[-1].language == "digits" or text[group[-1].start] in "%°℃℉"
    if glued_left and glued_right:  # iPhone15的: a number between Latin and other letters is said with the others
        return len(group) if after.language == "en" else 0
    if glued_left != glued_right:
        return len(group) if glued_left else _opening(text, group, first)
    return len(group) if length >= after.end - after.start else _opening(text, group, first)


def _in_number(group: list[Run], index: int) -> bool:
    around = group[index - 1 : index] + group[index + 1 : index + 2]
    return index > 0 and len(around) == 2 and all(run.language == "digits" for run in around)


def _opening(text: str, group: list[Run], limit: int | None = None) -> int:
    """Return where opening brackets and quotes, and a sign of a number, begin to belong to what follows."""
    place = len(group) if limit is None else limit
    while place > 0 and text[group[place - 1].start] in "([{（【《〈「『“$€£¥￥#±-+":
        place -= 1
    return place
