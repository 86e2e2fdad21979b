"""What of a stranger's file stands in a message is short, in one line, and made in bounded time."""

from __future__ import annotations

import pytest

from convert import CheckpointError
from convert.printing import listed, printable, shown


def nested(depth: int) -> object:
    value: object = ()
    for _ in range(depth):
        value = (value,)
    return value


def doubled(times: int) -> object:
    value: object = 1
    for _ in range(times):
        value = (value, value)
    return value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("v2", "'v2'"),
        ("a\nb\x1b[31m\udcb2", "'a\\nb\\x1b[31m\\udcb2'"),
        ("中文", "'中文'"),
        (b"PK", "b'PK'"),
        (7, "7"),
        (float("nan"), "nan"),
        (None, "None"),
        (True, "True"),
        ([1, 2], "[1, 2]"),
        (tuple(range(100)), "[0, 1, 2, 3, 4, 5, ... (100 in all)]"),
        ({"a": 1}, "a dict of 1"),
        (object(), "a object"),
        (1 << 1000, "an integer of 1001 bits"),
        (doubled(60), "a tuple of 2"),
        (nested(100_000), "a tuple of 1"),
    ],
)
def test_a_value_is_quoted_in_a_few_characters(value: object, text: str) -> None:
    assert shown(value) == text


def test_long_text_is_cut_and_says_how_long_it_was() -> None:
    assert printable("x" * 100_000, 10) == "x" * 10 + "... (100000 characters)"
    assert len(shown(b"\x00" * 100_000)) < 400


def test_of_many_names_the_first_are_told() -> None:
    assert listed(["a", "b"]) == "a, b"
    assert listed(map(str, range(10))) == "0, 1, 2 and 7 more"


def test_every_error_about_a_file_is_one_printable_line() -> None:
    message = str(CheckpointError("\udce4\u2028" + "y" * 100_000))
    assert message.isprintable() and len(message) < 5000
