"""How the sound of a generator differs from the teacher's on held-out sentences, spoken with true codes."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile
import torch

from bench.figures import markdown
from tools.starter.dataset import RATE, Utterance, load_all, samples
from tools.starter.listener import error_rate
from tools.starter.loop import tell
from tools.starter.shipped import load_any
from tools.starter.sound import figures, pitch_errors
from tools.starter.spectra import spectral_loss
from tools.starter.synthesizer import Synthesizer
from tools.starter.train_generator import latents

_SEEDS = (1, 2, 3)
"""Of the listeners, whose mean is told."""


@torch.no_grad()
def spoken(network: Synthesizer, items: Sequence[Utterance]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return what the network says and what the teacher said, waves (n,) in the same time."""
    made, real = [], []
    for one in latents(network, items):
        made.append(network.dec(one.frames.float()[None], one.condition[None])[0].numpy())
        real.append(one.wave.numpy())
    return made, real


def rows_of(made: Sequence[np.ndarray], real: Sequence[np.ndarray], in_time: bool) -> list[list[str]]:
    """Return names of measures, ours and the teacher's; those of pitch against pitch only where the time is the same.

    The teacher's side of the listener and of what lies *apart* is what one half of its own sentences shows against the
    other half: what cannot be told better.
    """
    wide = [[np.asarray(wave, np.float64) for wave in side] for side in (made, real)]
    own = figures(wide[1][::2], wide[1][1::2])
    rows = [
        [name, f"{ours:.3f}", f"{own[name][0] if 'apart' in name else theirs:.3f}"]
        for name, (ours, theirs) in figures(*wide).items()
    ]
    told = float(np.mean([error_rate(made, real, seed) for seed in _SEEDS]))
    rows.append(["errors of a listener", f"{told:.3f}", "0.500"])
    if in_time:
        voicing, cents = pitch_errors(*wide)
        pairs = [(torch.from_numpy(m)[None], torch.from_numpy(r)[None]) for m, r in zip(made, real, strict=True)]
        loss = float(np.mean([float(spectral_loss(m, r)) for m, r in pairs]))
        rows += [
            ["wrongly voiced or not", f"{voicing:.3f}", "0"], ["pitch differs, cents", f"{cents:.1f}", "0"],
            ["spectral loss", f"{loss:.3f}", "0"],
        ]  # fmt: skip
    return rows


def main() -> None:
    """Print a table of measures: those of a generator, or of a folder of speech, beside the teacher's."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("held_out", type=Path, help=".npz of held-out sentences with audio, one voice")
    parser.add_argument("--frames", type=Path, help="SoVITS file, or checkpoint of the first stage")
    parser.add_argument("--generator", type=Path, help="checkpoint, where it is not the generator of --frames")
    parser.add_argument("--folder", type=Path, help="speech that bench.starter_quality wrote, NAME-000.wav")
    parser.add_argument("--voice", default="*", help="its name in the folder")
    parser.add_argument("--write", type=Path, help="folder for the speech")
    options = parser.parse_args()
    torch.set_num_threads(1)
    items = load_all([options.held_out])
    if options.folder:
        paths = [next(options.folder.glob(f"{options.voice}-{int(item.name[-5:]):03d}.wav")) for item in items]
        made = [soundfile.read(path, dtype="float32")[0] for path in paths]
        real = [samples(item) for item in items]
    else:
        network = Synthesizer()
        load_any(network, options.frames)
        if options.generator:
            load_any(network.dec, options.generator)
        made, real = spoken(network, items)
    for item, wave in zip(items, made, strict=True):
        if options.write:
            options.write.mkdir(parents=True, exist_ok=True)
            soundfile.write(options.write / f"{item.name}.wav", wave, RATE)
    tell(f"{len(items)} sentences of {items[0].style}")
    print(markdown(["", "made", "teacher"], rows_of(made, real, not options.folder)))


if __name__ == "__main__":
    main()
