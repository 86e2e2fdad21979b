"""``train_s2_v2``, ``train_s2_v2Pro``: the synthesizer's training against ``SynthesizerTrn.forward`` and its losses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.parity.implementations import GRAPH
from tests.parity.report import Report
from tests.parity.training import compare_norms, ratio
from tests.parity.weights import Arrays, generate, load_config, load_io

if TYPE_CHECKING:
    from GPT_SoVITS.training.sovits.batch import SovitsBatch
    from GPT_SoVITS.training.sovits.discriminator import Discriminators
    from GPT_SoVITS.training.sovits.synthesizer import Synthesizer

FOLDERS = r"train_s2_(v2|v2Pro)"
IMPLEMENTATIONS = (GRAPH,)
GRADIENT_TOLERANCE = 5e-3
"""Of an array's largest element, where large terms of both signs are summed; seen 1.6e-3."""
RELATIVE = 1e-5
"""Latents reach 100; float32 alone is 1e-5 of that."""
OUTPUTS = ("y_hat", "z", "z_p", "m_p", "logs_p", "m_q", "logs_q")
PARTS = ("gen", "fm", "mel", "kl")
SEGMENT, CHANNELS = 32, 192


def run(folder: Path, report: Report) -> None:
    """Compare latents, audio, judgements, every loss, and the gradients of each."""
    from GPT_SoVITS.training.sovits.loading import build

    io, recorded = load_io(folder), json.loads((folder / "losses.json").read_text(encoding="utf-8"))
    report.inputs(["ssl", "spec", "spec_lengths", "wav", "text", "text_lengths", "sv_emb"])
    report.inputs(["noise_randn_like", "slice_rand"])
    synthesizer, discriminators = build(load_config(folder))
    weights = folder.parent / folder.name.removeprefix("train_") / "manifest.json"
    synthesizer.load(generate(weights))
    discriminators.load(generate(folder / "manifest_d.json"))
    batch = _batch(io)
    report.equal("ids_slice", batch.selection.argmax(1)[:, 0], io["ids_slice"])
    report.close("y_slice", batch.wave, io["y_slice"])
    report.close("y_mel", batch.mel, io["y_mel"], 2e-4)
    _forward(synthesizer, batch, io, report)
    _judgements(discriminators, io, report)
    _discriminators(discriminators, io, recorded, report)
    _generator(synthesizer, discriminators, batch, io, recorded, report)


def _batch(io: Arrays) -> SovitsBatch:
    from GPT_SoVITS.features.spectrogram import SOVITS
    from GPT_SoVITS.training.sovits.batch import Clip, collate

    clips = [
        Clip(
            ssl=io["ssl"][i],
            spectrogram=io["spec"][i, :, : io["spec_lengths"][i]],
            wave=io["wav"][i, 0],
            phonemes=io["text"][i, : io["text_lengths"][i]],
            speaker=io["sv_emb"][i] if "sv_emb" in io else None,
        )
        for i in range(len(io["text"]))
    ]
    noise = io["noise_randn_like"]
    return collate(clips, SEGMENT, SOVITS, lambda _: noise, io["slice_rand"], CHANNELS)


def _forward(synthesizer: Synthesizer, batch: SovitsBatch, io: Arrays, report: Report) -> None:
    from GPT_SoVITS.compiled import compile_cell, to_tensor

    outputs = compile_cell(synthesizer)(*(to_tensor(array) for array in batch.synthesizer_inputs()))
    for name, output in zip(OUTPUTS, outputs, strict=True):
        report.close(name, output.asnumpy(), io[name], 1e-4, RELATIVE)
    codes = synthesizer.quantizer.encode(synthesizer.ssl_proj(to_tensor(batch.ssl)))
    report.equal("codes", codes.asnumpy(), io["codes"])


def _judgements(discriminators: Discriminators, io: Arrays, report: Report) -> None:
    from GPT_SoVITS.compiled import compile_cell, to_tensor

    judge = compile_cell(discriminators)
    for kind, wave in (("real", io["y_slice"]), ("fake", io["y_hat"])):
        judgements, features = judge(to_tensor(wave))
        flat = np.concatenate([judgement.asnumpy() for judgement in judgements], axis=1)
        report.close(f"d_out_{kind}", flat, io[f"d_out_{kind}"])
        means = [np.abs(tensor.asnumpy().astype(np.float64)).mean() for maps in features for tensor in maps]
        report.close(f"fmap_means_{kind}", np.array(means), io[f"fmap_means_{kind}"])


def _discriminators(discriminators: Discriminators, io: Arrays, recorded: dict[str, Any], report: Report) -> None:
    from GPT_SoVITS.compiled import compile_gradient, to_tensor
    from GPT_SoVITS.training.sovits.losses import DiscriminatorLoss

    named = list(discriminators.parameters_and_names())
    step = compile_gradient(DiscriminatorLoss(discriminators), [parameter for _, parameter in named])
    outputs, gradients = step(to_tensor(io["y_slice"]), to_tensor(io["y_hat"]))
    loss = ratio(float(outputs[0].asnumpy()), recorded["loss_disc"])
    report.close("loss_disc", loss, np.ones(()), 1e-4)
    found = {name: gradient.asnumpy() for (name, _), gradient in zip(named, gradients, strict=True)}
    compare_norms("norm_d", found, recorded["grad_norm_d"], report)


def _generator(
    synthesizer: Synthesizer,
    discriminators: Discriminators,
    batch: SovitsBatch,
    io: Arrays,
    recorded: dict[str, Any],
    report: Report,
) -> None:
    """Losses and gradients of their sum and of each alone, all from one graph: each part has a weight."""
    from GPT_SoVITS.compiled import compile_gradient, to_tensor
    from GPT_SoVITS.features.spectrogram import SOVITS
    from GPT_SoVITS.training.sovits.losses import GeneratorLoss
    from tests.parity.cells import Weighted

    named = synthesizer.trained()
    loss = GeneratorLoss(synthesizer, discriminators, SOVITS, mel_weight=45.0, kl_weight=1.0)
    step = compile_gradient(Weighted(loss), [parameter for _, parameter in named])
    inputs = [to_tensor(array) for array in batch.inputs()]

    def gradients(*wanted: str) -> tuple[list[Any], Arrays]:
        weights = np.array([part in wanted for part in PARTS], np.float32)
        outputs, arrays = step(to_tensor(weights), *inputs)
        found = {name: np.array(array.asnumpy()) for (name, _), array in zip(named, arrays, strict=True)}
        return [output.asnumpy() for output in outputs], found

    outputs, found = gradients(*PARTS)
    for name, value in zip(("gen_all", *PARTS), outputs[:5], strict=True):
        report.close(f"loss_{name}", ratio(float(value), recorded[f"loss_{name}"]), np.ones(()), 1e-4)
    report.close("y_hat_mel", outputs[6], io["y_hat_mel"], 2e-4)
    compare_norms("norm_g", found, recorded["grad_norm_g"], report)
    _elements("grad:", found, io, report)
    for part in PARTS:
        _, found = gradients(part)
        compare_norms(f"norm_g:{part}", found, recorded["grad_norm_g_by_loss"][part], report)
        _elements(f"grad_of_{part}_loss:", found, io, report)


def _elements(prefix: str, found: Arrays, io: Arrays, report: Report) -> None:
    for name in (name for name in io if name.startswith(prefix)):
        tolerance = GRADIENT_TOLERANCE * float(np.abs(io[name]).max())
        report.close(name, found[name.removeprefix(prefix)], io[name], tolerance)
