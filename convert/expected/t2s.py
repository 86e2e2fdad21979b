"""Text to semantic tokens: ``AR.models.t2s_model.Text2SemanticDecoder``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convert.expected.shapes import Shapes, size

BERT_WIDTH = 1024
"""Where the configuration does not say otherwise."""
FEED_FORWARD_FACTOR = 4


def t2s(shapes: Shapes, config: Mapping[str, Any]) -> None:
    """Add the decoder's parameters.

    The official class ignores ``linear_units`` and takes four times the hidden size.
    """
    model = config["model"]
    hidden, embedding = size(model, "hidden_dim"), size(model, "embedding_dim")
    shapes.linear("bert_proj", size(model, "bert_dim", BERT_WIDTH), embedding)
    shapes.add("ar_text_embedding.word_embeddings.weight", size(model, "phoneme_vocab_size"), embedding)
    shapes.add("ar_text_position.alpha", 1)
    shapes.add("ar_audio_embedding.word_embeddings.weight", size(model, "vocab_size"), embedding)
    shapes.add("ar_audio_position.alpha", 1)
    for index in range(size(model, "n_layer")):
        _layer(shapes, f"h.layers.{index}", hidden)
    shapes.linear("ar_predict_layer", hidden, size(model, "vocab_size"), bias=False)


def _layer(shapes: Shapes, name: str, hidden: int) -> None:
    shapes.add(f"{name}.self_attn.in_proj_weight", 3 * hidden, hidden)
    shapes.add(f"{name}.self_attn.in_proj_bias", 3 * hidden)
    shapes.linear(f"{name}.self_attn.out_proj", hidden, hidden)
    shapes.linear(f"{name}.linear1", hidden, FEED_FORWARD_FACTOR * hidden)
    shapes.linear(f"{name}.linear2", FEED_FORWARD_FACTOR * hidden, hidden)
    shapes.norm(f"{name}.norm1", hidden)
    shapes.norm(f"{name}.norm2", hidden)
