"""What a sampler's products change: the mel and the wave of a sentence, beside float32 of the same program.

    python -m bench.cfm_products [--version v4] [--weights FILE] [--steps 8 32] [--official FOLDER --torch-python PATH]

A chunk is sampled from the same noise with float32 products, with bfloat16 ones, and by the official program's own
network in float32, in bfloat16 (``torch.autocast``) and in float16 (``.half()``, as it runs on a GPU). One vocoder, in
float32, speaks every mel. Weights are random ones of full size, or a file of :mod:`bench.cfm_trained`.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bench import cfm_inputs as inputs
from bench.cfm_native_cases import set_threads, vocoder
from bench.figures import markdown
from bench.make_weights import DEPTH
from bench.networks import FIXTURES, ROOT
from GPT_SoVITS.cfm.choose import choose_estimator
from GPT_SoVITS.cfm.config import CfmConfig
from GPT_SoVITS.cfm.sampler import Sampling, sample
from GPT_SoVITS.execution import SamplerHolding
from GPT_SoVITS.features.spectrogram import denormalise_mel
from GPT_SoVITS.vocoders.mel_vocoder import MelVocoder

Array = npt.NDArray[Any]
HOLDINGS: dict[str, SamplerHolding] = {"float32": "fp32", "bfloat16": "bf16"}
VOCODERS = {"v3": "bigvgan_v2_24khz_100band_256x", "v4": "hifigan_v4_48khz"}
HEADER = (
    "program", "products and steps", "beside", "mel: rms of its own", "rms of logarithms", "largest", "wave, dB",
    "bands, dB",
)  # fmt: skip


@dataclass(frozen=True)
class Difference:
    """What two mels (frames, bins) of natural logarithms, and their waves, differ by.

    Attributes:
        mel: Root mean square of the difference, of that of the mel about its mean.
        logarithms: Root mean square of the difference.
        largest: Its largest number.
        wave: Root mean square of the waves' difference, of that of the wave.
    """

    mel: float
    logarithms: float
    largest: float
    wave: float

    @property
    def decibels(self) -> tuple[float, float]:
        """Signal to difference: of waves, and as if each band's amplitude were off by the mel's difference."""
        return _decibels(self.wave), _decibels(self.logarithms)


def compare(mels: tuple[Array, Array], waves: tuple[Array, Array]) -> Difference:
    """Compare mels and waves, each with the one that counts as right, which comes second."""
    apart, right = mels[0] - mels[1], mels[1]
    return Difference(
        _rms(apart) / _rms(right - right.mean()), _rms(apart), float(np.abs(apart).max()),
        _rms(waves[0] - waves[1]) / _rms(waves[1]),
    )  # fmt: skip


def _decibels(ratio: float) -> float:
    return float(-20.0 * np.log10(ratio))


def _rms(x: Array) -> float:
    return float(np.sqrt(np.mean(np.square(x, dtype=np.float64))))


def ours(case: dict[str, Array], products: str, steps: int) -> Array:
    """Sample a case here; returns normalised mel (frames, bins)."""
    config = CfmConfig("v4", depth=int(case["depth"]))
    arrays = inputs.estimator_of(case)
    estimator, _ = choose_estimator(config, arrays, choice="host", holding=HOLDINGS[products], threads=1)
    condition, prompt, noise = (case[name][None] for name in ("condition", "prompt", "noise"))
    return np.asarray(sample(estimator, condition, prompt, noise, Sampling(steps))[0])


def official(path: Path, folder: Path, python: str, steps: list[int], out: Path) -> dict[str, Array]:
    """Sample a case by the official program's network, in every precision and number of steps."""
    subprocess.run(
        [python, "-m", "bench.cfm_official_products", path, out, *map(str, steps)],
        cwd=ROOT, env={**os.environ, "GPT_SOVITS_OFFICIAL": str(folder.resolve()), "OMP_NUM_THREADS": "1"}, check=True,
    )  # fmt: skip
    with np.load(out) as found:
        return dict(found)


def rows_of(program: str, mels: dict[str, Array], prompt: int, speaker: MelVocoder) -> list[tuple[str, ...]]:
    """Return rows of the table; mels (frames, bins), normalised, by "PRODUCTS STEPS"."""
    logarithms = {name: np.asarray(denormalise_mel(mel[prompt:])) for name, mel in mels.items()}
    waves = {name: speaker(np.ascontiguousarray(mel.T)) for name, mel in logarithms.items()}
    rows = []
    for name, right in pairs(list(mels)):
        found = compare((logarithms[name], logarithms[right]), (waves[name], waves[right]))
        rows.append((
            program, name, right, f"{100 * found.mel:.3f} %", f"{found.logarithms:.4f}", f"{found.largest:.3f}",
            *(f"{each:.1f}" for each in found.decibels),
        ))  # fmt: skip
        print(rows[-1], file=sys.stderr, flush=True)
    return rows


def pairs(names: list[str]) -> list[tuple[str, str]]:
    """Return what is compared with what: products with float32 in as many steps, fewer steps with the most."""
    found = []
    most = max(names, key=lambda name: int(name.split()[1])).split()[1]
    for name in names:
        products, steps = name.split()
        right = f"float32 {most if products == 'float32' else steps}"
        if right in names and right != name:
            found.append((name, right))
    return found


def main() -> None:
    """Sample everything and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.cfm_products", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--version", choices=VOCODERS, default="v4", help="whose random weights, and whose vocoder")
    parser.add_argument("--weights", type=Path, help="case of bench.cfm_trained instead of random weights")
    parser.add_argument("--depth", type=int, default=DEPTH, help="transformer blocks of random weights")
    parser.add_argument("--steps", type=int, nargs="+", default=[8, 32])
    parser.add_argument("--official", type=Path, help="checkout of the official repository")
    parser.add_argument("--torch-python", default=sys.executable, help="interpreter that has its requirements")
    parser.add_argument("--keep", type=Path, help="also write the normalised mels here (npz)")
    options = parser.parse_args()
    set_threads(1)
    speaker = vocoder(str(FIXTURES), VOCODERS[options.version])
    with tempfile.TemporaryDirectory() as folder:
        path = options.weights or Path(folder) / "case.npz"
        if options.weights is None:
            np.savez(path, **inputs.sampling_case(str(FIXTURES), options.version, options.depth))
        with np.load(path) as file:
            case = dict(file)
        prompt = len(case["prompt"])
        mels = {f"{name} {steps}": ours(case, name, steps) for name in HOLDINGS for steps in options.steps}
        rows = rows_of("ours", mels, prompt, speaker)
        del case
        if options.official:
            theirs = official(path, options.official, options.torch_python, options.steps, Path(folder) / "mels.npz")
            rows += rows_of("official", theirs, prompt, speaker)
            mels |= {f"official {name}": mel for name, mel in theirs.items()}
        if options.keep:
            np.savez(options.keep, **mels)
    print(markdown(HEADER, rows))


if __name__ == "__main__":
    main()
