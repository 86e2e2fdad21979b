"""What endpoints that compute nothing answer, for every recorded call of theirs, without a client in between."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

pytest.importorskip("gradio", reason="Gradio is not installed: pip install -e '.[webui]'")

from tests.webui.replay import Answer, Group, Row, groups
from tests.webui.verdicts import EQUAL, verdict
from webui.actions.choices import Choices
from webui.service import Service
from webui.versions import VERSIONS
from webui.words import Words

_AT_ONCE = ("/switch_version", "/change_lang_choices", "/change_size_choices", "/change_precision_choices")
_DEFAULTS = {"/switch_version": "v2"}
_RECOGNISER = "达摩 ASR (中文)"


def _answered(group: Group, row: Row) -> Answer:
    choices = Choices(Service("http://nowhere"), Words(group.spoken), group.machine)
    given = [*(row.get("args") or ()), *(row.get("kwargs") or {}).values()]
    given = given or [_DEFAULTS.get(row["api_name"], _RECOGNISER)]
    return Answer(_shown(getattr(choices, row["api_name"][1:])(*given)))


def _shown(value: Any) -> Any:
    """Return what a client sees of updates: choices are pairs of label and value."""
    if isinstance(value, tuple):
        return tuple(map(_shown, value))
    pairs = [[each, each] for each in value.get("choices", ())]
    return value | ({"choices": pairs} if pairs else {})


def test_every_recorded_switch_and_choice_is_answered_equally_or_better() -> None:
    said: Counter[str] = Counter()
    versions = set()
    for group in groups():
        for row in group.rows:
            if row["api_name"] in _AT_ONCE and row["mode"] == "predict":
                ours = _answered(group, row)
                said[verdict(row, ours)] += 1
                if row["api_name"] == "/switch_version":
                    versions.add([*row["args"], *row["kwargs"].values()][0])
                    assert len(ours.final) == 12
    assert versions == set(VERSIONS)
    assert said[EQUAL] > 60, said
