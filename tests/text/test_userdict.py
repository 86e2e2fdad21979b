"""The user's pronunciation dictionary."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from GPT_SoVITS.text import resources, userdict
from GPT_SoVITS.text.cleaning import Cleaner
from GPT_SoVITS.text.errors import DictionaryError, MissingResourceError
from GPT_SoVITS.text.pipeline import default_reader, reader_of
from GPT_SoVITS.text.userdict import Matcher, UserDictionary, installation_dictionary, parse, read
from tests.text.doubles import front_ends
from tests.text.speed import within


def _dictionary(path: Path, *lines: str) -> UserDictionary:
    _write(path, *lines)
    return UserDictionary(path)


def _write(path: Path, *lines: str) -> None:
    path.write_text("\n".join(lines) + "\n", "utf-8")
    moment = time.time_ns() + sum(map(len, lines)) * 1_000_000  # a coarse clock must not hide the change
    os.utime(path, ns=(moment, moment))


def _cleaner(tmp_path: Path, *lines: str) -> Cleaner:
    return Cleaner([_dictionary(tmp_path / "words.tsv", *lines)], front_ends)


def test_pinyin_replaces_the_phonemes_of_the_word_and_nothing_else(tmp_path: Path) -> None:
    spoken = _cleaner(tmp_path, "zh\t重庆\tchong2 qing4").clean("去重庆，", "zh", "v2")
    assert spoken.norm_text == "去重庆,"
    assert spoken.phones == ["b", "a1", "ch", "ong2", "q", "ing4", ","]
    assert spoken.word2ph == [2, 2, 2, 1]


def test_phonemes_may_stand_in_place_of_pinyin(tmp_path: Path) -> None:
    assert _cleaner(tmp_path, "zh\t重\tch ong2").clean("重", "zh", "v2").phones == ["ch", "ong2"]


def test_a_word_matches_the_normalised_text(tmp_path: Path) -> None:
    assert _cleaner(tmp_path, "zh\t國里\tchong2 li3").clean("国里", "zh", "v2").phones == ["ch", "ong2", "l", "i3"]


def test_pause_signs_still_work_beside_dictionary_words(tmp_path: Path) -> None:
    spoken = _cleaner(tmp_path, "zh\t重\tchong2").clean("重^好", "zh", "v2")
    assert spoken.phones == ["ch", "ong2", "SP3", "b", "a1"]


def test_english_words_are_spliced_between_what_the_front_end_reads(tmp_path: Path) -> None:
    cleaner = _cleaner(tmp_path, "en\tnginx\tEH1 N", "en\tC++\tS IY1")
    spoken = cleaner.clean("ST Nginx, C++ BD", "en", "v2")
    assert spoken.phones == ["S", "T", "EH1", "N", ",", "S", "IY1", "B", "D"]
    assert spoken.norm_text == "ST Nginx, C++ BD"
    assert spoken.word2ph is None


def test_latin_words_match_only_whole(tmp_path: Path) -> None:
    cleaner = _cleaner(tmp_path, "en\tst\tEH1", "ja\t初音\th a ts u n e")
    assert cleaner.clean("BEST STB st", "en", "v2").phones[-4:] == ["S", "T", "B", "EH1"]
    assert cleaner.clean("N初音N", "ja", "v2").phones == ["N", "h", "a", "ts", "u", "n", "e", "N"]


def test_the_korean_full_stop_comes_at_the_end_only(tmp_path: Path) -> None:
    assert _cleaner(tmp_path, "ko\t값\tㄱ ㅏ ㅂ").clean("B값S", "ko", "v2").phones == ["B", "ㄱ", "ㅏ", "ㅂ", "S", "."]


def test_the_longest_word_wins() -> None:
    matcher = Matcher({"ab": ("1",), "abc": ("2",), "c": ("3",)})
    assert [(match.start, match.end) for match in matcher.find("abc ab c")] == [(0, 3), (4, 6), (7, 8)]


def test_the_voice_wins_over_the_installation(tmp_path: Path) -> None:
    common = _dictionary(tmp_path / "common.tsv", "zh\t重\tchong2", "zh\t里\tli3")
    voice = _dictionary(tmp_path / "voice.tsv", "zh\t重\tqing4")
    spoken = Cleaner([common, voice], front_ends).clean("重里", "zh", "v2")
    assert spoken.phones == ["q", "ing4", "l", "i3"]


def test_a_change_of_the_file_counts_at_once(tmp_path: Path) -> None:
    path = tmp_path / "words.tsv"
    cleaner = Cleaner([UserDictionary(path)], front_ends)
    assert cleaner.clean("重", "zh", "v2").phones == ["b", "a1"]
    _write(path, "zh\t重\tchong2")
    assert cleaner.clean("重", "zh", "v2").phones == ["ch", "ong2"]
    _write(path, "zh\t重\tqing4", "")
    assert cleaner.clean("重", "zh", "v2").phones == ["q", "ing4"]
    path.unlink()
    assert cleaner.clean("重", "zh", "v2").phones == ["b", "a1"]


def test_an_invalid_change_keeps_the_former_entries_and_says_why_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "words.tsv"
    dictionary = _dictionary(path, "zh\t重\tchong2")
    cleaner = Cleaner([dictionary], front_ends)
    assert cleaner.clean("重", "zh", "v2").phones == ["ch", "ong2"]
    _write(path, "zh\t重\tchong2", "zh\t里")
    assert cleaner.clean("重", "zh", "v2").phones == ["ch", "ong2"]
    assert cleaner.clean("重", "zh", "v2").phones == ["ch", "ong2"]
    told = [record.message for record in caplog.records]
    assert len(told) == 1
    assert "words.tsv: line 2: expected language, word and pronunciation" in told[0]
    assert "its former entries stay in use" in told[0]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("zh 重 chong2", "expected language, word and pronunciation with a tab between them"),
        ("zh\t重\t", "expected language, word and pronunciation"),
        ("fr\tmot\tM OW1", "'fr' is none of the languages zh, en, ja, ko, yue"),
        ("zh\t重庆\tchong2", "'重庆' has 2 characters, which need 2 syllables or 4 phonemes, but 1 are given"),
        ("zh\t重\tchong", "'chong' is no syllable in pinyin with tones 1-5"),
        ("yue\t行\thong9", "'hong9' is no syllable in jyutping with tones 1-6"),
        ("zh\tAI\tEY1 AY1", "'AI' is not of Han characters only; enter words in Latin letters under en"),
        ("en\tword\tW XX D", "'XX' is no phoneme of the symbol table"),
        ("en\t" + "w" * 65 + "\tW", "the word has 65 characters, more than 64"),
    ],
)
def test_every_mistake_is_told_with_its_line(line: str, problem: str) -> None:
    with pytest.raises(DictionaryError) as caught:
        parse(f"# words\n\n{line}\n", "words.tsv")
    assert str(caught.value).startswith("words.tsv: line 3: ")
    assert problem in str(caught.value)


def test_a_word_may_stand_only_once() -> None:
    with pytest.raises(DictionaryError, match="line 2: '重' stands in line 1 already"):
        parse("zh\t重\tchong2\nzh\t重\tzhong4\n")


def test_many_mistakes_are_counted_not_listed() -> None:
    with pytest.raises(DictionaryError, match=r"line 20: .*and 80 more lines"):
        parse("wrong\n" * 100)


def test_a_byte_order_mark_is_no_part_of_the_first_word() -> None:
    assert "重" in parse("\ufeffzh\t重\tchong2\n")["zh"]


def test_files_that_cannot_be_read_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DictionaryError, match=r"none\.tsv: cannot be read: No such file"):
        read(tmp_path / "none.tsv")
    path = tmp_path / "words.tsv"
    path.write_bytes("zh\t重\tchong2\nzh\t里\t".encode() + "里".encode("gbk") + b"\n")
    with pytest.raises(DictionaryError, match=r"words\.tsv: line 2: is not UTF-8"):
        read(path)
    monkeypatch.setattr(userdict, "LARGEST_FILE", 4)
    with pytest.raises(DictionaryError, match="more than the 4 that are read"):
        read(path)


def test_syllables_that_do_not_exist_are_told_and_the_rest_is_used(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cleaner = _cleaner(tmp_path, "zh\t里\tzzz1", "zh\t重\tchong2")
    assert cleaner.clean("重里", "zh", "v2").phones == ["ch", "ong2", "b", "a1"]
    assert "user dictionary, line 1: '里' is not used: there is no syllable 'zzz1'" in caplog.text


def test_phonemes_of_v2_are_not_used_by_v1(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    cleaner = _cleaner(tmp_path, "ja\t初\t[ h a")
    assert cleaner.clean("初", "ja", "v1").phones == ["UNK"]
    assert cleaner.clean("初", "ja", "v2").phones == ["[", "h", "a"]
    assert "'[' is no phoneme of v1 models" in caplog.text


def test_the_installation_names_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(resources.VARIABLE, str(tmp_path))
    _write(tmp_path / "user_dictionary.tsv", "zh\t重\tchong2")
    assert "重" in installation_dictionary().entries()["zh"]
    _write(tmp_path / "other.tsv", "zh\t里\tli3")
    monkeypatch.setenv(userdict.VARIABLE, str(tmp_path / "other.tsv"))
    assert list(installation_dictionary().entries()["zh"]) == ["里"]


def test_threads_see_a_whole_dictionary(tmp_path: Path) -> None:
    path = tmp_path / "words.tsv"
    dictionary = _dictionary(path, "zh\t重\tchong2", "zh\t里\tli3")
    failures: list[object] = []
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            words = dictionary.entries().get("zh", {})
            if len(words) not in (2, 3):
                failures.append(words)

    threads = [threading.Thread(target=watch) for _ in range(3)]
    for thread in threads:
        thread.start()
    extra = tmp_path / "extra.tsv"
    for turn in range(30):
        _write(extra, "zh\t重\tchong2", "zh\t里\tli3", *(["zh\t庆\tqing4"] if turn % 2 else []))
        extra.replace(path)
        assert len(dictionary.entries()["zh"]) == (3 if turn % 2 else 2)
    done.set()
    for thread in threads:
        thread.join()
    assert not failures


def test_looking_words_up_takes_linear_time() -> None:
    matcher = Matcher({"a" * length + "b": ("x",) for length in range(1, 60)})
    assert matcher.find("a" * 1000) == []
    assert within(2.0, lambda: matcher.find("a" * 100_000))


@pytest.mark.parametrize(
    ("language", "line", "text", "phones"),
    [
        ("zh", "zh\t重楼\tchong2 lou2", "重楼", ["ch", "ong2", "l", "ou2"]),
        ("zh", "zh\t绿\tlü4", "綠", ["l", "v4"]),
        ("yue", "yue\t行\thong4", "行", ["Yh", "Yong4"]),
    ],
)
def test_the_languages_know_their_syllables(
    tmp_path: Path, language: str, line: str, text: str, phones: list[str]
) -> None:
    cleaner = Cleaner([_dictionary(tmp_path / "words.tsv", line)])
    try:
        assert cleaner.clean(text, language, "v2").phones == phones
    except MissingResourceError as error:
        pytest.skip(str(error))


# --- saving, and the dictionary of a voice ---


def test_a_dictionary_is_saved_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "voice" / userdict.FILE
    userdict.save(path, "zh\t重楼\tchong2 lou2\n")
    with pytest.raises(DictionaryError, match="line 1"):
        userdict.save(path, "zh\t重楼\n")
    assert path.read_text("utf-8") == "zh\t重楼\tchong2 lou2\n"
    assert [file.name for file in path.parent.iterdir()] == [userdict.FILE]


def test_a_voices_dictionary_lies_beside_its_reference_and_wins(tmp_path: Path) -> None:
    reference = tmp_path / "clip.wav"
    assert reader_of(str(reference)) is default_reader()
    userdict.save(tmp_path / userdict.FILE, "zh\t重庆\tzhong4 qing4\n")
    spoken = reader_of(str(reference)).prepare("我在重庆长大。", "zh")[0]
    assert spoken.phones[4:8] == ["zh", "ong4", "q", "ing4"]
