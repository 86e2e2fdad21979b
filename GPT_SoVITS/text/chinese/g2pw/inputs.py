"""What the network is given: windows of text as token numbers, and the characters that it is asked about."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from GPT_SoVITS.text.chinese.g2pw.errors import G2pwFolderError
from GPT_SoVITS.text.chinese.g2pw.tables import Tables

CONTEXT = 16  # characters before the first and after the last asked one that the network sees
_LONGEST = 510  # tokens of BERT between [CLS] and [SEP]

Inputs = dict[str, "NDArray[np.int64] | NDArray[np.float32]"]


@dataclass(frozen=True)
class Window:
    """A stretch of a text with the characters to ask about.

    Attributes:
        start: Where it begins in the text.
        end: Behind its last character.
        asked: Places of the asked characters in the text.
    """

    start: int
    end: int
    asked: tuple[int, ...]


def windows(asked: Sequence[int], length: int) -> Iterator[Window]:
    """Yield windows that together hold every asked place; one, unless the text is longer than the network reads.

    Args:
        asked: Places in the text, ascending.
        length: Characters of the text.
    """
    first = 0
    for index, place in enumerate(asked, 1):
        following = asked[index] if index < len(asked) else None
        if following is None or following - asked[first] + 2 * CONTEXT + 1 > _LONGEST:
            start, end = max(0, asked[first] - CONTEXT), min(length, place + CONTEXT + 1)
            yield Window(start, end, tuple(asked[first:index]))
            first = index


class Vocabulary:
    """Token numbers of single characters.

    Args:
        numbers: Token to number; ``[CLS]``, ``[SEP]`` and ``[UNK]`` are needed.
        name: How error messages call it.

    Raises:
        G2pwFolderError: one of them is missing.
    """

    def __init__(self, numbers: Mapping[str, int], name: str) -> None:
        missing = [token for token in ("[CLS]", "[SEP]", "[UNK]") if token not in numbers]
        if missing:
            raise G2pwFolderError(f"{name} lacks {', '.join(missing)}; expected the vocabulary of a Chinese BERT")
        self._numbers = numbers

    @classmethod
    def read(cls, path: Path) -> Vocabulary:
        """Read a ``vocab.txt`` (a token per line) or a ``tokenizer.json``.

        Raises:
            G2pwFolderError: it is neither.
        """
        try:
            text = path.read_text(encoding="utf-8")
            if path.suffix == ".json":
                numbers = json.loads(text)["model"]["vocab"]
            else:
                numbers = {token: number for number, token in enumerate(text.splitlines())}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise G2pwFolderError(f"{path} is no vocabulary: {error!r}; fetch chinese-roberta-wwm-ext-large") from error
        return cls(numbers, str(path))

    def tokens(self, text: str) -> list[int]:
        """Return the numbers of ``[CLS]``, each character, ``[SEP]``."""
        unknown = self._numbers["[UNK]"]
        return [
            self._numbers["[CLS]"],
            *(self._numbers.get(character, unknown) for character in text),
            self._numbers["[SEP]"],
        ]


def make_inputs(text: str, window: Window, vocabulary: Vocabulary, tables: Tables) -> Inputs:
    """Return what the network takes for one window.

    Returns:
        ``input_ids``, ``token_type_ids`` and ``attention_mask`` ``(1, tokens)``, ``char_ids`` and ``position_ids``
        ``(asked,)``, all int64, and ``phoneme_mask`` ``(asked, labels)`` float32. Positions count ``[CLS]``.
    """
    tokens = np.array([vocabulary.tokens(text[window.start : window.end])], np.int64)
    characters = np.array([tables.character_ids[text[place]] for place in window.asked], np.int64)
    return {
        "input_ids": tokens,
        "token_type_ids": np.zeros_like(tokens),
        "attention_mask": np.ones_like(tokens),
        "phoneme_mask": tables.masks[characters],
        "char_ids": characters,
        "position_ids": np.array(window.asked, np.int64) - window.start + 1,
    }
