"""Batches of the text-to-semantic training: padding, masks and targets, and the rejected sequences of DPO.

Agrees with ``collate`` of the official ``AR/data/dataset.py`` and with ``make_input_data`` and ``make_reject_y``. One
of their habits has to be kept for equal losses: texts are padded on the right, yet the mask hides as many phonemes on
the *left*. So of a shorter text the first phonemes are hidden and its padding is seen. Padding of tokens counts as end
tokens in the loss. What is added here to reach the length of a bucket is hidden from everything and counts nowhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from GPT_SoVITS.t2s.positions import MASKED

Array = np.ndarray[Any, np.dtype[Any]]
Draw = Callable[[int, int], int]
"""Draws an integer from low (included) to high (excluded)."""


@dataclass(frozen=True)
class Example:
    """One recording.

    Attributes:
        phonemes: (X,) ids.
        tokens: (Y,) semantic tokens without end token.
        bert: (X, bert_dim) float32, or None where the language has no such features: zeros.
    """

    phonemes: Array
    tokens: Array
    bert: Array | None


@dataclass(frozen=True)
class GptBatch:
    """Inputs of :class:`GPT_SoVITS.training.gpt.losses.GptLoss` in their order."""

    phonemes: Array
    bert: Array
    tokens: Array
    mask: Array
    last_text: Array
    targets: Array
    counted: Array

    def inputs(self) -> tuple[Array, ...]:
        """Return the arrays in the order of the cell's arguments."""
        return (self.phonemes, self.bert, self.tokens, self.mask, self.last_text, self.targets, self.counted)


@dataclass(frozen=True)
class Rows:
    """Token sequences padded to their longest, (B, Y) int64, and their lengths (B,)."""

    tokens: Array
    lengths: Array


def padded(sequences: Sequence[Array], value: int) -> Rows:
    """Put sequences below each other, padded on the right with ``value``."""
    lengths = np.array([len(sequence) for sequence in sequences], np.int64)
    rows = np.full((len(sequences), int(lengths.max())), value, np.int64)
    for row, sequence in zip(rows, sequences, strict=True):
        row[: len(sequence)] = sequence
    return Rows(rows, lengths)


def reject(rows: Rows, draw: Draw) -> Rows:
    """Return spoilt copies of token sequences: a stretch of each is said twice or left out.

    As officially, the stretch is drawn from the padded row, so it may reach into the padding.

    Args:
        rows: Padded with the end token.
        draw: Called for each row: 0 repeats and 1 leaves out; then both ends of the stretch.
    """
    spoilt = []
    for row in rows.tokens:
        leave_out = draw(0, 2)
        begin, end = sorted((draw(0, len(row)), draw(0, len(row))))
        middle = row[:0] if leave_out else np.concatenate([row[begin:end], row[begin:end]])
        spoilt.append(np.concatenate([row[:begin], middle, row[end:]]))
    return padded(spoilt, 0)


def _targets(rows: Rows, length: int, eos: int) -> tuple[Array, Array]:
    """Return targets (B, length + 1) and where they count; behind a sequence every target is the end token."""
    count, width = rows.tokens.shape
    targets = np.full((count, length + 1), eos, np.int32)
    inside = np.arange(width) < rows.lengths[:, None]
    targets[:, :width] = np.where(inside, rows.tokens, eos)
    counted = np.zeros((count, length + 1), np.float32)
    counted[:, : width + 1] = 1.0
    return targets, counted


def _mask(text_lengths: Array, text: int, rows: Rows, length: int) -> Array:
    """Return what is added to scores (B, text + length, text + length); 0 where a column is seen from a row."""
    longest = int(text_lengths.max())
    columns = np.arange(text)
    hidden_left = columns < (longest - text_lengths)[:, None]
    text_seen = ~hidden_left & (columns < longest)  # (B, text)
    token_seen = np.arange(length) < rows.lengths[:, None]  # (B, length)
    seen = np.zeros((len(text_lengths), text + length, text + length), bool)
    seen[:, :, :text] = text_seen[:, None]
    seen[:, text:, text:] = token_seen[:, None] & np.tri(length, dtype=bool)
    return np.where(seen, np.float32(0), np.float32(MASKED))


def collate(
    examples: Sequence[Example],
    eos: int,
    bert_dim: int,
    draw: Draw | None,
    fit: Callable[[int], int] = int,
    size: int = 0,
) -> GptBatch:
    """Make a batch.

    Args:
        examples: Recordings.
        eos: End token, which also pads.
        bert_dim: Width of BERT features.
        draw: Random integers for the rejected sequences; None trains without them.
        fit: Lengthens a length to that of its bucket.
        size: Fill a smaller batch up to this many with rows that count nowhere.
    """
    texts = padded([example.phonemes for example in examples], 0)
    rows = padded([example.tokens for example in examples], eos)
    alternatives = [rows] if draw is None else [rows, reject(rows, draw)]
    text = fit(texts.tokens.shape[1])
    length = fit(max(r.tokens.shape[1] for r in alternatives))
    phonemes = np.zeros((len(examples), text), np.int32)
    phonemes[:, : texts.tokens.shape[1]] = texts.tokens
    bert = np.zeros((len(examples), text, bert_dim), np.float32)
    for row, example in zip(bert, examples, strict=True):
        if example.bert is not None:
            row[: len(example.bert)] = example.bert
    missing = max(0, size - len(examples))
    pairs = [_targets(r, length, eos) for r in alternatives]
    targets = np.concatenate([_filled(pair[0], missing) for pair in pairs])
    masks = [_filled(_mask(texts.lengths, text, r, length), missing) for r in alternatives]
    return GptBatch(
        phonemes=_filled(phonemes, missing),
        bert=_filled(bert, missing),
        tokens=np.ascontiguousarray(targets[:, :-1]),
        mask=np.concatenate(masks),
        last_text=np.array([texts.tokens.shape[1] - 1], np.int32),
        targets=targets,
        counted=np.concatenate([_filled(pair[1], missing, blank=True) for pair in pairs]),
    )


def _filled(rows: Array, missing: int, blank: bool = False) -> Array:
    """Return the rows and some more: copies of the first, or zeros."""
    more = np.repeat(rows[:1], missing, axis=0)
    return np.concatenate([rows, more * 0 if blank else more]) if missing else rows
