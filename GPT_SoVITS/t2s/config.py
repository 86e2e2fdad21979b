"""Sizes of a text-to-semantic decoder, read from its checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from GPT_SoVITS.t2s.sampling import SamplingParameters

MUTE_TOKEN = 486
"""The semantic token of silence in all published quantizers."""


class T2SConfigError(ValueError):
    """A checkpoint's configuration does not describe a decoder we can build."""


@dataclass(frozen=True)
class T2SConfig:
    """Dimensions of the decoder.

    Attributes:
        vocab_size: Semantic tokens, the end token included (its id is the last one).
        phoneme_vocab_size: Rows of the phoneme embedding (512 in v1, 732 from v2 on).
        hidden_dim: Width of the residual stream and of the embeddings.
        head: Attention heads; each is ``hidden_dim // head`` wide.
        n_layer: Transformer blocks.
        bert_dim: Width of the BERT features added to the phonemes.
        max_positions: Rows of the sine position table.
        max_sec: Seconds of speech one decode may produce, from the checkpoint's data section.
        mute_token: The semantic token of silence; None where that is not known.
        languages: Codes of the languages that it was trained on; empty for all that its version knows.
        sampling: How tokens are best chosen where a request leaves it open; None takes the request's.
    """

    vocab_size: int
    phoneme_vocab_size: int
    hidden_dim: int
    head: int
    n_layer: int
    bert_dim: int = 1024
    max_positions: int = 4000
    max_sec: float = 54.0
    mute_token: int | None = None
    languages: tuple[str, ...] = ()
    sampling: SamplingParameters | None = None

    def __post_init__(self) -> None:
        for name in ("vocab_size", "phoneme_vocab_size", "hidden_dim", "head", "n_layer", "bert_dim", "max_positions"):
            if getattr(self, name) < 1:
                raise T2SConfigError(f"{name} is {getattr(self, name)}, expected a positive number")
        if self.hidden_dim % self.head or self.hidden_dim % 2:
            raise T2SConfigError(
                f"hidden_dim {self.hidden_dim} must be even and divisible by the {self.head} attention heads"
            )

    @property
    def eos(self) -> int:
        """Id of the end token."""
        return self.vocab_size - 1

    @property
    def head_dim(self) -> int:
        """Width of one attention head."""
        return self.hidden_dim // self.head

    @property
    def feed_forward_dim(self) -> int:
        """Width inside the feed-forward layers; four times the stream whatever ``linear_units`` says, as officially."""
        return 4 * self.hidden_dim

    @classmethod
    def from_official(cls, config: Mapping[str, Any]) -> T2SConfig:
        """Read the ``config`` entry of a GPT checkpoint (sections ``model`` and, optionally, ``data``).

        Raises:
            T2SConfigError: a key is missing, or the sizes contradict each other.
        """
        try:
            model = config["model"]
            sizes = {k: int(model[k]) for k in ("vocab_size", "phoneme_vocab_size", "hidden_dim", "head", "n_layer")}
            eos, embedding_dim = int(model["EOS"]), int(model["embedding_dim"])
        except KeyError as error:
            raise T2SConfigError(f"the GPT checkpoint's configuration lacks {error}") from error
        if eos != sizes["vocab_size"] - 1:
            raise T2SConfigError(f"EOS is {eos}, expected the last of {sizes['vocab_size']} tokens")
        if embedding_dim != sizes["hidden_dim"]:
            raise T2SConfigError(f"embedding_dim {embedding_dim} differs from hidden_dim {sizes['hidden_dim']}")
        sampling = (config.get("inference") or {}).get("sampling")
        mute = int(model.get("mute_token", MUTE_TOKEN))
        return cls(
            **sizes,
            bert_dim=int(model.get("bert_dim", cls.bert_dim)),
            max_sec=float(config.get("data", {}).get("max_sec", cls.max_sec)),
            mute_token=mute if mute < eos else None,
            languages=tuple(model.get("languages", ())),
            sampling=SamplingParameters(**sampling) if sampling else None,
        )
