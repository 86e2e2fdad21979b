"""Trains a sampler of full width for a few hundred steps, for :mod:`bench.cfm_products`.

    GPT_SOVITS_OFFICIAL=FOLDER PYTHON -m bench.cfm_trained OUT [--depth 4] [--steps 300] [--speech FILE ...]

PYTHON is the official program's interpreter. The official network and loss learn the mel spectrograms of v4 of some
recordings (the starter's voices). Published weights have 22 blocks and saw much more; these have what training does to
a network: gates that opened, channels that count. In place of what content becomes, the condition is a blurred mel
through a fixed random matrix.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from bench import cfm_inputs as inputs
from bench.cfm_official_cases import set_threads
from bench.cfm_official_products import network
from bench.networks import ROOT

Array = npt.NDArray[Any]
RATE, HOP, FFT = 32000, 320, 1280
LOWEST, HIGHEST = -12.0, 2.0
BLUR, FRAMES, BATCH, RATE_OF_LEARNING = 5, 128, 2, 2e-4


def mel_of(path: Path) -> torch.Tensor:
    """Return the normalised mel (bins, frames) of a recording."""
    import librosa  # type: ignore[import-not-found]
    from module.mel_processing import mel_spectrogram_torch

    wave, _ = librosa.load(path, sr=RATE)
    mel = mel_spectrogram_torch(torch.from_numpy(wave)[None], FFT, 100, RATE, HOP, FFT, 0, None)[0]
    return (mel - LOWEST) / (HIGHEST - LOWEST) * 2 - 1


def conditions(mel: torch.Tensor) -> torch.Tensor:
    """Return what stands for content, (channels, frames)."""
    blurred = torch.nn.functional.avg_pool1d(mel[None], BLUR, 1, BLUR // 2, count_include_pad=False)[0]
    return torch.from_numpy(inputs.normal(512, 100, seed=4) / np.float32(10)) @ blurred


def train(cfm: Any, mel: torch.Tensor, steps: int) -> None:
    """Train with the official loss on pieces of a mel."""
    optimiser = torch.optim.AdamW(cfm.parameters(), RATE_OF_LEARNING)
    known, rng, began = conditions(mel), np.random.default_rng(0), time.process_time()
    for step in range(steps):
        starts = rng.integers(0, mel.shape[1] - FRAMES, BATCH)
        pieces = torch.stack([mel[:, at : at + FRAMES] for at in starts])
        content = torch.stack([known[:, at : at + FRAMES] for at in starts])
        prompts = torch.from_numpy(rng.integers(FRAMES // 4, FRAMES // 2, BATCH))
        loss = cfm(pieces, torch.full((BATCH,), FRAMES), prompts, content, False)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(cfm.parameters(), 1.0)
        optimiser.step()
        if step % 25 == 0 or step + 1 == steps:
            print(f"{step}: loss {loss.item():.4f}, {time.process_time() - began:.0f} s", file=sys.stderr, flush=True)


def case_of(cfm: Any, depth: int, mel: torch.Tensor) -> dict[str, Array]:
    """Return a case whose prompt is the beginning of a mel and whose condition is the rest's."""
    repeated = mel.repeat(1, 1 + inputs.CASE_FRAMES // mel.shape[1])[:, : inputs.CASE_FRAMES]
    arrays = {
        f"cfm.{key}": value.numpy().astype(np.float16)
        for key, value in cfm.state_dict().items() if key.startswith("estimator.") and "inv_freq" not in key
    }  # fmt: skip
    return arrays | {
        "depth": np.array(depth), "condition": np.ascontiguousarray(conditions(repeated).T.numpy()),
        "prompt": np.ascontiguousarray(repeated[:, : inputs.CASE_PROMPT].T.numpy()),
        "noise": inputs.normal(inputs.CASE_FRAMES, 100, seed=11),
    }  # fmt: skip


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.cfm_trained", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--depth", type=int, default=4, help="transformer blocks (default 4)")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--speech", type=Path, nargs="+", help="recordings (default: the starter's voices)")
    options = parser.parse_args()
    set_threads(1)
    torch.manual_seed(0)
    speech = options.speech or sorted((ROOT / "GPT_SoVITS" / "starter" / "voices").glob("*.wav"))
    mel = torch.cat([mel_of(path) for path in speech], 1)
    cfm = network(options.depth)
    train(cfm, mel, options.steps)
    np.savez(options.out, **case_of(cfm.eval(), options.depth, mel))


if __name__ == "__main__":
    main()
