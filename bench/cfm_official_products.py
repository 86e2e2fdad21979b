"""Samples a case of :mod:`bench.cfm_products` by the official program's network: ``CASE OUT STEPS...``.

For the official program's interpreter; ``GPT_SOVITS_OFFICIAL`` names its checkout.
"""

from __future__ import annotations

import contextlib
import sys
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from bench import cfm_inputs as inputs
from bench.cfm_official_cases import set_threads

Array = npt.NDArray[Any]
PRECISIONS = ("float32", "bfloat16", "float16")


def network(depth: int) -> Any:
    """Return the official sampler with so many transformer blocks."""
    from f5_tts.model import DiT  # type: ignore[import-not-found]
    from module.models import CFM

    sizes = {"dim": 1024, "heads": 16, "ff_mult": 2, "text_dim": 512, "conv_layers": 4}  # of SynthesizerTrnV3
    return CFM(100, DiT(depth=depth, **sizes))


def filled(case: dict[str, Array]) -> Any:
    """Return the sampler of a case."""
    cfm = network(int(case["depth"]))
    prefix = "cfm."
    state = {key.removeprefix(prefix): torch.from_numpy(array) for key, array in inputs.estimator_of(case).items()}
    missing = [key for key in cfm.load_state_dict(state, strict=False).missing_keys if "inv_freq" not in key]
    assert not missing, missing
    return cfm.eval()


def sampled(cfm: Any, case: dict[str, Array], steps: int, precision: str) -> Array:
    """Return normalised mel (frames, bins); with float16 the network is left in it."""
    dtype = torch.float16 if precision == "float16" else torch.float32
    cfm.to(dtype)
    condition, prompt, noise = (
        torch.from_numpy(case[name])[None].to(dtype) for name in ("condition", "prompt", "noise")
    )
    torch.randn = lambda *_shape, **_given: noise.transpose(1, 2).clone()
    rounding = torch.autocast("cpu", torch.bfloat16) if precision == "bfloat16" else contextlib.nullcontext()
    with rounding:
        lengths = torch.LongTensor([condition.shape[1]])
        mel = cfm.inference(condition, lengths, prompt.transpose(1, 2), steps, inference_cfg_rate=0)
    return np.asarray(mel[0].T.float().numpy())


def main() -> None:
    """Command line."""
    source, out, *steps = sys.argv[1:]
    set_threads(1)
    with np.load(source) as file:
        case = dict(file)
    cfm = filled(case)
    mels = {}
    for precision in PRECISIONS:
        for count in steps[:1] if precision == "float16" else steps:  # on a CPU float16 takes four times as long
            mels[f"{precision} {count}"] = sampled(cfm, case, int(count), precision)
            print(f"official, {precision}, {count} steps", file=sys.stderr, flush=True)
    np.savez(out, **mels)


if __name__ == "__main__":
    main()
