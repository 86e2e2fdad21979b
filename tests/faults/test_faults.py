"""The faults fit the code as it is; whether somebody notices them is said by ``python -m tests.faults``."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.faults.__main__ import FaultError, copy_project, named_tests, noticed_by, place_of
from tests.faults.faults import FAULTS, Fault


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_the_fault_can_be_made_and_its_tests_are_there(fault: Fault) -> None:
    content = place_of(fault).read_text("utf-8")
    assert named_tests(fault)
    ast.parse(content.replace(fault.old, fault.new))


def test_there_are_twenty_of_them() -> None:
    assert len({fault.name for fault in FAULTS}) == len(FAULTS) >= 20


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    copy_project(tmp_path)
    return tmp_path


SOUND = Fault(
    "nothing", "GPT_SoVITS/text/cutting.py", "_PER_GROUP = 4", "_PER_GROUP = 2 + 2", ("tests/text/test_cutting.py",)
)


def test_a_fault_is_noticed_and_a_change_that_is_none_is_not(copy: Path) -> None:
    wrong = Fault(**{**vars(SOUND), "new": "_PER_GROUP = 5"})
    assert noticed_by(wrong, copy).startswith("tests/text/test_cutting.py::")
    assert noticed_by(SOUND, copy) == "", "the copy is whole again"


def test_a_text_that_is_gone_is_an_error() -> None:
    with pytest.raises(FaultError, match="occurs 0 times"):
        place_of(Fault(**{**vars(SOUND), "old": "what nobody wrote"}))
