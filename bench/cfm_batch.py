"""Whether chunks gain from sharing the sampler's steps: processor's seconds of a step for one chunk and for several.

    python -m bench.cfm_batch [--depth 4] [--frames 1000] [--batch 4] [--rounds 3] [--products bfloat16]

v4 with random weights of full width, one thread; every transformer block is alike, so a few of the 22 show
what all of them do. Processor's seconds do not depend on what else the machine does.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from bench import cfm_inputs as inputs
from bench.cfm_native_cases import set_threads, voice
from bench.networks import FIXTURES
from GPT_SoVITS.cfm.synthesizer import MelSynthesizer
from GPT_SoVITS.execution import SamplerHolding

HOLDINGS: dict[str, SamplerHolding] = {"float32": "fp16", "bfloat16": "bf16"}
"""What is multiplied, and how weights are held for that."""


def seconds(synthesizer: MelSynthesizer, batch: int, frames: int) -> float:
    """Return the processor's seconds of one estimate for so many chunks."""
    sizes = synthesizer.cfm
    x, prompt, text = (
        np.tile(inputs.normal(1, frames, width, seed=seed), (batch, 1, 1))
        for seed, width in enumerate((sizes.mel, sizes.mel, sizes.text))
    )
    embedded = synthesizer.estimator.embed(text)
    moment = synthesizer.estimator.moment(np.array([0.25]), np.array([0.125]))
    began = time.process_time()
    synthesizer.estimator.velocity(x, prompt, embedded, moment)
    return time.process_time() - began


def main() -> None:
    """Measure and print the fastest round of each."""
    parser = argparse.ArgumentParser(prog="python -m bench.cfm_batch", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--depth", type=int, default=4, help="transformer blocks (default 4; published: 22)")
    parser.add_argument("--frames", type=int, default=inputs.FRAMES)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--products", choices=tuple(HOLDINGS), default="bfloat16")
    options = parser.parse_args()
    set_threads(1)
    synthesizer = voice(str(FIXTURES), options.depth, HOLDINGS[options.products])
    seconds(synthesizer, 1, options.frames)
    rounds = [[seconds(synthesizer, n, options.frames) for n in (1, options.batch)] for _ in range(options.rounds)]
    one, several = (min(values) for values in zip(*rounds, strict=True))
    gain = options.batch * one / several
    print(f"{options.frames} frames: 1 chunk {one:.3f} s, {options.batch} chunks {several:.3f} s, gain {gain:.2f}")


if __name__ == "__main__":
    main()
