"""Train the content encoder to hear the codes that the teacher's timings say."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from tools.starter.content import CODE_STRIDE, FIELD, HOP, Coder, frames
from tools.starter.dataset import RATE, Utterance, load_all, samples
from tools.starter.loop import Plan, in_groups, seeded, tell, train
from tools.starter.phones import Language
from tools.starter.sampling import error_rate, phone_errors
from tools.starter.shipped import load_coder, transfer

CLIP_WEIGHT = 30
"""How often the voices' own clips count beside other sentences: speech is made after them and hardly after others."""
SILENCE_SECONDS = 0.6
"""The service appends so much to a reference before it is heard."""


@dataclass(frozen=True)
class Recordings:
    """A padded batch: waves (B, n), frames that count (B,), true codes (B, N), -100 after the end."""

    waves: Tensor
    counts: Tensor
    codes: Tensor


def heard_wave(item: Utterance, seconds: float = SILENCE_SECONDS) -> np.ndarray:
    """Return the audio with the silence that the service appends."""
    return np.append(samples(item), np.zeros(int(seconds * RATE), np.float32))


def recordings(items: Sequence[Utterance], rng: np.random.Generator | None = None) -> Recordings:
    """Pad utterances; with a generator their loudness and the silence after them vary."""
    waves, codes = [], []
    for item in items:
        wave = heard_wave(item, SILENCE_SECONDS if rng is None else float(rng.choice([0.02, SILENCE_SECONDS])))
        waves.append(wave if rng is None else wave * 10 ** rng.uniform(-0.5, 0.1))
        codes.append(item.codes_until(frames(len(wave)) // 2)[0])
    counts = torch.tensor([frames(len(wave)) for wave in waves])
    size = (int(counts.max()) - 1) * HOP + FIELD
    result = Recordings(
        torch.stack(
            [functional.pad(torch.from_numpy(w[:size].astype(np.float32)), (0, max(0, size - len(w)))) for w in waves]
        ),
        counts,
        torch.full((len(items), int(counts.max()) // 2), -100),
    )
    for row, code in enumerate(codes):
        result.codes[row, : len(code)] = torch.from_numpy(code)
    return result


def coder_of(language: Language) -> Coder:
    """Return the coder of a language, not yet trained."""
    return Coder(language.CODES, language.PIECES)


def loss(coder: Coder, batch: Recordings) -> tuple[Tensor, dict[str, float]]:
    """Return the loss of codes and of frames' classes."""
    heard = coder(batch.waves, batch.counts)
    codes = functional.cross_entropy(
        heard.codes.flatten(0, 1), batch.codes.flatten(), ignore_index=-100, label_smoothing=0.05
    )
    classes = torch.where(batch.codes < 0, batch.codes, batch.codes // coder.pieces).repeat_interleave(2, 1)
    scores = heard.classes[:, : classes.shape[1]]
    framewise = functional.cross_entropy(scores.flatten(0, 1), classes.flatten(), ignore_index=-100)
    known = batch.codes >= 0
    right = ((heard.codes.argmax(-1) == batch.codes) & known).sum() / known.sum()
    return codes + 0.5 * framewise, {"code": codes.item(), "class": framewise.item(), "right": right.item()}


@torch.no_grad()
def hear(coder: Coder, item: Utterance) -> np.ndarray:
    """Return the codes of an utterance as the service hears a reference, (N,)."""
    batch = recordings([item])
    return coder(batch.waves, batch.counts).codes[0].argmax(-1).numpy()


def check(coder: Coder, items: Sequence[Utterance]) -> str:
    """Say how far the heard codes are from the text."""
    errors = [phone_errors(hear(coder, item).tolist(), item.classes, coder.pieces) for item in items]
    return f"phoneme errors {error_rate(errors):.3f}"


def batches(items: Sequence[Utterance], seconds: float, rng: np.random.Generator) -> Iterator[Recordings]:
    """Yield batches of at most so many seconds; endless."""
    lengths = np.array([len(item.wave) / RATE + SILENCE_SECONDS for item in items])
    for group in in_groups(lengths, seconds, rng):
        yield recordings([items[i] for i in group], rng)


def fit_codes(coder: Coder, items: Sequence[Utterance], report: Callable[[], str], rounds: int = 40) -> None:
    """Learn what makes codes of the features of an encoder that stays as it is; they are computed once."""
    with torch.no_grad():
        batch = [recordings([item]) for item in items]
        features = torch.cat([_pairs_of_frames(coder.encoder(each.waves, each.counts)) for each in batch])
    wanted = torch.cat([each.codes.flatten() for each in batch])
    optimiser = torch.optim.Adam(coder.ssl_proj.parameters(), 2e-3, weight_decay=1e-5)
    for round_ in range(rounds):
        for rows in torch.randperm(len(features)).split(1024):
            scores = functional.linear(features[rows], coder.ssl_proj.weight.flatten(1), coder.ssl_proj.bias)
            value = functional.cross_entropy(scores, wanted[rows], ignore_index=-100, label_smoothing=0.05)
            optimiser.zero_grad()
            value.backward()
            optimiser.step()
        if round_ % 10 == 9:
            tell(f"round {round_ + 1}: {value.item():.3f}", report())


def _pairs_of_frames(features: Tensor) -> Tensor:
    """Features (B, frames, hidden) -> (B * N, hidden * 2), in the order of the weights of ``ssl_proj``."""
    count = features.shape[1] // CODE_STRIDE
    pairs = features[:, : count * CODE_STRIDE].unflatten(1, (count, CODE_STRIDE))
    return pairs.transpose(2, 3).flatten(2).flatten(0, 1)


def main() -> None:
    """Train the encoder, or with --hear write the codes it hears; training goes on where the checkpoint ends."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("speech", type=Path, nargs="+", help=".npz files of speak, with audio")
    parser.add_argument("--minutes", type=float, default=12)
    parser.add_argument("--rate", type=float, default=1.2e-3)
    parser.add_argument("--seconds", type=float, default=20, help="audio of a batch")
    parser.add_argument("--hear", type=Path, metavar="FILE", help="train nothing; write codes by sentence and voice")
    parser.add_argument("--shipped", action="store_true", help="the checkpoint is a folder as the program comes with")
    parser.add_argument(
        "--clips", type=Path, nargs="*", default=[], help="with --over: .npz files of the voices' clips"
    )
    parser.add_argument(
        "--over", type=Path, metavar="FOLDER", help="keep the encoder of such a folder; learn what makes codes of it"
    )
    options = parser.parse_args()
    rng, items = seeded(3), load_all(options.speech)
    coder = coder_of(items[0].spoken)
    if options.hear:
        if options.shipped:
            load_coder(coder, options.checkpoint / "content", options.checkpoint / "starter-sovits.pth")
        else:
            coder.load_state_dict(torch.load(options.checkpoint)["network"])
        coder.eval()
        np.savez(options.hear, **{f"{item.name} {item.style}": hear(coder, item) for item in items})
        return
    held_out, items = items[:20], items[20:]
    if options.over:
        load_coder(coder, options.over / "content", options.over / "starter-sovits.pth")
        transfer(coder, items[0].spoken)
        coder.eval()
        fit_codes(coder, [*items, *load_all(options.clips) * CLIP_WEIGHT], lambda: check(coder, held_out))
        torch.save({"network": coder.state_dict()}, options.checkpoint)
        return
    tell(f"{sum(p.numel() for p in coder.parameters()) / 1e6:.2f} M parameters, {len(items)} utterances")
    source = batches(items, options.seconds, rng)
    train(coder, source, lambda b: loss(coder, b), options.checkpoint, Plan(options.minutes, options.rate, warm_up=80),
          lambda: check(coder, held_out))  # fmt: skip


if __name__ == "__main__":
    main()
