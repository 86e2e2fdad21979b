"""gsv-tts-lite (PyTorch, its CPU path) on given inputs: its loader, decode loop and synthesizer, not its text part.

Its decode runs until a cache bucket is full, so a bucket of exactly the wanted length is configured: the smallest,
which is to its advantage.
"""

from __future__ import annotations

import importlib.util
import sys
import time
import types
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from protocol import figures, serve, step_marks  # type: ignore[import-not-found]

_loaded: dict[str, Any] = {}


def _package() -> None:
    """Make the package importable without its ``__init__``, which needs torchaudio and a sound card's library."""
    spec = importlib.util.find_spec("gsv_tts")
    if spec is None or spec.submodule_search_locations is None:
        raise SystemExit("gsv-tts-lite is not installed in this environment")
    package = types.ModuleType("gsv_tts")
    package.__path__ = list(spec.submodule_search_locations)
    sys.modules["gsv_tts"] = package


def load(gpt: str, sovits: str, inputs: str, tokens: int, threads: int, **_: Any) -> dict[str, Any]:
    """Open the official files, keep the inputs."""
    _package()
    start = time.perf_counter()
    import torch
    from gsv_tts.Config import Config
    from gsv_tts.Loader import get_gpt_weights, get_sovits_weights

    torch.set_num_threads(threads)
    with np.load(inputs) as archive:
        arrays = {name: torch.from_numpy(archive[name]) for name in archive.files}
    context = len(arrays["reference_phonemes"]) + len(arrays["phonemes"]) + len(arrays["prompt"])
    config = Config()
    config.device, config.dtype, config.use_flash_attn = torch.device("cpu"), torch.float32, False
    config.gpt_cache, config.sovits_cache = [(1, context + tokens - 1)], []
    _loaded.update(t2s=get_gpt_weights(gpt, config).t2s_model, vits=get_sovits_weights(sovits, config).vq_model)
    with torch.inference_mode():
        _loaded["ge"] = _loaded["vits"].get_ge(arrays["spectrogram"][None])
    _loaded.update(torch=torch, arrays=arrays)
    opened = time.perf_counter()
    speak(tokens)
    return {"load_s": opened - start, "first_s": time.perf_counter() - opened}


def speak(tokens: int) -> dict[str, Any]:
    """Prefill and as many tokens as the bucket holds, audio."""
    torch, arrays = _loaded["torch"], _loaded["arrays"]
    phonemes = torch.cat([arrays["reference_phonemes"], arrays["phonemes"]])[None]
    t2s = _loaded["t2s"]
    marks = step_marks(t2s.t2s_transformer)
    with torch.inference_mode():
        start = time.perf_counter()
        semantic = t2s.infer(phonemes, arrays["prompt"][None], arrays["bert"][None], initial_suppression_steps=10**6)
        decoded = time.perf_counter()
        semantic = semantic[..., :tokens].clamp(max=1023)
        audio = _loaded["vits"].decode(semantic, arrays["phonemes"][None], _loaded["ge"])[0]
        done = time.perf_counter()
    return dict(figures(start, marks, decoded, done, audio))


if __name__ == "__main__":
    serve(load, speak)
