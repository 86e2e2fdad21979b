"""Japanese sentences of frequent words: chains of words that may follow each other, and words drawn at random.

Frequencies are those of wordfreq. Open JTalk says what kind of word each is and how it is inflected.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from dataclasses import dataclass, field

import wordfreq

from GPT_SoVITS.text.japanese.engine import Feature, load_engine
from tools.starter.grammar import plain_sentence

_VOCABULARY = {"noun": 7500, "verb": 1500, "action": 2000, "adverb": 700, "quality": 600, "adjective": 350}
"""Frequent words of each kind."""
_WRITTEN = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff\u3005]{2,7}|[\u4e00-\u9fff]")
_UNWANTED = re.compile(r"死|殺|性|犯|裸|エロ|セックス|エッチ|ヘイト|ゲイ|[ー・]$|^[ー・]")
_SMALL = re.compile(r"[ぁ-ん]{1,2}")
_ROWS = {
    "カ": ("か", "き", "け", "こ", "いて"), "ガ": ("が", "ぎ", "げ", "ご", "いで"),
    "サ": ("さ", "し", "せ", "そ", "して"), "タ": ("た", "ち", "て", "と", "って"),
    "ナ": ("な", "に", "ね", "の", "んで"), "バ": ("ば", "び", "べ", "ぼ", "んで"),
    "マ": ("ま", "み", "め", "も", "んで"),
    "ラ": ("ら", "り", "れ", "ろ", "って"), "ワ": ("わ", "い", "え", "お", "って"),
}  # fmt: skip
"""Endings of verbs by the row of their last sign: before nai, before masu, before ba, before u, and with te."""
_POLITE = ["ます", "ます", "ました", "ません", "ませんでした", "ましょう", "たいです", "ますか", "ながら待ちます"]
_AFTER_TE = ["いる", "います", "いました", "ください", "から帰ります", "もいいです", "しまった", "みます", "ほしい", ""]
_AFTER_NAI = ["ない", "なかった", "ないでください", "なければなりません", "ないと思います"]
_AFTER_PLAIN = [
    "",
    "と思う",
    "ことができる",
    "つもりです",
    "でしょう",
    "かもしれない",
    "ようです",
    "そうだ",
    "のが好きです",
]
_CASES = ["が", "が", "を", "を", "を", "に", "に", "で", "と", "から", "まで", "も", "へ"]
_GLUE = [
    "は",
    "が",
    "を",
    "に",
    "で",
    "と",
    "も",
    "の",
    "の",
    "から",
    "まで",
    "や",
    "へ",
    "だけ",
    "より",
    "など",
    "でも",
    "",
]
_POINTING = ["この", "その", "あの", "どの", "ある", "同じ", "別の", "私の", "彼の", "大きな", "小さな"]
_LINKS = ["が、", "から、", "ので、", "けれど、", "と、", "し、"]
_MARKS = "。。。。。。。。？！"
_LENGTHS = (12, 38)
"""Signs of a sentence, drawn evenly; the teacher speaks about six a second."""


@dataclass
class Kind:
    """Words of one kind, and how often each is drawn."""

    words: list[str] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)

    def draw(self, rng: random.Random) -> str:
        """Return one of them."""
        return rng.choices(self.words, self.weights)[0]


def kind_of(feature: Feature) -> str | None:
    """Return what kind of word a record of Open JTalk is, as far as sentences are made of such."""
    pos, group, form = str(feature["pos"]), str(feature["pos_group1"]), str(feature["ctype"])
    if pos == "名詞":
        nouns = {
            "一般": "noun",
            "副詞可能": "noun",
            "固有名詞": "noun",
            "サ変接続": "action",
            "形容動詞語幹": "quality",
        }
        return nouns.get(group)
    if pos == "動詞" and group == "自立":
        return "verb" if form == "一段" or (form.startswith("五段") and form[3] in _ROWS) else None
    return {"形容詞": "adjective", "副詞": "adverb"}.get(pos)


def inflected(base: str, form: str, rng: random.Random) -> str:
    """Return a verb in one of the forms that a sentence ends with.

    Args:
        base: As dictionaries have it.
        form: Open JTalk's name of its inflection.
        rng: Draws the form.
    """
    stem = base[:-1]
    nai, masu, ba, u, te = ("", "", "れ", "よ", "て") if form == "一段" else _ROWS[form[3]]
    if base == "行く":
        te = "って"
    past = te[:-1] + ("た" if te[-1] == "て" else "だ")
    return rng.choice([
        stem + masu + rng.choice(_POLITE), stem + masu + rng.choice(_POLITE), stem + te + rng.choice(_AFTER_TE),
        stem + te + rng.choice(_AFTER_TE), stem + nai + rng.choice(_AFTER_NAI), base + rng.choice(_AFTER_PLAIN),
        stem + past + rng.choice(_AFTER_PLAIN), stem + ba + "ばいい", stem + u + "うと思います",
    ])  # fmt: skip


class Words:
    """Frequent words by kind; see the module."""

    def __init__(self) -> None:
        self._engine = load_engine()
        counts: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
        self._forms: dict[str, str] = {}
        for word, count in wordfreq.get_frequency_dict("ja").items():
            if _WRITTEN.fullmatch(word) and not _UNWANTED.search(word):
                self._count(word, count, counts)
        self._kinds: dict[str, Kind] = {}
        for name, words in counts.items():
            frequent = sorted(words, key=lambda word: -words[word])[: _VOCABULARY[name]]
            self._kinds[name] = Kind(frequent, [words[word] ** 0.5 for word in frequent])

    def _count(self, word: str, count: float, counts: dict[str, dict[str, float]]) -> None:
        features = self._engine.features(word)
        kind = kind_of(features[0]) if len(features) == 1 else None
        if kind is None:
            return
        base = str(features[0]["orig"]) if kind in ("verb", "adjective") else word
        if kind != "adverb" and (_SMALL.fullmatch(base) or not features[0]["mora_size"]):
            return
        if kind == "adjective" and not base.endswith("い"):
            return
        counts[kind][base] += count
        if kind == "verb":
            self._forms[base] = str(features[0]["ctype"])

    def _noun(self, rng: random.Random) -> str:
        draw = {name: kind.draw for name, kind in self._kinds.items()}
        noun = draw[rng.choices(["noun", "action", "quality"], [8, 2, 0.5])[0]](rng)
        before = rng.random()
        if before < 0.15:
            return draw["adjective"](rng) + noun
        if before < 0.25:
            return draw["quality"](rng) + "な" + noun
        if before < 0.4:
            return draw["noun"](rng) + "の" + noun
        return rng.choice(_POINTING) + noun if before < 0.5 else noun

    def _end(self, rng: random.Random) -> str:
        kind = rng.choices(["verb", "action", "adjective", "quality", "noun"], [6, 2, 1.5, 1, 1])[0]
        word = self._kinds[kind].draw(rng)
        if kind == "verb":
            return inflected(word, self._forms[word], rng)
        if kind == "action":
            return word + rng.choice(
                ["する", "します", "しました", "している", "しない", "できます", "された", "したい", "中です"]
            )
        if kind == "adjective":
            stem = word[:-1]
            return rng.choice(
                [word, word + "です", stem + "くない", stem + "かった", stem + "くなります", word + "と思います"]
            )
        return word + rng.choice(["です", "だ", "でした", "ではない", "だった", "になりました", "ですね", "だと思う"])

    def _clause(self, rng: random.Random) -> str:
        adverb = self._kinds["adverb"].draw(rng) if rng.random() < 0.2 else ""
        parts = [self._noun(rng) + rng.choice(_CASES) for _ in range(rng.choice([0, 1, 1, 2]))]
        return adverb + "".join(parts) + self._end(rng)

    def plain(self, rng: random.Random) -> str:
        """Return a sentence of the grammar."""
        return plain_sentence("ja", rng)

    def chain(self, rng: random.Random) -> str:
        """Return a sentence of clauses that are well formed and mean nothing."""
        wanted = rng.randint(*_LENGTHS)
        while True:
            text = self._noun(rng) + rng.choice(["は", "は", "が", "も", "は、"]) + self._clause(rng)
            while len(text) < wanted:
                text += rng.choice(_LINKS) + self._clause(rng)
            if len(text) <= wanted + 8:
                return text + rng.choice(_MARKS)

    def random(self, rng: random.Random) -> str:
        """Return words without any relation."""
        wanted, text = rng.randint(*_LENGTHS), ""
        while len(text) < wanted:
            drawn = rng.random()
            word = self._end(rng) if drawn < 0.2 else self._kinds[rng.choice(list(self._kinds))].draw(rng)
            text += word + (rng.choice(_GLUE) if drawn >= 0.2 else "") + ("、" if rng.random() < 0.12 else "")
        return text.rstrip("、") + rng.choice(_MARKS)
