"""Showing what became of a text: as plain values for the admin page, as a table for a terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from GPT_SoVITS.text.pipeline import Sentence


def described(sentences: Sequence[Sentence]) -> list[dict[str, object]]:
    """Return sentences as plain values, as the preview of the admin page shows them."""
    return [
        {
            "text": sentence.text,
            "norm_text": sentence.norm_text,
            "phone_count": len(sentence.phones),
            "left_out": list(sentence.left_out),
            "segments": [
                {
                    "language": segment.language,
                    "text": segment.text,
                    "norm_text": segment.norm_text,
                    "phones": segment.phones,
                    "phone_ids": segment.phone_ids,
                    "word2ph": segment.word2ph,
                    "needs_bert": segment.needs_bert,
                }
                for segment in sentence.segments
            ],
        }
        for sentence in sentences
    ]


def differ(sentences: Sequence[Sentence], others: Sequence[Sentence]) -> bool:
    """Whether two readings of a text sound different."""
    return [sentence.phones for sentence in sentences] != [sentence.phones for sentence in others]


def _width(text: str) -> int:
    """Columns that a terminal takes for a text."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text)


def table(sentences: Sequence[Sentence]) -> str:
    """Return sentences as a table for a terminal, one line for each segment."""
    lines: list[tuple[str, ...]] = [("cut 句", "language 语种", "text 文本", "read as 读作", "phonemes 音素")]
    for number, sentence in enumerate(sentences, start=1):
        for place, segment in enumerate(sentence.segments):
            shown = (segment.language, segment.text, segment.norm_text, " ".join(segment.phones))
            lines.append((str(number) if place == 0 else "", *map(_printable, shown)))
    widths = [max(_width(line[column]) for line in lines) for column in range(4)]
    return "\n".join(
        "  ".join([cell + " " * (width - _width(cell)) for cell, width in zip(line, widths, strict=False)] + [line[4]])
        for line in lines
    )
