"""What should be said, case by case, and which official readings the natural one changes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from GPT_SoVITS.text.chinese import create
from GPT_SoVITS.text.errors import TextError
from GPT_SoVITS.text.frontend import Speller
from GPT_SoVITS.text.pipeline import Reader
from GPT_SoVITS.text.reading.frontends import natural_front_end
from tests.readingcheck.__main__ import run
from tests.readingcheck.canonical import canonical
from tests.textcheck.runner import read_rows

DATA = Path(__file__).parent.parent / "data"
CASES = sorted((DATA / "reading").glob("*.jsonl"))
LANGUAGES = {"zh": "all_zh", "en": "en", "ja": "all_ja", "ko": "all_ko", "yue": "all_yue"}


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_every_case_of_our_own_is_read_as_expected(reader: Reader, path: Path) -> None:
    tallies = run([path], lambda text, language, cut: reader.prepare(text, language, "v2", cut))
    differences = [difference for tally in tallies.values() for difference in tally.differences]
    assert not differences, "\n".join(differences)


def test_the_comparison_tells_readings_apart() -> None:
    assert canonical("一千人。") != canonical("一人。")
    assert canonical("twenty-one, please") == canonical("twenty one, please.")
    assert canonical("He came. She left") != canonical("He came, she left")
    assert canonical("at ten a.m. sharp") == canonical("at ten A M sharp.")
    assert canonical("really?") != canonical("really.")


def _phones(reader: Reader, text: str, language: str, reading: str) -> list[str]:
    try:
        return [phone for part in reader.prepare(text, language, "v2", "cut0", reading) for phone in part.phones]
    except TextError:
        return []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_natural_reading_changes_the_listed_official_rows_only(reader: Reader, language: str) -> None:
    """Rows of the official program's fixtures that sound different; each is listed with its kind."""
    rows = read_rows(DATA / f"text/{language}_v2.jsonl.gz")
    listed = {
        row["text"]
        for line in (DATA / "reading/changed/rows.jsonl").read_text("utf-8").splitlines()
        if (row := json.loads(line))["lang"] == language
    }
    changed = {
        row["text"]
        for row in rows
        if _phones(reader, row["text"], LANGUAGES[language], "natural")
        != _phones(reader, row["text"], LANGUAGES[language], "official")
    }
    assert changed <= listed
    assert len(changed) >= 0.9 * len(listed)  # other dictionaries may agree on a few more


def test_common_polyphones_are_right_without_the_network() -> None:
    """At least 98 % of 403 sentences; the dictionaries alone reach 87 %."""
    mandarin = natural_front_end("zh", "v1")  # which never has the network
    assert isinstance(mandarin, Speller)
    lines = (DATA / "reading/polyphones.tsv").read_text("utf-8").splitlines()
    sentences = [line.split("\t") for line in lines if line and not line.startswith("#")]
    wrong = []
    for text, character, pinyin in sentences:
        spoken = mandarin.pronounce(mandarin.normalise(text))
        place = spoken.norm_text.index(character)
        assert spoken.word2ph is not None
        start = sum(spoken.word2ph[:place])
        found, wanted = spoken.phones[start : start + 2], list(mandarin.spell(pinyin))
        sandhi = [wanted[0], wanted[1][:-1] + "2"] if wanted[1].endswith("3") else wanted
        if found not in (wanted, sandhi):
            wrong.append((text, pinyin, found))
    assert len(sentences) >= 300
    assert len(wrong) <= len(sentences) * 0.02, wrong


def test_with_the_network_its_answers_are_left_alone() -> None:
    network = create("v2", g2pw=lambda piece: ["pu4"] * len(piece))
    assert network.with_phrases(lambda piece: {0: "bao4"}).pronounce("曝").phones == network.pronounce("曝").phones
