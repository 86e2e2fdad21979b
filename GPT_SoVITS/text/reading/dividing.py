"""Which language reads what: a text divided by its scripts, and Han characters by the company they keep.

Japanese is ruled out for Han characters where the text has no kana, and for a stretch with a character that Japanese
does not write. Digits and signs have no language: they belong to what they adjoin (``neutral``), and numbers beside
Latin letters to the sentence (``embedded``).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from GPT_SoVITS.text.identification import Identify, identify
from GPT_SoVITS.text.reading.embedded import settle_numbers
from GPT_SoVITS.text.reading.floors import settle_floors
from GPT_SoVITS.text.reading.neutral import settle_neutral
from GPT_SoVITS.text.reading.scripts import EAST_ASIAN_SIGN, KANA, Run, runs_of, sentence_ends, sentence_of

_FIRST_RARE = 0xD0  # first byte in EUC-JP of the rows of JIS X 0208's second level
_SURE_LENGTH = 4
_SURE_SCORE = 0.5
# Written Cantonese, which nobody writes in Mandarin; and words that say a sentence is Mandarin after all.
_CANTONESE = frozenset("嘅咗喺冇佢哋嚟啲乜嘢嗰咁噉攞瞓㗎喎嘥唔諗睇俾畀咩噃啱嚿冚掟揾搵瞓孭")
_MANDARIN = re.compile("[的了们們这這没沒吗嗎吧]|是不|什么|什麼")
# Words of Chinese sentences, of characters that Japanese writes too, but not in this company.
_CHINESE_WORDS = re.compile(
    "[你她吗呢吧]|我[是的在想要去有看不也和叫]|他[是的在想要去有不也叫]|不是|是[我一不]|[也就都]是|都有|了$|[去来看到]了|在看|再見|很|一下|什|那[里个是]"
)


_TITLE = re.compile("《[^《》\n]{1,100}》")  # Chinese marks titles so, Japanese does not


@dataclass(frozen=True)
class Span:
    """``text[start:end]`` is read in ``language``."""

    language: str
    start: int
    end: int


@lru_cache(maxsize=16384)
def _writes(char: str, encoding: str) -> bool:
    try:
        char.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


@lru_cache(maxsize=16384)
def _is_japanese_character(char: str) -> bool:
    """Whether JIS X 0208 has a character, and not as a rare one (level 2) that simplified Chinese uses (气, 个)."""
    if char in "々〇":
        return True
    if not _writes(char, "euc_jp"):
        return False
    rare = char.encode("euc_jp")[0] >= _FIRST_RARE
    return not (rare and _writes(char, "gb2312") and not _writes(char, "big5"))


def _japanese_writes(text: str) -> bool:
    """Whether Japanese writes all characters."""
    return all(map(_is_japanese_character, text))


def _only_japanese_writes(text: str) -> bool:
    """Whether a character is Japanese and neither in the simplified nor in the traditional standard set."""
    return any(_writes(char, "euc_jp") and not _writes(char, "gb2312") and not _writes(char, "big5") for char in text)


class Divider:
    """Divides texts by language.

    Args:
        identify: Asked about a stretch of Han characters for which nothing else tells Chinese from Japanese.
        cantonese: Whether the model reads Cantonese.
    """

    def __init__(self, identify: Identify = identify, *, cantonese: bool = True) -> None:
        self._identify = identify
        self._cantonese = cantonese

    def divide(self, text: str, language: str) -> list[Span]:
        """Return spans that cover a text, neighbours in different languages.

        Args:
            text: Text in the forms of ``typography``.
            language: Code of a text language (``languages.TEXT_LANGUAGES``).
        """
        if language == "en":
            return [Span("en", 0, len(text))] if text else []
        runs = runs_of(text)
        if language.startswith("auto"):
            self._settle_han(text, runs, always_cantonese=language == "auto_yue")
            fallback = "yue" if language == "auto_yue" else "zh"
        else:
            fallback = language.removeprefix("all_")
            for run in runs:
                run.language = fallback if run.language in ("han", "ja", "ko") else run.language
        kinds = [run.language for run in runs]
        alone = "en" if language.startswith("auto") and not EAST_ASIAN_SIGN.search(text) else fallback
        settle_neutral(text, runs, fallback, alone)
        settle_numbers(text, runs, kinds, alone)
        settle_floors(text, runs, fallback)
        return _joined(runs)

    def _settle_han(self, text: str, runs: list[Run], *, always_cantonese: bool) -> None:
        han = [run for run in runs if run.language == "han"]
        if not han:
            return
        titles = {place for match in _TITLE.finditer(text) for place in range(*match.span())}
        has_kana = any(run.language == "ja" for run in runs if run.start not in titles)
        chinese = any(not _japanese_writes(text[run.start : run.end]) for run in han)
        sentences = sentence_ends(text)
        kana = {sentence_of(sentences, run.start) for run in runs if run.language == "ja" and run.start not in titles}
        yue = set() if has_kana or not self._cantonese else _cantonese_sentences(text, sentences)
        content: dict[int, str] = {}
        for run in han:
            sentence = sentence_of(sentences, run.start)
            if run.start not in titles:
                content[sentence] = content.get(sentence, "") + text[run.start : run.end]
        for run in han:
            sentence = sentence_of(sentences, run.start)
            chinese_language = "yue" if always_cantonese or sentence in yue else "zh"
            if run.start in titles:
                japanese = _has_kana(text, run) and self._is_japanese(text, run, chinese=chinese)
            elif not has_kana:
                japanese = False
            elif sentence in kana:
                japanese = self._is_japanese(text, run, chinese=chinese)
            else:
                japanese = self._sounds_japanese(content[sentence], chinese=chinese)
            run.language = "ja" if japanese else chinese_language

    def _is_japanese(self, text: str, run: Run, *, chinese: bool) -> bool:
        """Whether Han characters of a sentence with kana are Japanese; ``chinese``: some of the text is not."""
        stretch = text[run.start : run.end]
        if not _japanese_writes(stretch):
            return False
        if _only_japanese_writes(stretch):
            return True
        if _CHINESE_WORDS.search(stretch):
            return False
        if not chinese or _is_kana(text[run.end : run.end + 1]) or _is_kana(text[run.start - 1 : run.start]):
            return True
        return self._scores_higher(stretch)

    def _sounds_japanese(self, content: str, *, chinese: bool) -> bool:
        """Whether all Han characters of a sentence without kana are Japanese."""
        if not _japanese_writes(content) or _CHINESE_WORDS.search(content):
            return False
        if _only_japanese_writes(content):
            return True
        return self._scores_higher(content) or (
            not chinese and len(content) < _SURE_LENGTH and self._is_unsure(content)
        )

    def _scores_higher(self, content: str) -> bool:
        answers = dict(self._identify(content, 5, 0.0))
        return answers.get("ja", 0.0) > answers.get("zh", 0.0)

    def _is_unsure(self, content: str) -> bool:
        answers = dict(self._identify(content, 5, 0.0))
        return answers.get("zh", 0.0) < _SURE_SCORE


def _has_kana(text: str, run: Run) -> bool:
    """Whether the title in which a run stands has kana."""
    return re.search(f"[{KANA}]", text[text.rfind("《", 0, run.start) : text.find("》", run.end)]) is not None


def _is_kana(char: str) -> bool:
    return bool(char) and re.fullmatch(f"[{KANA}]", char) is not None


def _cantonese_sentences(text: str, ends: list[int]) -> set[int]:
    """Return the sentences that hold written Cantonese."""
    found, start = set(), 0
    for number, end in enumerate(ends):
        sentence = text[start:end]
        marks = sum(char in _CANTONESE for char in sentence)
        if marks >= 2 or (marks == 1 and not _MANDARIN.search(sentence)):
            found.add(number)
        start = end
    return found


def _joined(runs: list[Run]) -> list[Span]:
    spans: list[Span] = []
    for run in runs:
        if spans and spans[-1].language == run.language:
            spans[-1] = Span(run.language, spans[-1].start, run.end)
        else:
            spans.append(Span(run.language, run.start, run.end))
    return spans


# (text, language code) -> spans that cover the text
Divide = Callable[[str, str], list[Span]]
