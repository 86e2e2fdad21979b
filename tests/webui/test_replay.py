"""Every call that was recorded from the official page, made again by the real client; and the document's counts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("gradio", reason="Gradio is not installed: pip install -e '.[webui]'")

from tests.webui.replay import Group, groups
from tests.webui.sites import site
from tests.webui.verdicts import EQUAL, counted, read

if TYPE_CHECKING:
    from tests.webui.sites import Site

GROUPS = {group.name: group for group in groups()}
_QUICK = "document 4.44.1 zh 4 GB"  # the machine and language of the shared pages
_COUNTED = read((Path(__file__).parents[2] / "docs/WEBUI.md").read_text("utf-8"))


def _check(group: Group, client: Any, found: Site) -> None:
    said = counted(client, found.fake, group)
    assert said == +_COUNTED[group.name], "python -m tests.webui prints the table of docs/WEBUI.md"
    if group.gradio == "4.44.1" and group.webui == "document-era":
        assert said[EQUAL] > 0.8 * len(group.rows)


def test_the_document_counts_every_call() -> None:
    assert {name: len(group.rows) for name, group in GROUPS.items()} == {
        name: counts.total() for name, counts in _COUNTED.items()
    }


def test_calls_of_one_server_are_answered_as_the_document_says(shared: Site, client: Any) -> None:
    _check(GROUPS[_QUICK], client, shared)


@pytest.mark.full
@pytest.mark.parametrize("name", [name for name in GROUPS if name != _QUICK])
def test_calls_of_the_other_servers_are_answered_as_the_document_says(name: str) -> None:
    group = GROUPS[name]
    with site(group.spoken, group.machine) as found:
        _check(group, found.client(), found)
