"""Third stage of the synthesizer: the generator goes on with discriminators beside the spectral loss."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from tools.starter.dataset import load_all
from tools.starter.discriminators import FAMILIES, Discriminators, Heard, deceit_loss, likeness_loss, own_loss
from tools.starter.loop import Figures, Plan, seeded, tell, train
from tools.starter.shipped import load_any
from tools.starter.spectra import spectral_loss
from tools.starter.synthesizer import Synthesizer
from tools.starter.train_generator import latents, slices

Batch = tuple[Tensor, Tensor, Tensor]
"""Latent frames (B, INTER, T), conditions (B, CONDITION, 1) and audio (B, n)."""
SLICE = 32
"""Latent frames of a training example: 0.64 s, ten windows of the coarse resolution."""
_LIKENESS = 1.0
"""Weight of likeness where deceit has 1. HiFi-GAN has 2, but its frames say which pitch is wanted."""
_BALANCED = 50
"""Steps between two looks at how hard the discriminators pull."""
_BETAS = (0.8, 0.99)
_AVERAGE = 0.999


class Rivals:
    """The generator's rivals: the discriminators, and how they learn.

    Args:
        rate: Their learning rate, which does not fall: they follow the generator to its end.
        share: How hard each family pulls at the generator's weights where the spectral loss pulls with 1. How large
            their losses are says little: a log spectrum has its steepest slopes where the sound is quiet.
        families: Which discriminators.
    """

    def __init__(self, rate: float, share: float, families: Sequence[str] = FAMILIES) -> None:
        self.share, self.networks = share, Discriminators(families)
        self.weights: dict[str, float] = {}
        self.optimiser = torch.optim.AdamW(self.networks.parameters(), rate, betas=_BETAS, weight_decay=0.001)
        self.steps = 0

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint holds of them."""
        return {
            "networks": self.networks.state_dict(), "optimiser": self.optimiser.state_dict(),
            "weights": dict(self.weights), "steps": self.steps,
        }  # fmt: skip

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back what a checkpoint holds."""
        self.networks.load_state_dict(state["networks"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.weights, self.steps = dict(state["weights"]), state["steps"]

    def examine(self, real: Tensor, made: Tensor) -> tuple[float, dict[str, list[Heard]]]:
        """Find out what would tell better, of audio (B, n) each; ``learn`` does it.

        Returns:
            Their loss, and what they heard of the real sound.
        """
        both = self.networks(torch.cat([real, made]))
        heard = {name: [halves(one) for one in family] for name, family in both.items()}
        losses = [own_loss([r for r, _ in family], [m for _, m in family]) for family in heard.values()]
        value = torch.stack(losses).mean()
        self.optimiser.zero_grad()
        value.backward()
        return value.item(), {name: [detached(r) for r, _ in family] for name, family in heard.items()}

    def learn(self) -> None:
        """Take the step that was found."""
        self.optimiser.step()
        self.steps += 1

    def pulls(self, made: Tensor, real: dict[str, list[Heard]]) -> tuple[dict[str, Tensor], Figures]:
        """Return where made sound (B, n) should go for each family, (B, n), and figures."""
        self.networks.requires_grad_(False)
        directions, figures = {}, {}
        for name, family in self.networks(made).items():
            deceit, likeness = deceit_loss(family), likeness_loss(real[name], family)
            (directions[name],) = torch.autograd.grad(deceit + _LIKENESS * likeness, made)
            figures |= {f"deceit of {name}": deceit.item(), f"likeness of {name}": likeness.item()}
        self.networks.requires_grad_(True)
        return directions, figures

    def balance(self, generator: nn.Module, made: Tensor, plain: Tensor, pulls: dict[str, Tensor]) -> None:
        """Weigh the families by how they pull at the weights of the generator that made a sound."""
        parameters = list(generator.parameters())

        def size(direction: Tensor) -> float:
            parts = torch.autograd.grad(made, parameters, direction, retain_graph=True)
            return float(torch.stack([part.norm() for part in parts]).norm())

        wanted = self.share * size(plain)
        for name, pull in pulls.items():
            weight = wanted / max(size(pull), 1e-9)
            self.weights[name] = (self.weights.get(name, weight) * weight) ** 0.5


def halves(heard: Heard) -> tuple[Heard, Heard]:
    """Part what was heard of real sound and of as much made one after it."""
    scores, seen = heard
    rows = len(scores) // 2
    return (scores[:rows], [s[:rows] for s in seen]), (scores[rows:], [s[rows:] for s in seen])


def detached(heard: Heard) -> Heard:
    """Return what was heard without its graph."""
    return heard[0].detach(), [seen.detach() for seen in heard[1]]


def turn(generator: nn.Module, rivals: Rivals, batch: Batch) -> tuple[Tensor, Figures]:
    """Let both sides learn of a batch; both look at the other as it was before.

    Returns:
        What has the generator's gradient, and figures.
    """
    frames, condition, real = batch
    made = generator(frames, condition)
    sound = made.detach().requires_grad_()
    own, heard = rivals.examine(real, made.detach())
    value = spectral_loss(sound, real)
    (direction,) = torch.autograd.grad(value, sound)
    pulls, figures = rivals.pulls(sound, heard)
    if not rivals.weights or rivals.steps % _BALANCED == 0:
        rivals.balance(generator, made, direction, pulls)
    rivals.learn()
    for name, pull in pulls.items():
        direction = direction + rivals.weights[name] * pull
    return (made * direction).sum(), {"sound": value.item(), "own": own, **figures}


def prepare(generator: nn.Module, rivals: Rivals, batches: Iterator[Batch], steps: int) -> None:
    """Teach the discriminators alone, so that their first opinions are worth something."""
    losses = []
    for _ in range(steps):
        frames, condition, real = next(batches)
        with torch.no_grad():
            made = generator(frames, condition)
        losses.append(rivals.examine(real, made)[0])
        rivals.learn()
    tell(f"discriminators alone, {steps} steps: {sum(losses[-20:]) / max(1, len(losses[-20:])):.4f}")


def main() -> None:
    """Train a generator with discriminators; goes on where the checkpoint ends."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("speech", type=Path, nargs="+", help=".npz files of speak, with audio")
    parser.add_argument("--frames", type=Path, required=True, help="SoVITS file, or checkpoint of the first stage")
    parser.add_argument("--generator", type=Path, help="checkpoint of train_generator, where not the one of --frames")
    parser.add_argument("--minutes", type=float, default=40)
    parser.add_argument("--rate", type=float, default=7e-4)
    parser.add_argument("--rivals-rate", type=float, default=1e-3)
    parser.add_argument("--share", type=float, default=0.7, help="pull of each family for that of the spectra")
    parser.add_argument("--families", default="resolutions,pitch", help=f"of {', '.join(FAMILIES)}")
    parser.add_argument("--prepare", type=int, default=100, help="steps of the discriminators alone, at the start")
    parser.add_argument("--batch", type=int, default=4)
    options = parser.parse_args()
    rng, network = seeded(8), Synthesizer()
    load_any(network, options.frames)
    if options.generator:
        load_any(network.dec, options.generator)
    cached = latents(network, load_all(options.speech))
    rivals = Rivals(options.rivals_rate, options.share, options.families.split(","))
    count = sum(p.numel() for p in rivals.networks.parameters())
    tell(f"{len(cached)} utterances, {count / 1e6:.2f} M parameters of discriminators")
    batches = slices(cached, options.batch, rng, SLICE)
    if not options.checkpoint.exists():
        prepare(network.dec, rivals, batches, options.prepare)
    plan = Plan(options.minutes, options.rate, warm_up=50, clip=5.0, betas=_BETAS, decay=0.001, average=_AVERAGE)

    def check() -> str:
        return f"weights { {name: round(weight, 1) for name, weight in rivals.weights.items()} }"

    train(
        network.dec, batches, lambda batch: turn(network.dec, rivals, batch), options.checkpoint, plan, check,
        beside=rivals,
    )  # fmt: skip


if __name__ == "__main__":
    main()
