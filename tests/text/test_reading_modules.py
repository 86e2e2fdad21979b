"""Rules of reading that need evidence, one module at a time: what they take, and what they leave as it was."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest

from GPT_SoVITS.text.reading.amounts import takes_amount
from GPT_SoVITS.text.reading.draft import Draft, Rule
from GPT_SoVITS.text.reading.floors import is_floor, settle_floors
from GPT_SoVITS.text.reading.scripts import runs_of
from GPT_SoVITS.text.reading.spoken import commands, english_k, english_multiples
from GPT_SoVITS.text.reading.spoken.english_attributes import is_attribute
from GPT_SoVITS.text.reading.tags import without_angles, without_tags
from GPT_SoVITS.text.reading.thousands import join_thousands


def _said(rules: Iterable[Rule], text: str) -> list[str]:
    draft = Draft(text)
    draft.apply(rules)
    return [edit.spoken for edit in draft.edits()]


class TestThousands:
    @pytest.mark.parametrize(
        ("text", "joined"),
        [
            ("1 000 000 euros", "1,000,000 euros"),
            ("page 3 1\u202f200 men", "page 3 1,200 men"),
            ("It employs 1 200 people.", "It employs 1,200 people."),
            ("Windows 7 000 users", "Windows 7,000 users"),
            ("$1 200 more", "$1,200 more"),
            ("between 1 200 and 1 500 euros", "between 1,200 and 1,500 euros"),
            ("a 1 500 m race", "a 1,500 m race"),
            ("价格 1 200 元", "价格 1,200 元"),
            ("全部で1 200円", "全部で1,200円"),
        ],
    )
    def test_an_amount_gets_commas(self, text: str, joined: str) -> None:
        assert join_thousands(text) == joined

    @pytest.mark.parametrize(
        "text",
        [
            "On page 3 200 men appear.",
            "Boeing 737 800 seats",
            "Call 800 123 456 now",
            "paid $5 200 times",
            "with 2 250 ml cups",
            "the 4 100 m laps",
            "套餐 2 300 元",
            "我有 3 500 毫升的瓶子",
            "コーヒー2 500円",
            "버스 5 300명",
        ],
    )
    def test_two_numbers_stay_two(self, text: str) -> None:
        assert join_thousands(text) == text

    @pytest.mark.parametrize(("before", "takes"), [("about ", True), ("Bus ", False), ("共有", True), ("套餐 ", False)])
    def test_what_stands_before_a_number_takes_an_amount_or_a_name(self, before: str, takes: bool) -> None:
        assert takes_amount(f"{before}5 300", len(before)) is takes


class TestMeasuresBeforeNouns:
    @pytest.mark.parametrize(
        "text",
        ["the $20 bill", "a $5 tip", "my $20 notes", "Tom's $9 lunch", "the $10 early bird", "a $5-a-day plan"],
    )
    def test_a_noun_makes_the_measure_singular(self, text: str) -> None:
        assert is_attribute(_amount(text))

    @pytest.mark.parametrize(
        "text",
        [
            "the $20 myself",
            "the $20 nearly",
            "the $20 spent",
            "the $20 covers it",
            "every $20 counts",
            "that's $20 money",
            "paid $20 cash",
            "the $20 ASAP",
        ],
    )
    def test_other_words_leave_the_plural(self, text: str) -> None:
        assert not is_attribute(_amount(text))


def _amount(text: str) -> re.Match[str]:
    found = re.search(r"\$\d+", text)
    assert found is not None
    return found


class TestLetterK:
    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("He ran a 10k today", ["ten K"]),
            ("shot in 4K", ["four K"]),
            ("It costs 5k", []),
            ("paid for 5K", []),
            ("a 7k run", []),
            ("10k followers", []),
        ],
    )
    def test_races_and_pictures_have_a_letter_and_amounts_a_thousand(self, text: str, said: list[str]) -> None:
        assert _said(english_k.rules(), text) == said


class TestMultiples:
    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("eggs x2", ["times two"]),
            ("milk x3 and bread x2.", ["times three", "times two"]),
            ("2x eggs", [""]),
            ("3x faster", []),
            ("a 10x engineer", []),
            ("using X11 is fun", []),
            ("the x64.", []),
            ("roots x1, x2", []),
            ("2 X chromosomes", []),
        ],
    )
    def test_an_x_says_how_many_only_beside_things(self, text: str, said: list[str]) -> None:
        assert _said(english_multiples.rules(), text) == said


class TestCommands:
    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("rm -rf /", ["R M", "dash R F", " slash"]),
            ("pip install --upgrade x", ["dash dash upgrade"]),
            ("use -v for more", ["dash V"]),
            ("Run find -name x", ["dash name"]),
            ("go -v", ["dash V"]),
            ("I can go -or not", []),
            ("We find -the lost- keys", []),
            ("my sister -in-law", []),
        ],
    )
    def test_options_belong_to_commands(self, text: str, said: list[str]) -> None:
        assert [spoken for _, _, spoken in sorted(commands.options(text))] == said

    @pytest.mark.parametrize(
        ("text", "paths"),
        [
            ("see /usr/local/bin", ["/usr/local/bin"]),
            ("edit ~/.bashrc", ["~/.bashrc"]),
            ("cp -r a/ b/", ["a/", "b/"]),
            ("and/or he/she", []),
            ("1/2 of it", []),
        ],
    )
    def test_paths_begin_at_a_root_or_behind_a_command(self, text: str, paths: list[str]) -> None:
        assert [path for _, path in commands.paths(text)] == paths


class TestFloors:
    @pytest.mark.parametrize(
        "text",
        [
            "B1Fです",
            "渋谷ビル5F",
            "1-2-3 5F",
            "5Fにあります",
            "3Fの会議室",
            "1F~3F",
            "5Fで降りる",
            "3F 婦人服",
            "会場は3Fです",
        ],
    )
    def test_a_building_has_floors(self, text: str) -> None:
        assert is_floor(text, *_floor(text))

    @pytest.mark.parametrize(
        "text",
        [
            "1Fのコンデンサ",
            "体温は98Fです",
            "60Fで動く",
            "発生5Fの技",
            "30F/60Fで比べる",
            "3Fシュート",
            "1秒30F",
            "75F、つまり24℃",
        ],
    )
    def test_other_letters_stay(self, text: str) -> None:
        assert not is_floor(text, *_floor(text))

    def test_a_floor_belongs_to_the_japanese_around_it(self) -> None:
        text = "5Fにある。60Fで動く。"
        runs = runs_of(text)
        settle_floors(text, runs, "ja")
        languages = {
            text[run.start : run.end]: run.language for run in reversed(runs) if "F" in text[run.start : run.end]
        }
        assert languages == {"F": "ja"}
        assert [run.language for run in runs if text[run.start] == "F"] == ["ja", "en"]


def _floor(text: str) -> tuple[int, int]:
    found = re.search(r"B?\d{1,2}F", text)
    assert found is not None
    return found.span()


class TestTags:
    @pytest.mark.parametrize(
        ("text", "plain"),
        [
            ("<b>bold</b> and <i class='x'>it</i>", "bold and it"),
            ("a<br/>b<hr>c", "a\nb\nc"),
            ('<a href="x" hidden>link</a>', "link"),
            ("<var>x</var><img src=a.png>", "x"),
            ("a<!-- no -->b<script>no</script>", "a b"),
        ],
    )
    def test_tags_of_html_vanish_and_their_text_stays(self, text: str, plain: str) -> None:
        assert without_tags(text) == plain

    @pytest.mark.parametrize(
        "text", ["if a<b then c>d", "a<b and b>c", "the <title> tag", "i<u", "<3 you", "<speaker>"]
    )
    def test_what_is_no_tag_is_text(self, text: str) -> None:
        assert without_tags(text) == text

    @pytest.mark.parametrize(
        ("text", "plain"),
        [
            ("<your name> here", "your name here"),
            ("List<String> x", "List String  x"),
            ("<name>Tom</name>", " name Tom "),
            ("a<b and b>c", "a<b and b>c"),
            ("x < y and y > z", "x < y and y > z"),
            ("press <Esc>", "press <Esc>"),
        ],
    )
    def test_other_angle_brackets_lose_no_word(self, text: str, plain: str) -> None:
        assert without_angles(text) == plain
