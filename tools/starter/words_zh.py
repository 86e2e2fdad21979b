"""Chinese sentences of frequent words: clauses of words that may follow each other, and words drawn at random.

Frequencies are those of wordfreq. jieba's tags say what kind of word each is.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict

import wordfreq

from GPT_SoVITS.text.chinese.words import segmenter
from GPT_SoVITS.text.errors import TextError
from GPT_SoVITS.text.frontend import front_end
from tools.starter.grammar import plain_sentence
from tools.starter.words_ja import Kind

_VOCABULARY = {"noun": 9000, "verb": 5000, "adjective": 1200, "adverb": 500, "place": 800, "time": 250}
"""Frequent words of each kind."""
_TAGS = {
    "n": "noun", "nz": "noun", "v": "verb", "vn": "verb", "vi": "verb", "a": "adjective", "an": "adjective",
    "d": "adverb", "ns": "place", "t": "time",
}  # fmt: skip
_WRITTEN = re.compile(r"[\u4e00-\u9fff]{1,4}")
_UNWANTED = re.compile(r"死|杀|性|奸|裸|党|淫|屠|妓|毒|尸|炸|枪|暴|军|毛泽|习近|台独|邪|恐|袭|战|血")
_NUMBER = re.compile(r"[一二三四五六七八九十百千零]")
_PEOPLE = [
    "我", "你", "他", "我们", "你们", "他们", "大家", "这位先生", "那位女士", "老师", "我朋友", "孩子们", "谁", "小王",
]  # fmt: skip
_POINTING = ["这个", "那个", "每个", "一个", "两个", "几个", "这些", "那些", "我的", "他的", "哪个", "某个", "所有"]
_HELPING = [
    "要", "想", "会", "能", "可以", "应该", "必须", "不", "没有", "正在", "已经", "一直", "开始", "愿意", "打算",
]  # fmt: skip
_HOW = ["很", "不", "太", "非常", "更", "最", "都很"]
_AFTER = ["了", "了", "过", "着", "完", "好", "到", "得很", "起来", "下去", "出来", "一下", "", "", "", ""]
_LINKS = ["，", "，", "，但是", "，所以", "，而且", "，因为", "，然后", "，可是", "，如果", "，虽然", "和", "，也"]
_GLUE = ["的", "的", "的", "和", "在", "了", "是", "把", "被", "跟", "从", "到", "对", "给", "比", "不", "", "", "", ""]
_ENDS = ["。", "。", "。", "。", "。", "。", "吗？", "吧。", "呢？", "了。", "啊！", "！", "？"]
_LENGTHS = (8, 26)
"""Characters of a sentence, drawn evenly; the teacher speaks about four a second."""


def _is_read(word: str) -> bool:
    """Whether the models have phonemes for a word."""
    try:
        return bool(front_end("zh", "v2").pronounce(word).phones)
    except TextError:
        return False


class Words:
    """Frequent words by kind; see the module."""

    def __init__(self) -> None:
        counts: dict[str, dict[str, float]] = defaultdict(dict)
        for word, count in wordfreq.get_frequency_dict("zh").items():
            if count < 3e-7 or not _WRITTEN.fullmatch(word) or _UNWANTED.search(word) or _NUMBER.search(word):
                continue
            found = segmenter().words(word)
            kind = _TAGS.get(found[0].tag) if len(found) == 1 else None
            if kind is not None and _is_read(word):
                counts[kind][word] = count
        self._kinds: dict[str, Kind] = {}
        for name, words in counts.items():
            frequent = sorted(words, key=lambda word: -words[word])[: _VOCABULARY[name]]
            self._kinds[name] = Kind(frequent, [words[word] ** 0.5 for word in frequent])

    def _draw(self, kind: str, rng: random.Random) -> str:
        return self._kinds[kind].draw(rng)

    def _noun(self, rng: random.Random) -> str:
        noun, before = self._draw("noun", rng), rng.random()
        if before < 0.2:
            return rng.choice(_POINTING) + noun
        if before < 0.35:
            return self._draw("adjective", rng) + "的" + noun
        if before < 0.45:
            return self._draw("noun", rng) + "的" + noun
        if before < 0.5:
            return self._draw("place", rng) + "的" + noun
        return noun

    def _clause(self, rng: random.Random) -> str:
        who = rng.choice(_PEOPLE) if rng.random() < 0.4 else self._noun(rng)
        when = self._draw("time", rng) if rng.random() < 0.15 else ""
        how = self._draw("adverb", rng) if rng.random() < 0.3 else ""
        does = (rng.choice(_HELPING) if rng.random() < 0.3 else "") + self._draw("verb", rng)
        kind = rng.random()
        if kind < 0.55:
            return when + who + how + does + rng.choice(_AFTER) + self._noun(rng)
        if kind < 0.65:
            return when + who + "在" + self._draw("place", rng) + does
        if kind < 0.75:
            return when + who + "把" + self._noun(rng) + does + rng.choice(_AFTER)
        if kind < 0.9:
            return when + who + rng.choice(_HOW) + self._draw("adjective", rng)
        return when + who + how + "是" + self._noun(rng)

    def plain(self, rng: random.Random) -> str:
        """Return a sentence of the grammar."""
        return plain_sentence("zh", rng)

    def chain(self, rng: random.Random) -> str:
        """Return a sentence of clauses that are well formed and mean nothing."""
        wanted = rng.randint(*_LENGTHS)
        while True:
            text = self._clause(rng)
            while len(text) < wanted:
                text += rng.choice(_LINKS) + self._clause(rng)
            if len(text) <= wanted + 6:
                return text + rng.choice(_ENDS)

    def random(self, rng: random.Random) -> str:
        """Return words without any relation."""
        wanted, words = rng.randint(*_LENGTHS), list[str]()
        while sum(map(len, words)) < wanted:
            drawn = rng.random()
            word = rng.choice(_PEOPLE) if drawn < 0.08 else self._draw(rng.choice(list(self._kinds)), rng)
            words.append(word + rng.choice(_GLUE) + ("，" if rng.random() < 0.1 else ""))
        return "".join(words).rstrip("，") + rng.choice(_ENDS)
