"""Train the text-to-semantic decoder on the teacher's timings; a part of the prompts has the encoder's own codes."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch

from tools.starter.dataset import Utterance, load_all
from tools.starter.decoder import Decoder, DecoderSizes, Sequences, losses
from tools.starter.loop import Plan, in_groups, seeded, tell, train
from tools.starter.phones import Language
from tools.starter.sampling import error_rate, generate, phone_errors
from tools.starter.shipped import load_decoder, transfer

JOINED = 0.55
"""Share of sequences of two to four sentences: the service always speaks after a prompt."""
NOISE = 0.08
"""Share of codes in the history that are replaced, so that the decoder trusts the text more than itself."""
CLIPPED = 0.5
"""Share of the prompts that are the voice's own clip, where it is given: the service says most of its sentences after
it."""
LED = 0.03
"""Share of sentences with a full stop before them, as the service puts it before short texts."""
_FULL_STOP = 3


@dataclass
class Spoken:
    """Symbols and codes of one sentence.

    Attributes:
        ids: (L,).
        codes: (N,) true codes.
        aligned: (N,) phoneme of each.
        heard: (M,) codes as the content encoder hears them with the silence that follows, empty where unknown.
        given: Codes at the beginning that nobody could foresee, since the encoder errs: they are not to be predicted.
    """

    ids: np.ndarray
    codes: np.ndarray
    aligned: np.ndarray
    heard: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    given: int = 0


def spoken(items: Sequence[Utterance], heard: dict[str, np.ndarray]) -> list[Spoken]:
    """Prepare utterances; ``heard`` has the encoder's codes by name and voice."""
    none = np.zeros(0, np.int64)
    return [Spoken(i.ids, *i.codes(), heard.get(f"{i.name} {i.style}", none)) for i in items]


def as_prompt(item: Spoken, rng: np.random.Generator, own: Language) -> Spoken:
    """Return a sentence as the service has it for a prompt: heard by the encoder, or with the silence it appends."""
    silence = own.PIECES - 1  # the last piece of a pause
    if len(item.heard) and rng.random() < 0.7:
        return as_heard(item)
    return _lasting(item, np.append(item.codes, np.full(rng.integers(8, 18), silence)))


def as_heard(item: Spoken) -> Spoken:
    """Return a sentence as the encoder hears it."""
    return _lasting(item, item.heard, given=len(item.heard))


def _lasting(item: Spoken, codes: np.ndarray, given: int = 0) -> Spoken:
    """Return a sentence with other codes, which belong to its last phoneme after its end."""
    last = len(item.ids) - 1
    aligned = np.append(item.aligned, np.full(max(0, len(codes) - len(item.aligned)), last))[: len(codes)]
    return Spoken(item.ids, codes, aligned, given=given)


def led(item: Spoken) -> Spoken:
    """Return a sentence with a full stop before its first phoneme, which nothing is heard of."""
    return Spoken(np.append(_FULL_STOP, item.ids), item.codes, item.aligned + 1)


def joined(items: Sequence[Spoken]) -> Spoken:
    """Return sentences as one sequence."""
    starts = np.cumsum([0, *(len(item.ids) for item in items)])
    return Spoken(
        np.concatenate([item.ids for item in items]),
        np.concatenate([item.codes for item in items]),
        np.concatenate([item.aligned + start for item, start in zip(items, starts, strict=False)]),
        given=items[0].given,
    )


def sequences(
    items: Sequence[Spoken], voices: Sequence[str], clips: Mapping[str, Spoken], rng: np.random.Generator,
    own: Language,
) -> list[Spoken]:  # fmt: skip
    """Return one round over the sentences: single ones, and several of one voice joined; ``clips`` by voice."""
    result = []
    for voice in sorted(set(voices)):
        order = list(rng.permutation([i for i, name in enumerate(voices) if name == voice]))
        heard = [items[i] for i in order if len(items[i].heard)]
        while order:
            count = int(rng.choice([2, 3, 4], p=[0.6, 0.25, 0.15])) if rng.random() < JOINED else 1
            group = [items[order.pop()] for _ in range(min(count, len(order)))]
            if len(group) > 1 and rng.random() < 0.7:
                if voice in clips and rng.random() < CLIPPED:
                    group[0] = as_heard(clips[voice])
                else:
                    known = bool(heard) and rng.random() < 0.5
                    group[0] = as_prompt(heard[rng.integers(len(heard))] if known else group[0], rng, own)
            if rng.random() < LED:
                group[-1] = led(group[-1])
            result.append(joined(group))
    return result


def batch_of(group: Sequence[Spoken], rng: np.random.Generator, codes: int, noise: float = NOISE) -> Sequences:
    """Pad sequences to one batch; see :class:`Sequences`. ``codes`` is their number."""
    count, longest = len(group), max(len(s.codes) for s in group)
    text = torch.zeros(count, max(len(s.ids) for s in group), dtype=torch.long)
    history = torch.zeros(count, longest, dtype=torch.long)
    target = torch.full((count, longest + 1), -100)
    aligned = torch.full((count, longest + 1), -100)
    for row, s in enumerate(group):
        size = len(s.codes)
        text[row, : len(s.ids)] = torch.from_numpy(s.ids)
        wrong = rng.random(size) < noise
        history[row, :size] = torch.from_numpy(np.where(wrong, rng.integers(0, codes, size), s.codes))
        target[row, s.given : size] = torch.from_numpy(s.codes[s.given :])
        target[row, size] = codes
        aligned[row, :size] = torch.from_numpy(s.aligned)
        aligned[row, size] = len(s.ids) - 1
    return Sequences(text, torch.tensor([len(s.ids) for s in group]), history, target, aligned)


def batches(
    items: Sequence[Spoken], voices: Sequence[str], clips: Mapping[str, Spoken], rng: np.random.Generator,
    own: Language, rows: int = 1500,
) -> Iterator[Sequences]:  # fmt: skip
    """Yield batches of at most so many rows, text and codes together; endless."""
    while True:
        round_ = sequences(items, voices, clips, rng, own)
        lengths = np.array([len(s.codes) + len(s.ids) for s in round_], float)
        groups = in_groups(lengths, rows, rng)
        seen = 0
        while seen < len(round_):
            group = next(groups)
            seen += len(group)
            yield batch_of([round_[i] for i in group], rng, own.CODES)


def check(decoder: Decoder, held_out: Sequence[Utterance], clips: Mapping[str, Spoken], count: int = 4) -> str:
    """Say the phoneme errors of some held-out sentences: alone, after another one, and after the clips."""
    torch.manual_seed(1)
    own = held_out[0].spoken
    alone, prompted, clipped = [], [], []
    for before, item in pairwise(held_out[: count + 1]):
        limit = 3 * item.code_count
        alone.append(phone_errors(generate(decoder, item.ids, longest=limit), item.classes, own.PIECES))
        prompt = as_prompt(Spoken(before.ids, *before.codes()), np.random.default_rng(0), own)
        ids = np.concatenate([before.ids, item.ids])
        prompted.append(phone_errors(generate(decoder, ids, prompt.codes, 3, limit), item.classes, own.PIECES))
        for clip in clips.values():
            said = generate(decoder, np.concatenate([clip.ids, item.ids]), clip.heard, longest=limit)
            clipped.append(phone_errors(said, item.classes, own.PIECES))
    errors = f"phoneme errors {error_rate(alone):.3f} greedy, {error_rate(prompted):.3f} after a prompt with top_k 3"
    return errors + (f", {error_rate(clipped):.3f} after clips" if clips else "")


def main() -> None:
    """Train the decoder; goes on where the checkpoint ends."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("timings", type=Path, nargs="+", help=".npz files of speak")
    parser.add_argument("--held-out", type=Path, required=True)
    parser.add_argument("--heard", type=Path, help=".npz of the encoder's codes of the timings' sentences (hear)")
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--average", type=float, default=0.0, help="share of the average of weights a step keeps")
    parser.add_argument("--start", type=Path, help="GPT file to begin with, such as the one that is shipped")
    parser.add_argument("--clips", type=Path, nargs="*", default=[], help=".npz files of the voices' clips")
    options = parser.parse_args()
    rng = seeded(2)
    items, held_out = load_all(options.timings), load_all([options.held_out])
    heard = dict(np.load(options.heard)) if options.heard else {}
    own = items[0].spoken
    decoder = Decoder(DecoderSizes(codes=own.CODES))
    if options.start and not options.checkpoint.exists():
        load_decoder(decoder, options.start)
        transfer(decoder, own)
    clips = {item.style: spoken([item], heard)[0] for item in load_all(options.clips)}
    tell(f"{sum(p.numel() for p in decoder.parameters()) / 1e6:.2f} M parameters, {len(items)} sentences")
    source = batches(spoken(items, heard), [item.style for item in items], clips, rng, own)
    plan = Plan(options.minutes, options.rate, warm_up=150, average=options.average)
    train(decoder, source, lambda b: losses(decoder, b), options.checkpoint, plan,
          lambda: check(decoder, held_out, clips))  # fmt: skip


if __name__ == "__main__":
    main()
