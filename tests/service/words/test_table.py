"""The table of words and the source agree: every error has a code, every code is used, both languages say the same."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import service
from GPT_SoVITS.audio.encode import EncodingError
from GPT_SoVITS.engine.errors import EngineError, ErrorKind
from GPT_SoVITS.text.errors import TextError
from GPT_SoVITS.text.reading.readings import MarkupError
from service import errors
from service.words import LANGUAGES, TABLE, Said, language_of, parameters, said, told_by
from service.words.engine import WORDS as ENGINE_WORDS
from service.words.terms import TERMS
from tests.sources import python_files

ROOT = Path(service.__file__).parent
LOADED = (EncodingError, MarkupError)
RAISED_WITHOUT_CODE = {"CommitUnknownError"}
"""They name their code themselves."""


def sources() -> Iterator[tuple[Path, ast.Module]]:
    for path in python_files(ROOT):
        if "migrations" not in path.parts:
            yield path, ast.parse(path.read_text(encoding="utf-8"))


def bases() -> dict[str, set[str]]:
    return {
        node.name: {ast.unparse(base) for base in node.bases}
        for _, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }


def service_errors() -> set[str]:
    found, of = {"ServiceError"}, bases()
    while grown := {name for name, above in of.items() if above & found} - found:
        found |= grown
    return found


def calls(names: set[str]) -> Iterator[tuple[str, ast.Call]]:
    for path, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in names:
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def constant(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def test_the_walk_finds_the_errors_of_every_part() -> None:
    assert {
        "ServiceError",
        "ParameterError",
        "JobConflictError",
        "TextTooLongError",
        "NoVoiceError",
    } <= service_errors()
    assert len(list(calls(service_errors()))) > 90


def test_every_refusal_names_a_code_of_the_table_and_fills_its_words() -> None:
    wrong = []
    for place, call in calls(service_errors() - RAISED_WITHOUT_CODE | {"said"}):
        code = constant(call.args[0]) if call.args else None
        if code is None:
            continue
        given = {keyword.arg for keyword in call.keywords} - {"retry_after"}
        if code not in TABLE:
            wrong.append(f"{place}: {code!r:.60} is not in the table")
        elif None not in given and (needed := {name for text in TABLE[code] for name in parameters(text)}) != given:
            wrong.append(f"{place}: {code} needs {sorted(needed)}, given {sorted(map(str, given))}")
    assert not wrong, "\n".join(wrong)


VARIABLE = {"told_by", "lack", "lacks", "outside", "missing", "code"}
"""What a refusal may pass on besides a code that is written there: words made before, or a code given by the caller."""


def test_a_refusal_without_a_written_code_passes_on_words_or_a_code() -> None:
    for place, call in calls(service_errors() - RAISED_WITHOUT_CODE):
        assert call.args, f"{place}: no code"
        if constant(call.args[0]) is None:
            assert re.split(r"\W", ast.unparse(call.args[0]))[0] in VARIABLE, f"{place}: {ast.unparse(call)}"


def test_every_code_is_used() -> None:
    written = {
        node.value
        for path, tree in sources()
        if path.parent.name != "words" or path.name == "__init__.py"
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    unused = set(TABLE) - written - set(ENGINE_WORDS)
    assert not unused, sorted(unused)


@pytest.mark.parametrize("code", TABLE)
def test_both_languages_say_something_with_the_same_parameters(code: str) -> None:
    english, chinese = TABLE[code]
    assert english.strip() and chinese.strip()
    assert set(parameters(english)) == set(parameters(chinese))
    assert re.fullmatch("[a-z][a-z_]*", code)


def subclasses(kind: type[Any]) -> Iterator[type[Any]]:
    for one in kind.__subclasses__():
        yield one
        yield from subclasses(one)


@pytest.mark.parametrize("kind", [EngineError, TextError])
def test_every_error_of_the_engine_and_of_texts_has_words(kind: type[Any]) -> None:
    for one in (kind, *subclasses(kind)):
        told = told_by(one("what was found"))
        assert set(parameters(TABLE[told.code][0])) == {"detail"}
        assert told.text("en").endswith("what was found") and told.text("zh").endswith("what was found")


def test_engine_errors_have_codes_of_their_own() -> None:
    kinds: list[type[Any]] = [
        EngineError,
        *(one for one in EngineError.__subclasses__() if one.__module__.startswith("GPT_SoVITS")),
    ]
    assert len({one.code for one in kinds}) == len(kinds) > len(ErrorKind)


def test_codes_of_engine_words_are_named_by_the_engine() -> None:
    package = ROOT.parent / "GPT_SoVITS"
    named = set()
    for folder in ("engine", "text", "audio", "inference"):
        for path in python_files(package / folder):
            named |= set(re.findall(r'\bcode(?:: [\w\[\]]+)? ?= ?"(\w+)"', path.read_text(encoding="utf-8")))
    assert named == set(ENGINE_WORDS)


def test_values_that_are_words_are_told_in_the_language() -> None:
    told = said("job_ended", noun="task", job_id="t1", status="done")
    assert "done" in told.text("en") and "任务 t1 已结束（已完成）" in told.text("zh")
    assert all(all(pair) for values in TERMS.values() for pair in values.values())


def test_hostile_values_stay_on_one_line_and_are_cut() -> None:
    told = said("voice_missing", model_id="a\n\x1b[31m\udc80" + "b" * 9999)
    assert "\n" not in told.text() and "\x1b" not in told.text() and len(told.text()) < 450
    told.text("zh").encode()


def test_braces_in_a_value_are_no_parameters() -> None:
    assert "{limit}" in said("upload_too_large", field="{limit}", limit="1 MiB").text()


def test_a_missing_parameter_breaks_nothing() -> None:
    assert "?" in Said("voice_missing").text("zh")


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("*", "en"),
        ("fr, de;q=0.5", "en"),
        ("zh", "zh"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("ZH-hant-TW", "zh"),
        ("en-US,en;q=0.9,zh;q=0.8", "en"),
        ("en;q=0.3, zh;q=0.7", "zh"),
        ("fr, zh;q=0.1", "zh"),
        ("zh;q=0", "en"),
        ("zh, en", "zh"),
        ("en, zh", "en"),
        (";;;,q=9,zh;q=nonsense" * 1000, "en"),
    ],
)
def test_the_language_is_the_one_that_the_client_likes_best(header: str | None, language: str) -> None:
    assert language_of(header) == language and language in LANGUAGES


def test_errors_tell_their_words_in_english_to_programs_of_ours() -> None:
    error = errors.MissingError("voice_missing", model_id="anna")
    assert str(error) == error.message == "there is no voice 'anna': choose one of the list of voices"
