"""Numbers beside Latin letters in a sentence of another language: ``AI，12:30`` is said in that language.

A number is English only where it belongs to English: in a clause of several words, in a sentence of English alone
(Hello 42!), between two words of a name (iPhone 15 Pro), behind the hyphen of a word (COVID-19), in an English date or
as an English ordinal. Codes (MP3, GPT-4) keep English numbers in Japanese and Korean; Chinese reads them with numbers
of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from GPT_SoVITS.text.reading.scripts import (
    CLAUSE_SIGNS,
    EAST_ASIAN_SIGN,
    NEUTRAL,
    Run,
    companions,
    sentence_ends,
    sentence_of,
)

_MOST_BETWEEN = 6  # signs between the digits of one number
_JOINT = re.compile(r"\s?(?:[A-Za-z²³23/]{1,4})?[-–—~～/×*+=÷<>≥≤≈()%‰°℃℉$€£¥￥^xX]{0,3}\s?|[.,:：/]|\s")
_OPENING = frozenset("$€£¥￥₩#±√≥≤≈<>+-")
_CLOSING = frozenset("%‰°℃℉+")
_BREAKS = frozenset("，。！？；：、!?\n")
_SHORT_NUMBER = re.compile(r"\d{1,4}(?:\.\d{1,2})?")
_CODE_NUMBER = re.compile(r"\d{1,2}")
_WORD_LENGTH = 4  # letters; a shorter name before a number is a code
_ORDINAL_ENDS = frozenset({"st", "nd", "rd", "th"})
_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|"
    r"Nov(?:ember)?|Dec(?:ember)?)\b\.?"
)
_DATE = re.compile(
    rf"(?<![A-Za-z]){_MONTH}\s\d{{1,2}}(?!\d)(?:,?\s\d{{4}}(?!\d))?"
    rf"|(?<!\d)\d{{1,2}}\s{_MONTH}(?![A-Za-z])(?:,?\s\d{{4}}(?!\d))?"
)
# What is quoted, of several English words: “Give me 5!”
_QUOTED = re.compile(
    r"[“「『\"](?=[^“”「」『』\"\n]{0,100}[A-Za-z]{2} [A-Za-z]*[a-z])"
    r"[^“”「」『』\"，。！？；：、\u2e80-\u9fff\uac00-\ud7af\n]{1,200}[”」』\"]"
)
_FUNCTION_WORD = re.compile(
    r"(?<![A-Za-z])(?:I'm|[Ii]t's|[Hh]e's|[Ss]he's|[Ww]e're|[Tt]hey're|[Yy]ou're|am|is|are|was|were|at|for|about|only|just|"
    r"until|till|from|under|over|aged?|since|than)\s[$€£¥]?$"
)
_HEADING = re.compile(
    r"(?<![A-Za-z])(?:Chapter|Lesson|Unit|Step|Day|Week|Level|Part|Module|Section|Episode|Round|Season|Stage|Phase|Volume|"
    r"Scene|Question|Task|Exercise|Appendix|Topic|Tip)\s$"
)
"""Before the number of a heading: Chapter 7: 第七章."""
_LABEL = re.compile(r"(?<![A-Za-z])[A-Z]{2,8}(?:[:：] ?| )$")
_LONGEST_LABEL = 12
_CODES_IN_ENGLISH = frozenset({"ja", "ko"})
_NO_COUNTER = (
    r"(?!家[庭里人用具电電长長]|日[本语語式版文]|天[气氣空使猫貓]|年[轻輕级級]|分[析享类類支辨]|本[地机機身人来來质質科]|点[击擊赞評评]|位[置于於]"
    r"|名[字称稱单單]|条件|條件|支[持付撑援]|只[有要是能]|台[式湾灣灯]|里[面程]|[号號][码碼]|元[素宇旦数]|[个個][人性体]版|节[目日省]|[页頁]面|[间間][隔接]"
    r"|度假|月[亮薪]|周[末围]|米[饭飯]|口[语味罩袋]|首[先页要]|[场場][景合地]|次[要数]|[时時][代尚间]|人工|回[复家答来]|才[能是]|层[次面]|件[事数])"
)
_COUNTER = re.compile(
    rf"\s?{_NO_COUNTER}"
    r"(?:[岁歲块塊元点點个個张張本件位名只隻条條杯瓶碗支枝台辆輛間间层層楼樓天年月日号號周週分秒米斤克吨噸里升码碼度倍次遍场場首篇章节節页頁"
    r"歳才円時时回匹冊枚代人口家]|厘米|公[分里斤尺]|毫[米升克]|千[米克]|平方|小[时時]|分[钟鐘]"
    r"|[살원명개번층시분초년월일권장대](?![가-힣]{2})|만\s?원)"
)
"""What counts, behind a number among English words: I am 25 岁."""
_LEAGUES = frozenset({"F1", "G7", "J1", "J2", "J3"})
"""Codes that Japanese says in English; A4 and B5 it does not."""
_NUMBER_WORD = re.compile(r"(?<![A-Za-z])N[oO]\.\s?$")
_SHARES = ("%", "‰")
_DIMENSIONS = frozenset("DG")  # 3D, 5G


@dataclass(frozen=True)
class _Number:
    """Runs ``first`` to ``last`` with their signs and units; its digits are ``text[start:end]``."""

    first: int
    last: int
    start: int
    end: int


@dataclass(slots=True)
class _Words:
    """How many English words there are, and how many in small letters."""

    all: int = 0
    small: int = 0

    def count(self, word: str) -> None:
        self.all += 1
        self.small += len(word) > 1 and word.islower()


def settle_numbers(text: str, runs: list[Run], kinds: Sequence[str], fallback: str) -> None:
    """Give numbers that ``neutral`` left to English to the language of their sentence, unless they are English.

    Args:
        text: The text.
        runs: Its runs, settled; changed in place.
        kinds: What each run was before it was settled.
        fallback: The language of numbers in a text of Latin letters alone, where they stand behind a name in
            capitals (``ID：12345``); "en" leaves them to English.
    """
    latin_only = all(kind in NEUTRAL or kind == "en" for kind in kinds)
    if "en" not in kinds or (latin_only and fallback == "en"):
        return
    letters = [
        run if kind not in NEUTRAL else Run(kind, run.start, run.end) for run, kind in zip(runs, kinds, strict=True)
    ]
    own = companions(text, letters)
    languages = [fallback] * len(runs) if latin_only else _carried(own)
    english = _English(text, letters, own)
    last: _Number | None = None
    for number in _numbers(text, runs, kinds):
        language = languages[number.first]
        if latin_only and not english.is_labelled(number):
            continue
        if english.has(number, language):
            _give(runs, number.first, number.last + 1, "en", language)
            last = None
            continue
        joined = last is not None and all(kind in NEUTRAL for kind in kinds[last.last : number.first])
        stop = number.last + 1
        if stop < len(runs) and kinds[stop] == "sign" and text[runs[stop].start] in CLAUSE_SIGNS:
            stop += 1
        _give(runs, last.last if joined and last else number.first, stop, language, "en")
        last = number


def _give(runs: list[Run], first: int, stop: int, language: str, former: str) -> None:
    for run in runs[first:stop]:
        if run.language == former:
            run.language = language


def _carried(languages: Sequence[str]) -> list[str]:
    """Return languages of which those of sentences without one are that of the sentence before, or the first."""
    current = next(filter(None, languages), "")
    carried = []
    for language in languages:
        current = language or current
        carried.append(current)
    return carried


def _numbers(text: str, runs: Sequence[Run], kinds: Sequence[str]) -> Iterator[_Number]:
    """Yield the numbers of a text, each with its inner signs: dates, times, telephone numbers, calculations."""
    index = 0
    while index < len(runs):
        if kinds[index] != "digits":
            index += 1
            continue
        first = last = index
        while (following := _next_digits(text, runs, kinds, last)) > last:
            last = following
        start, end = runs[first].start, runs[last].end
        while first and kinds[first - 1] == "sign" and _opens(text[runs[first - 1].start : runs[first - 1].end]):
            first -= 1
        if (
            first > 1
            and text[runs[first - 1].start] == " "
            and kinds[first - 2] == "sign"
            and _is_money(text, runs[first - 2])
        ):
            first -= 2
        index = last = _with_unit(text, runs, kinds, last)
        yield _Number(first, last, start, end)
        index += 1


def _opens(sign: str) -> bool:
    return sign in _OPENING or sign[0].isalpha()


def _is_money(text: str, run: Run) -> bool:
    """Whether a sign is a currency in letters: RMB."""
    return text[run.start].isalpha()


def _next_digits(text: str, runs: Sequence[Run], kinds: Sequence[str], last: int) -> int:
    """Return the run of digits that goes on with a number, or ``last`` where it ends."""
    for index in range(last + 1, min(last + 2 + _MOST_BETWEEN, len(runs))):
        if kinds[index] == "digits":
            joint = text[runs[last].end : runs[index].start]
            return index if _JOINT.fullmatch(joint) else last
        if kinds[index] != "sign":
            break
    return last


def _with_unit(text: str, runs: Sequence[Run], kinds: Sequence[str], last: int) -> int:
    """Return the last run of the signs and the unit that close a number."""
    for index in range(last + 1, min(last + 4, len(runs))):
        if kinds[index] != "sign":
            break
        written = text[runs[index].start : runs[index].end]
        if written in _CLOSING or written[0].isalpha():
            last = index
        elif not written.isspace():
            break
    return last


class _English:
    """Tells which numbers of a text with several languages are English."""

    def __init__(self, text: str, letters: Sequence[Run], companions: Sequence[str]) -> None:
        self._text, self._companions = text, companions
        self._ends = {run.end: run for run in letters if run.language == "en"}
        self._starts = {run.start: run for run in letters if run.language == "en"}
        self._foreign = {place for run in letters if _is_foreign(run) for place in (run.start, run.end)}
        self._quoted = {place for match in _QUOTED.finditer(text) for place in range(*match.span())}
        self._dated = {place for match in _DATE.finditer(text) for place in range(*match.span())}
        self._words = _words_around(text, letters)
        self._sentences = sentence_ends(text)
        self._english_sentences = _english_sentences(text, letters, self._sentences)

    def has(self, number: _Number, language: str) -> bool:
        """Whether a number is English among words of a language."""
        digits = self._text[number.start : number.end]
        if _COUNTER.match(self._text, number.end):
            return False
        return (
            number.start in self._dated
            or self._right(number.end) in _ORDINAL_ENDS
            or self._is_in_clause(number)
            or (self._is_in_english_sentence(number) and not self.is_labelled(number))
            or number.start in self._quoted
            or self._follows_english(number)
            or self._is_in_heading(number)
            or self._is_in_name(number, digits)
            or (language in _CODES_IN_ENGLISH and self._is_code(number, digits, language))
        )

    def is_labelled(self, number: _Number) -> bool:
        """Whether a number stands behind its name in capitals: ``ID：12345``."""
        return _LABEL.search(self._text, max(number.start - _LONGEST_LABEL, 0), number.start) is not None

    def _left(self, place: int) -> str:
        run = self._ends.get(place)
        return self._text[run.start : run.end] if run else ""

    def _right(self, place: int) -> str:
        run = self._starts.get(place)
        return self._text[run.start : run.end] if run else ""

    def _is_in_clause(self, number: _Number) -> bool:
        if number.start in self._foreign or number.end in self._foreign:
            return False
        around, sentence = self._words[number.first]
        if self._companions[number.first]:
            is_code = 0 < len(self._left(number.start)) < _WORD_LENGTH  # v1.2
            return around.small >= 2 or (around.small == 1 and sentence.small >= 3 and not is_code)
        return around.all >= 2 and around.small >= 1

    def _is_in_english_sentence(self, number: _Number) -> bool:
        """Whether a sentence has English alone; one without letters has the language of those around it."""
        sentence, kinds = sentence_of(self._sentences, number.start), self._english_sentences
        if sentence in kinds:
            return kinds[sentence]
        around = [kinds[place] for place in (sentence - 1, sentence + 1) if place in kinds]
        return bool(around) and all(around) and not EAST_ASIAN_SIGN.search(self._text, *self._span(sentence))

    def _span(self, sentence: int) -> tuple[int, int]:
        return (self._sentences[sentence - 1] if sentence else 0), self._sentences[sentence]

    def _is_in_heading(self, number: _Number) -> bool:
        """Chapter 7: the number of a part of a text, before a colon."""
        colon = self._text[number.end : number.end + 2].lstrip(" ")[:1]
        start = number.start
        return colon in (":", "：") and _HEADING.search(self._text, max(start - _LONGEST_LABEL, 0), start) is not None

    def _follows_english(self, number: _Number) -> bool:
        """I'm 25, at 7: behind a word that only English sentences have, and before no other script."""
        if number.end in self._foreign or number.end + 1 in self._foreign:
            return False
        return _FUNCTION_WORD.search(self._text, max(number.start - _LONGEST_LABEL, 0), number.start) is not None

    def _is_in_name(self, number: _Number, digits: str) -> bool:
        """iPhone 15 Pro, COVID-19, iPhone15Pro."""
        if not _SHORT_NUMBER.fullmatch(digits) or self._text.startswith(_SHARES, number.end):
            return False
        text, start, end = self._text, number.start, number.end
        if text[start - 1 : start] == "-" and len(self._left(start - 1)) >= _WORD_LENGTH:
            return True
        if self._right(end) and len(self._left(start)) >= _WORD_LENGTH:
            return True
        if text[start - 1 : start] != " " or text[end : end + 1] != " ":
            return False
        words = self._left(start - 1), self._right(end + 1)
        return min(map(len, words)) > 1 and not all(map(str.isupper, words))

    def _is_code(self, number: _Number, digits: str, language: str) -> bool:
        """MP3, GPT-4, 3D, H2O, No.1."""
        if not _CODE_NUMBER.fullmatch(digits):
            return False
        start = number.start - (self._text[number.start - 1 : number.start] == "-")
        left, right = self._left(start), self._right(number.end)
        if len(left) > 1:
            return True
        if len(digits) > 1:
            return False
        if right in _DIMENSIONS or (left.isupper() and right[:1].isupper() and start == number.start):
            return True
        if left.isupper() and start == number.start:
            return language == "ko" or left + digits in _LEAGUES
        return _NUMBER_WORD.search(self._text, max(number.start - 5, 0), number.start) is not None


def _is_foreign(run: Run) -> bool:
    return run.language not in NEUTRAL and run.language != "en"


def _words_around(text: str, letters: Sequence[Run]) -> list[tuple[_Words, _Words]]:
    """Return the words of each run's clause, which foreign letters and strong signs end, and of its sentence."""
    ends = sentence_ends(text)
    clause, sentence, place = _Words(), _Words(), 0
    result = []
    for run in letters:
        if place != sentence_of(ends, run.start):
            clause, sentence, place = _Words(), _Words(), sentence_of(ends, run.start)
        elif _is_foreign(run) or text[run.start] in _BREAKS:
            clause = _Words()
        if run.language == "en" and text[run.start - 1 : run.start] != "-":  # check-in is one word
            clause.count(text[run.start : run.end])
            sentence.count(text[run.start : run.end])
        result.append((clause, sentence))
    return result


def _english_sentences(text: str, letters: Sequence[Run], ends: Sequence[int]) -> dict[int, bool]:
    """Return for each sentence with letters whether it is English: Latin letters alone, some of them small ones.

    Names in capitals (``AI: 12``) and names among the signs of Chinese (``iPhone 15。``) stand in any language.
    """
    found: dict[int, bool] = {}
    small: set[int] = set()
    for run in letters:
        sentence = sentence_of(ends, run.start)
        if run.language == "en":
            found.setdefault(sentence, True)
            if any(map(str.islower, text[run.start : run.end][1:])):
                small.add(sentence)
        elif _is_foreign(run) or EAST_ASIAN_SIGN.match(text, run.start):
            found[sentence] = False
    return {sentence: english and sentence in small for sentence, english in found.items()}
