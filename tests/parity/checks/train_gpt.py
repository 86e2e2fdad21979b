"""``train_s1``: losses and gradients of the text-to-semantic training against ``forward_old`` and ``forward`` (DPO).

Arrays are compared at their official lengths. Gradients are taken as training takes them, padded to a bucket of 16.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.parity.implementations import GRAPH
from tests.parity.report import Report
from tests.parity.training import compare_norms, ratio
from tests.parity.weights import Arrays, load_config, load_io, network_arrays

if TYPE_CHECKING:
    from GPT_SoVITS.t2s.network import Text2SemanticDecoder
    from GPT_SoVITS.training.gpt.batch import Draw, Example, GptBatch

FOLDERS = "train_s1"
IMPLEMENTATIONS = (GRAPH,)
GRADIENT_TOLERANCE = 5e-3
"""Of an array's largest element, where large terms of both signs are summed; seen 1.2e-3."""
ONE_NUMBER = {"ar_text_position": 3e-3, "ar_audio_position": 3e-3}
"""Modules of one parameter of one element: its gradient is a sum of thousands of products of both signs. Against the
official code in float64 the recorded numbers are 8e-4 off themselves; seen 1.2e-3."""
BUCKET = 16


def run(folder: Path, report: Report) -> None:
    """Compare what the decoder sees, its logits, both losses and their gradients."""
    from GPT_SoVITS.layers.parameters import load_arrays
    from GPT_SoVITS.t2s.config import T2SConfig
    from GPT_SoVITS.t2s.network import Text2SemanticDecoder
    from GPT_SoVITS.training.gpt.batch import collate

    io, recorded = load_io(folder), json.loads((folder / "losses.json").read_text(encoding="utf-8"))
    report.inputs(["x", "x_lens", "y", "y_lens", "bert"])
    decoder = Text2SemanticDecoder(T2SConfig.from_official(load_config(folder)))
    load_arrays(decoder, network_arrays("t2s", folder.parent / "t2s_v2" / "manifest.json"))
    examples, eos, width = _examples(io), decoder.config.eos, io["bert"].shape[1]
    _arrays(decoder, collate(examples, eos, width, None), io, report)
    _rejected(collate(examples, eos, width, _replay(recorded)), io, report)
    for prefix, name, draw in (("old", "forward_old", None), ("dpo", "forward_dpo", _replay(recorded))):
        batch = collate(examples, eos, width, draw, lambda n: -(-n // BUCKET) * BUCKET)
        _losses(decoder, batch, prefix, recorded[name], io, report)


def _examples(io: Arrays) -> list[Example]:
    from GPT_SoVITS.training.gpt.batch import Example

    lengths = zip(io["x_lens"], io["y_lens"], strict=True)
    return [Example(io["x"][i, :x], io["y"][i, :y], io["bert"][i, :, :x].T) for i, (x, y) in enumerate(lengths)]


def _replay(recorded: dict[str, Any]) -> Draw:
    draws: Iterator[int] = (n for call in recorded["forward_dpo"]["randint_draws"] for n in call)
    return lambda low, high: next(draws)


def _arrays(decoder: Text2SemanticDecoder, batch: GptBatch, io: Arrays, report: Report) -> None:
    from GPT_SoVITS.compiled import to_tensor
    from GPT_SoVITS.training.gpt.layered import LayeredGradient
    from GPT_SoVITS.training.gpt.losses import Embedded, Logits

    inputs = [to_tensor(array) for array in batch.inputs()]
    embedded = Embedded(decoder)
    shape = (len(batch.targets), batch.targets.shape[1])
    report.close("xy_pos", embedded(*inputs[:3]).asnumpy().reshape(io["xy_pos"].shape), io["xy_pos"])
    hidden = LayeredGradient(embedded, prefer=False, half=False).forwards(*inputs[:4])[0]
    logits = Logits(decoder)(hidden, inputs[4], shape).asnumpy()
    report.close("logits_item0", logits[0], io["logits_item0"])
    highest = logits.max(-1, keepdims=True)
    sums = np.log(np.exp(logits - highest).sum(-1)) + highest[..., 0]
    report.close("logits_lse", sums, io["logits_lse"])
    report.equal("targets", batch.targets, io["targets"])
    report.equal("mask_isinf", np.repeat(batch.mask < 0, decoder.config.head, axis=0), io["mask_isinf"])


def _rejected(batch: GptBatch, io: Arrays, report: Report) -> None:
    count, width = io["reject_targets"].shape
    targets = batch.targets[count:]
    report.equal("reject_targets", targets[:, :width], io["reject_targets"])
    inside = np.arange(width - 1) < io["reject_y_lens"][:, None]
    report.equal("reject_y", np.where(inside, targets[:, : width - 1], 0), io["reject_y"])
    text = batch.phonemes.shape[1]
    report.equal("reject_y_lens", (batch.mask[count:, -1, text:] == 0).sum(1), io["reject_y_lens"])


def _losses(
    decoder: Text2SemanticDecoder,
    batch: GptBatch,
    prefix: str,
    recorded: dict[str, Any],
    io: Arrays,
    report: Report,
) -> None:
    from GPT_SoVITS.compiled import to_tensor
    from GPT_SoVITS.training.gpt.layered import LayeredGradient
    from GPT_SoVITS.training.gpt.losses import Embedded
    from GPT_SoVITS.training.parameters import named

    step = LayeredGradient(Embedded(decoder), prefix == "dpo", half=False)
    outputs, gradients = step(*(to_tensor(array) for array in batch.inputs()))
    loss, entropy, preference, asked, right = (float(value.asnumpy()) for value in outputs)
    report.close(f"{prefix}:loss", ratio(loss, recorded["loss"]), np.ones(()), 1e-4)
    report.close(f"{prefix}:acc", np.array(right / asked), np.array(recorded["acc"]), 1e-6)
    if prefix == "dpo":
        report.close("dpo:ce", ratio(entropy, recorded["ce"]), np.ones(()), 1e-4)
        report.close("dpo:dpo", ratio(preference, recorded["dpo"]), np.ones(()), 1e-4)
    found = {name: gradient.asnumpy() for (name, _), gradient in zip(named(decoder), gradients, strict=True)}
    compare_norms(f"{prefix}:norm", found, recorded["grad_norm"], report, ONE_NUMBER)
    for name in (name for name in io if name.startswith(f"{prefix}_grad:")):
        expected = io[name]
        tolerance = GRADIENT_TOLERANCE * float(np.abs(expected).max())
        report.close(name, found[name.split(":", 1)[1]], expected, tolerance)
