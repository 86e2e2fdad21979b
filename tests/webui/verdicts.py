"""Which recorded calls are answered equally, which better, and why; and the table of all of them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from tests.webui.fakeservice import FakeService
from tests.webui.replay import Answer, Group, Row, groups, overlapped, played
from webui.recognisers import WHISPER

_FAILING = {"demofail", "demoempty", "demoabcfail"}
EQUAL = "equal"
WEIGHTS = "equal, but for the choices of weights: ours, each once"
DOCUMENTED = "better: names and defaults of the document work where the recorded page fails"
KEYWORDS = "better: old keywords of `open1c` and `open1abc` work"
CHOICES = "better: Whisper's sizes and languages are the document's, a superset"
MISSING = "better: a missing input of ASR, denoising or 1a is a failure, not 已完成; the reason comes as a warning"
FAILED = "better: after a failed step the next one runs; no flag stays set"
CLOSED = "better: a step that `close_*` ended says 已关闭, not 已完成, and raises nothing"
PARTS = "different: parts of `open1abc` that are there already are told of too; they pass quickly"
PRESET = "different: the preset version is the document's v2, not v2Pro"
NOT_APPLICABLE = "not applicable"

Rule = Callable[[Row, Answer, Answer], bool]


def _choices_apart(value: Any) -> Any:
    """Return a value without choices of weights, each of which has to be there once and under its own name."""
    if isinstance(value, tuple):
        return tuple(map(_choices_apart, value))
    if isinstance(value, dict) and "choices" in value:
        assert all(isinstance(pair, list) and len(pair) == 2 and pair[0] == pair[1] for pair in value["choices"])
        assert len({pair[0] for pair in value["choices"]}) == len(value["choices"])
        return value | {"choices": []}
    return value


def _same_but_for_choices(row: Row, theirs: Answer, ours: Answer) -> bool:
    if row["api_name"] not in ("/change_choices", "/open1Ba", "/open1Bb"):
        return False
    apart = {name: _choices_apart(getattr(ours, name)) for name in ("final", "yields")}
    return replace(ours, **apart) == replace(theirs, final=_emptied(theirs.final), yields=_emptied(theirs.yields))


def _emptied(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_emptied, value))
    return value | {"choices": []} if isinstance(value, dict) and "choices" in value else value


def _call(row: Row) -> str:
    """Return what was called, on which machine, in which language."""
    names = ("api_name", "args", "kwargs", "mode", "hardware", "language")
    return json.dumps([row.get(name) for name in names], sort_keys=True)


@cache
def _elsewhere() -> Mapping[str, tuple[Row, Answer]]:
    """Return what the calls that some page refuses are answered by one that does not, the document's before others."""
    rows = [row for group in groups() for row in group.rows]
    found: dict[str, tuple[Row, Answer]] = {}
    for row in sorted(rows, key=lambda row: row["webui"] == "document-era"):
        answer = Answer.recorded(row)
        if row["mode"] != "overlap" and not answer.error:
            found[_call(row)] = row, answer
    return found


def _works(row: Row, theirs: Answer, ours: Answer) -> bool:
    """Whether a call that one official page refuses is answered, and as by another that takes it."""
    if theirs.error != "AppError" or ours.error or row["api_name"] == "/open1a":
        return False
    if (found := _elsewhere().get(_call(row))) is None:
        return _first(ours.final) in ("语音识别已完成", "语音识别失败") or "choices" in ours.final or _trained(ours)
    rules = (lambda *_: ours == found[1], _same_but_for_choices, _refused_input)
    return any(rule(found[0], found[1], ours) for rule in rules)


def _trained(ours: Answer) -> bool:
    return _first(ours.final) in ("SoVITS训练已完成", "语音自监督特征提取已完成")


def _refused_input(row: Row, theirs: Answer, ours: Answer) -> bool:
    fields = row.get("kwargs") or {}
    missing = any(str(value).startswith(("no/such", "nope.list")) for value in fields.values())
    texts = {"语音识别失败", "文本分词与特征提取失败"} if missing else set()
    if row["api_name"] == "/open_denoise" and not fields:
        texts = {"语音降噪失败"}
    return ours.yields is not None and len(ours.yields) == 1 and _first(ours.final) in texts


def _old_choices(row: Row, theirs: Answer, ours: Answer) -> bool:
    key = (row.get("kwargs") or {}).get("key") or (row.get("args") or [""])[0]
    if row["webui"] != "newest" or key != WHISPER or set(ours.final) != set(theirs.final):
        return False
    return len(ours.final["choices"]) > 3


def _old_keywords(row: Row, theirs: Answer, ours: Answer) -> bool:
    noted = "OLD keyword" in (row.get("note") or "")
    return noted and _first(ours.final) in ("语义Token提取已完成", "训练集格式化一键三连已完成")


def _told_of_failure(row: Row, theirs: Answer, ours: Answer) -> bool:
    texts = ("文本分词与特征提取失败", "文本分词与特征提取已完成")
    refused = theirs.error == "AppError" or "占用中" in str(theirs.final)
    return row["api_name"] == "/open1a" and refused and _first(ours.final) in texts


def _preset(row: Row, theirs: Answer, ours: Answer) -> bool:
    newest_sync = row["webui"] == "newest" and row["api_name"] == "/sync"
    return newest_sync and str(ours.final["value"]).endswith("s2G2333k.pth")


def _all_parts(row: Row, theirs: Answer, ours: Answer) -> bool:
    told = ours.yields or ()
    fewer = set(theirs.yields or ()) < set(told)
    return row["api_name"] == "/open1abc" and ours.final == theirs.final and fewer and len(told) == 7


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, tuple) else value


# Where an answer is not equal, one of these has to say why.
RULES: Mapping[str, Rule] = {
    WEIGHTS: _same_but_for_choices,
    DOCUMENTED: _works,
    KEYWORDS: _old_keywords,
    CHOICES: _old_choices,
    MISSING: _refused_input,
    FAILED: _told_of_failure,
    PARTS: _all_parts,
    PRESET: _preset,
}
ANSWERS = (EQUAL, WEIGHTS, DOCUMENTED, KEYWORDS, CHOICES, MISSING, FAILED, CLOSED, PARTS, PRESET, NOT_APPLICABLE)
"""Rows of the table. Nothing is not applicable: a row that nothing explains fails."""


def verdict(row: Row, ours: Answer) -> str:
    """Return ``equal``, or the reason for which an answer differs.

    Raises:
        AssertionError: there is none.
    """
    theirs = Answer.recorded(row)
    if ours == theirs:
        return EQUAL
    for reason, rule in RULES.items():
        if rule(row, theirs, ours):
            return reason
    raise AssertionError(f"{row['api_name']} {row.get('args')} {row.get('kwargs')}\n{theirs}\n{ours}")


def verdicts(client: Any, fake: FakeService, group: Group) -> Iterator[tuple[Row, str]]:
    """Play a group of recordings."""
    fake.failing |= _FAILING
    for row in group.rows:
        if row["mode"] == "overlap":
            ours, status, closed = overlapped(client, fake, row)
            assert status == row.get("second_status_while_first_runs", "") and closed == row["close_result"]
            assert _first(ours.final) == closed and len(ours.yields or ()) == 2
            yield row, CLOSED
        else:
            yield row, verdict(row, played(client, row))


Table = Mapping[str, Mapping[str, int]]
"""Group -> answer -> calls."""


def counted(client: Any, fake: FakeService, group: Group) -> Counter[str]:
    """Return how many calls of a group are answered how."""
    return Counter(reason for _, reason in verdicts(client, fake, group))


def written(table: Table) -> str:
    """Return a table in Markdown: a row for each answer, a column for each group, and all calls."""
    lines = [f"| answer | {' | '.join(table)} | all |", f"|---{'|---' * (len(table) + 1)}|"]
    for answer in ANSWERS:
        numbers = [column.get(answer, 0) for column in table.values()]
        lines.append(f"| {answer} | {' | '.join(map(str, numbers))} | {sum(numbers)} |")
    totals = [sum(column.values()) for column in table.values()]
    return "\n".join([*lines, f"| all | {' | '.join(map(str, totals))} | {sum(totals)} |"])


def read(document: str) -> dict[str, Counter[str]]:
    """Return the table that a document holds.

    Raises:
        AssertionError: its sums are wrong, or its rows are others.
    """
    rows = [line.strip("| ").split(" | ") for line in document.splitlines() if line.startswith("| ")]
    begin = next(number for number, row in enumerate(rows) if row[0] == "answer" and row[-1] == "all")
    names, found = rows[begin][1:-1], rows[begin + 1 : begin + 1 + len(ANSWERS)]
    assert tuple(row[0] for row in found) == ANSWERS
    columns = zip(*(map(int, row[1:-1]) for row in found), strict=True)
    table = {
        name: Counter(dict(zip(ANSWERS, column, strict=True))) for name, column in zip(names, columns, strict=True)
    }
    assert written(table) in document, "sums"
    return table
