"""Second stage of the synthesizer: latent frames, which stay as they are, to sound."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from tools.starter.dataset import Utterance, load_all, samples
from tools.starter.generator import HOP
from tools.starter.lines import Voices, lines_of
from tools.starter.loop import Plan, restore, seeded, tell, train
from tools.starter.spectra import spectral_loss
from tools.starter.synthesizer import Synthesizer
from tools.starter.timing import places_on_grid

SLICE = 24
"""Latent frames of a training example."""
_AVERAGE = 0.999


@dataclass(frozen=True)
class Latents:
    """One utterance: latent frames (INTER, T), its audio (T * HOP,) and the condition of its voice (CONDITION, 1)."""

    frames: Tensor
    wave: Tensor
    condition: Tensor


def in_time(frames: Tensor, item: Utterance) -> Tensor:
    """Return latent frames (INTER, T) of the codes' grid as they lie in the audio."""
    places = torch.from_numpy(places_on_grid(item)).float()
    before = places.long()
    after = (before + 1).clamp(max=frames.shape[1] - 1)
    return torch.lerp(frames[:, before], frames[:, after], places - before)


@torch.no_grad()
def latents(network: Synthesizer, items: Sequence[Utterance]) -> list[Latents]:
    """Compute the latent frames of all utterances once."""
    network.eval()
    voices, rng, result = Voices.of(items), np.random.default_rng(5), []
    for item in items:
        codes, _ = item.codes()
        frames, _, condition = network.frames(lines_of([codes], [item.ids], [voices.draw(item.style, rng)]))
        wave = np.zeros(frames.shape[2] * HOP, np.float32)
        audio = samples(item)[: len(wave)]
        wave[: len(audio)] = audio
        result.append(Latents(in_time(frames[0], item).half(), torch.from_numpy(wave), condition[0]))
    network.train()
    return result


def slices(
    items: Sequence[Latents], size: int, rng: np.random.Generator, length: int = SLICE
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Yield latent frames (B, INTER, length), conditions and audio (B, length * HOP) from random places; endless."""
    items = [item for item in items if item.frames.shape[1] > length]
    shares = np.array([item.frames.shape[1] for item in items], float)
    shares /= shares.sum()
    while True:
        chosen = [items[i] for i in rng.choice(len(items), size, p=shares)]
        starts = [int(rng.integers(0, item.frames.shape[1] - length)) for item in chosen]
        places = list(zip(chosen, starts, strict=True))
        yield (
            torch.stack([item.frames[:, s : s + length].float() for item, s in places]),
            torch.stack([item.condition for item in chosen]),
            torch.stack([item.wave[s * HOP : (s + length) * HOP] for item, s in places]),
        )


def main() -> None:
    """Train the generator of a synthesizer whose first stage is done; goes on where the checkpoint ends."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("speech", type=Path, nargs="+", help=".npz files of speak, with audio")
    parser.add_argument("--frames", type=Path, required=True, help="checkpoint of the first stage")
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--rate", type=float, default=8e-4)
    parser.add_argument("--batch", type=int, default=6)
    options = parser.parse_args()
    rng, network = seeded(6), Synthesizer()
    restore(network, options.frames)  # with the generator of the file that the first stage began with
    cached = latents(network, load_all(options.speech))
    tell(f"{len(cached)} utterances")

    def loss(batch: tuple[Tensor, Tensor, Tensor]) -> tuple[Tensor, dict[str, float]]:
        frames, condition, wave = batch
        value = spectral_loss(network.dec(frames, condition), wave)
        return value, {"sound": value.item()}

    plan = Plan(options.minutes, options.rate, warm_up=50, clip=5.0, betas=(0.8, 0.99), decay=0.001, average=_AVERAGE)
    train(network.dec, slices(cached, options.batch, rng), loss, options.checkpoint, plan)


if __name__ == "__main__":
    main()
