"""Parts of speech by NLTK's averaged perceptron, from its data alone (``averaged_perceptron_tagger_eng``)."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from GPT_SoVITS.text.errors import MissingResourceError

_NAME = "averaged_perceptron_tagger_eng"
_BEFORE = ("-START-", "-START2-")
_BEHIND = ("-END-", "-END2-")


def _normalised(word: str) -> str:
    if "-" in word[1:] and word[0] != "-":
        return "!HYPHEN"
    if word[:1].isdigit():
        return "!YEAR" if word.isdigit() and len(word) == 4 else "!DIGITS"
    return word.lower()


def _features(word: str, context: Sequence[str], tags: tuple[str, str]) -> tuple[str, ...]:
    """The names of a word's features; ``context`` holds five normalised words, this one in the middle."""
    before2, before, this, after, after2 = context
    last, last2 = tags
    return (
        "bias",
        f"i suffix {word[-3:]}",
        f"i pref1 {word[:1]}",
        f"i-1 tag {last}",
        f"i-2 tag {last2}",
        f"i tag+i-2 tag {last} {last2}",
        f"i word {this}",
        f"i-1 tag+i word {last} {this}",
        f"i-1 word {before}",
        f"i-1 suffix {before[-3:]}",
        f"i-2 word {before2}",
        f"i+1 word {after}",
        f"i+1 suffix {after[-3:]}",
        f"i+2 word {after2}",
    )


class Tagger:
    """Tags words with the Penn Treebank's parts of speech, the same as ``nltk.pos_tag``.

    Args:
        weights: Feature to tag to weight.
        fixed: The tag of each word that has only one.
        tags: All tags.
    """

    def __init__(self, weights: dict[str, dict[str, float]], fixed: dict[str, str], tags: Sequence[str]) -> None:
        self._weights = weights
        self._fixed = fixed
        self._tags = sorted(tags)

    @classmethod
    def load(cls, folder: Path) -> Tagger:
        """Read the three JSON files of NLTK's data.

        Raises:
            MissingResourceError: a file cannot be read or has another form.
        """

        def read(part: str) -> Any:
            path = folder / f"{_NAME}.{part}.json"
            try:
                return json.loads(path.read_text(encoding="utf-8"))
            except (OSError, ValueError, RecursionError) as error:
                raise MissingResourceError(
                    f"the tagger file {path} cannot be read ({error}); fetch it again"
                ) from error

        weights, fixed, tags = read("weights"), read("tagdict"), read("classes")
        if not (isinstance(weights, dict) and isinstance(fixed, dict) and isinstance(tags, list)):
            raise MissingResourceError(f"the tagger files in {folder} have another form than NLTK's; fetch them again")
        return cls(weights, fixed, tags)

    def _predict(self, features: Sequence[str]) -> str:
        scores: defaultdict[str, float] = defaultdict(float)
        for feature in features:
            for tag, weight in self._weights.get(feature, {}).items():
                scores[tag] += weight
        return max(self._tags, key=lambda tag: (scores[tag], tag))

    def tag(self, words: Sequence[str], wanted: Sequence[int]) -> dict[int, str]:
        """Return the tags of the words at the indices ``wanted``.

        A tag depends on the two before it, and those of many words are fixed; so only the words back to the last two
        fixed ones are looked at, not the whole text.
        """
        tags = [self._fixed.get(word) for word in words]
        context = [*_BEFORE, *map(_normalised, words), *_BEHIND]

        def before(index: int) -> tuple[str | None, str | None]:
            last = tags[index - 1] if index else _BEFORE[0]
            return last, (tags[index - 2] if index > 1 else _BEFORE[1 - index])

        for index in sorted(wanted):
            start = index
            while None in before(start):
                start -= 1
            for place in range(start, index + 1):
                last, last2 = before(place)
                if tags[place] is None and last is not None and last2 is not None:
                    tags[place] = self._predict(_features(words[place], context[place : place + 5], (last, last2)))
        return {index: tag for index in wanted if (tag := tags[index]) is not None}
