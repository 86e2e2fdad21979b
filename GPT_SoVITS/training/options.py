"""What a user chooses for a training, with the official defaults."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from GPT_SoVITS.training.scaling import PRECISIONS, Precision
from GPT_SoVITS.versions import LORA_RANKS

SEED = 1234
MOST_EPOCHS, LARGEST_BATCH, MOST_PROCESSES = 10_000, 256, 64
SMALLEST_POOL, LARGEST_POOL = 64, 1 << 28
LARGEST_BUCKET = 1024
"""The longest sequence, a rejected one of twice the longest recording, stays within the table of positions."""
MOST_SEEDS = 1 << 64
_UNFIT = re.compile(r"[/\\\x00-\x1f\x7f]")
LONGEST_NAME = 200
"""Bytes: weights, and the hidden files that become them, add up to 50."""


class OptionError(ValueError):
    """An option is not what it may be."""


@dataclass(frozen=True)
class Options:
    """Common to both trainings.

    Attributes:
        exp_dir: Training folder, ``logs/<exp_name>``.
        name: Beginning of the names of exported weights.
        weights_dir: Where weights are exported to.
        batch_size: Recordings of a batch.
        seed: Of everything random.
        dropout: Rate in place of the official one; None keeps that.
        bucket: Lengths are padded to multiples of this; each new combination compiles a graph.
        precision: ``fp32``, or ``fp16`` for mixed precision with a scaled loss.
        dropout_pool: Random factors that dropout has for each step; where more are needed they are used again.
    """

    exp_dir: Path
    name: str
    weights_dir: Path
    batch_size: int
    seed: int = SEED
    dropout: float | None = None
    bucket: int = 64
    dropout_pool: int = 1 << 24
    precision: Precision = "fp32"

    def __post_init__(self) -> None:
        if not 1 <= self.batch_size <= LARGEST_BATCH:
            raise OptionError(f"batch_size is {self.batch_size}, expected 1 to {LARGEST_BATCH}")
        if self.dropout is not None and not 0 <= self.dropout < 1:
            raise OptionError(f"dropout is {self.dropout}, expected 0 or more and less than 1")
        seen = self.name.strip()
        if not seen or seen != self.name or seen.startswith(".") or _UNFIT.search(seen):
            raise OptionError(
                f"name {self.name!r} is not part of a file name: it may not be blank, begin with a dot, begin or end "
                "with a space, or hold slashes and characters that cannot be seen; --name gives another"
            )
        if len(self.name.encode("utf-8", "surrogateescape")) > LONGEST_NAME:
            raise OptionError(f"name {self.name[:20]}... is longer than {LONGEST_NAME} bytes")
        if not SMALLEST_POOL <= self.dropout_pool <= LARGEST_POOL:
            raise OptionError(f"dropout_pool is {self.dropout_pool}, expected {SMALLEST_POOL} to {LARGEST_POOL}")
        if self.precision not in PRECISIONS:
            raise OptionError(f"precision is {self.precision!r}, expected one of {', '.join(PRECISIONS)}")
        if not 2 <= self.bucket <= LARGEST_BUCKET or self.bucket % 2:
            raise OptionError(f"bucket is {self.bucket}, expected an even number up to {LARGEST_BUCKET}")
        if not 0 <= self.seed < MOST_SEEDS:
            raise OptionError(f"seed is {self.seed}, expected 0 to {MOST_SEEDS - 1}")

    def shared(self) -> dict[str, Any]:
        """Return what a continued training must share, whichever network it trains."""
        names = ("batch_size", "seed", "dropout", "dropout_pool", "bucket", "precision")
        return {name: getattr(self, name) for name in names}

    def fit(self, length: int) -> int:
        """Return the length of the bucket that holds ``length``."""
        return -(-length // self.bucket) * self.bucket


@dataclass(frozen=True)
class GptOptions(Options):
    """Of the text-to-semantic training.

    Attributes:
        prefer: Train with rejected sequences too (``if_dpo``), which halves the batch.
    """

    prefer: bool = False


@dataclass(frozen=True)
class SovitsOptions(Options):
    """Of the synthesizer's training.

    Attributes:
        text_low_lr_rate: Learning rate of the text encoder's parts over the usual one.
    """

    text_low_lr_rate: float = 0.4

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.text_low_lr_rate <= 1:
            raise OptionError(f"text_low_lr_rate is {self.text_low_lr_rate}, expected 0 to 1")


@dataclass(frozen=True)
class MelOptions(Options):
    """Of the training of v3 and v4.

    Attributes:
        lora_rank: Of the pairs that are trained in place of the decoder; 0 trains the decoder.
    """

    lora_rank: int = 32

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.lora_rank not in LORA_RANKS:
            raise OptionError(f"lora_rank is {self.lora_rank}, expected one of {', '.join(map(str, LORA_RANKS))}")
