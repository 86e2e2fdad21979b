"""First stage of the synthesizer: codes, text and a reference to latent frames that know the log spectrum."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from tools.starter.dataset import Utterance, load_all
from tools.starter.lines import Voices, centres_of, drawn_codes, lines_of, waves_of
from tools.starter.loop import Plan, in_groups, seeded, tell, train
from tools.starter.shipped import fit_head, load_shipped, transfer
from tools.starter.spectra import LOW, log_spectrum
from tools.starter.synthesizer import Lines, Synthesizer

Batch = tuple[Lines, Tensor]
"""Lines and their log spectra in the time of the codes, (B, SPECTRUM, T)."""
_FITTED = 24
"""Batches that the head is fitted to where a shipped file, which has none, begins."""
_AVERAGE = 0.995
_LOW_SHARE = 0.25
"""Share of the loss that the bins below 1 kHz have. Most of what is wrong there is the pitch of single harmonics, which
no code tells and no word needs; the words are lost above."""


def loss(network: Synthesizer, batch: Batch) -> tuple[Tensor, dict[str, float]]:
    """Return the difference of log spectra over valid frames, and its plain means below 1 kHz and above."""
    lines, wanted = batch
    frames, valid, _ = network.frames(lines)
    by_band = ((network.spectrum(frames) - wanted).abs() * valid).sum((0, 2)) / valid.sum()
    low, high = by_band[:LOW].mean(), by_band[LOW:].mean()
    plain = by_band.mean()
    return _LOW_SHARE * low + (1 - _LOW_SHARE) * high, {
        "low": low.item(), "high": high.item(), "spectrum": plain.item(),
    }  # fmt: skip


def batches(
    items: Sequence[Utterance], heard: Mapping[str, np.ndarray], rng: np.random.Generator, codes: int
) -> Iterator[Batch]:
    """Yield batches of at most so many codes; endless."""
    voices = Voices.of(items)
    for group in in_groups(np.array([float(item.code_count) for item in items]), codes, rng):
        chosen = [items[index] for index in group]
        drawn = [drawn_codes(item, heard, rng) for item in chosen]
        lines = lines_of(drawn, [item.ids for item in chosen], [voices.draw(item.style, rng) for item in chosen])
        yield lines, log_spectrum(waves_of(chosen, lines), centres_of(chosen, lines))


def main() -> None:
    """Train all but the generator; goes on where the checkpoint ends."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("speech", type=Path, nargs="+", help=".npz files of speak, with audio")
    parser.add_argument("--heard", type=Path, help=".npz of the encoder's codes (train_content --hear)")
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--codes", type=int, default=640, help="codes of a batch")
    parser.add_argument("--start", type=Path, help="SoVITS file to begin with, such as the one that is shipped")
    parser.add_argument("--keep-head", action="store_true", help="so that a generator of before still fits")
    options = parser.parse_args()
    rng, network = seeded(4), Synthesizer()
    items = load_all(options.speech)
    held_out, items = items[:20], items[20:]
    heard = dict(np.load(options.heard)) if options.heard else {}
    tell(f"{sum(p.numel() for p in network.parameters()) / 1e6:.2f} M parameters, {len(items)} utterances")
    if options.start and not options.checkpoint.exists():
        load_shipped(network, options.start)
        transfer(network, items[0].spoken)
        fit_head(network, islice(batches(items, {}, np.random.default_rng(1), options.codes), _FITTED))
    network.spectrum.requires_grad_(not options.keep_head)
    test = next(batches(held_out, {}, np.random.default_rng(0), 10**6))

    def check() -> str:
        with torch.no_grad():
            return f"held out { {name: round(value, 4) for name, value in loss(network, test)[1].items()} }"

    learnt = nn.ModuleList([network.enc_p, network.flow, network.ref_enc, network.spectrum])
    train(
        network, batches(items, heard, rng, options.codes), lambda b: loss(network, b), options.checkpoint,
        Plan(options.minutes, options.rate, clip=2.0, betas=(0.8, 0.99), average=_AVERAGE), check, learnt,
    )  # fmt: skip


if __name__ == "__main__":
    main()
