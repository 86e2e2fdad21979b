"""Speaking with a decoder in training, and how far what it says is from the text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from bench.judging import distance
from tools.starter.decoder import Decoder
from tools.starter.phones import THIRDS


@torch.no_grad()
def generate(
    decoder: Decoder, ids: Sequence[int], prompt: Sequence[int] = (), top_k: int = 1, longest: int = 600,
    temperature: float = 1.0,
) -> list[int]:  # fmt: skip
    """Return the codes that the decoder says for symbols (L,), after a prompt.

    Args:
        decoder: In evaluation mode.
        ids: Symbols of the prompt's text and of the text to say.
        prompt: Codes of the prompt.
        top_k: 1 takes the likeliest code, more draw among them with PyTorch's random numbers.
        longest: Most codes.
        temperature: Divides the scores that codes are drawn by.
    """
    text = decoder.embed_text(torch.tensor(ids)[None])
    length, count = text.shape[1], len(prompt)
    rows = torch.cat([text, decoder.embed_codes(torch.tensor(prompt, dtype=torch.long)[None])], 1)
    seen = torch.ones(length + count, length + count, dtype=torch.bool).tril()
    seen[:, :length] = True
    bias = torch.zeros(seen.shape).masked_fill(~seen, -1e4)
    caches: list[list[torch.Tensor]] = [[] for _ in decoder.h.layers]
    for block, cache in zip(decoder.h.layers, caches, strict=True):
        rows = block(rows, bias, cache)[0]
    said: list[int] = []
    while len(said) < longest:
        logits = decoder.ar_predict_layer(rows[0, -1])
        best = int(logits.argmax())
        code = best
        if top_k > 1:
            values, indices = logits.topk(top_k)
            code = int(indices[torch.multinomial((values / temperature).softmax(0), 1)])
        if decoder.end in (best, code) and len(said) > 4:
            break
        said.append(min(code, decoder.end - 1))
        rows = decoder.embed_codes(torch.tensor([[said[-1]]]), count + len(said) - 1)
        for block, cache in zip(decoder.h.layers, caches, strict=True):
            rows = block(rows, None, cache)[0]
    return said


def spoken_classes(codes: Sequence[int], pieces: int = THIRDS) -> list[int]:
    """Return the phoneme classes that codes say, repetitions and silence left out."""
    classes = [code // pieces for code in codes]
    changes = [c for i, c in enumerate(classes) if not i or c != classes[i - 1]]
    return [c for c in changes if c]


def phone_errors(codes: Sequence[int], classes: Sequence[int], pieces: int = THIRDS) -> tuple[int, int]:
    """Return errors and sounds of classes (S,); equal neighbours count once, as codes cannot tell them apart."""
    wanted = [c for i, c in enumerate(classes) if c and (not i or c != classes[i - 1])]
    return distance(wanted, spoken_classes(codes, pieces)), len(wanted)


def error_rate(counts: Sequence[tuple[int, int]]) -> float:
    """Return errors per wanted phoneme over several texts."""
    return float(np.sum([e for e, _ in counts]) / max(1, np.sum([n for _, n in counts])))
