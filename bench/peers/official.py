"""The official program (PyTorch), or gpt-sovits-cpufast 0.1.0, which is made of it, on given inputs.

Loaded as ``TTS_infer_pack/TTS.py`` loads them; the text part is left out. The loop is the program's own and stops after
a number of tokens.
"""

from __future__ import annotations

import importlib.util
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from protocol import figures, serve, step_marks  # type: ignore[import-not-found]

_loaded: dict[str, Any] = {}


def _place(official: str) -> Path:
    """Return the folder ``GPT_SoVITS`` of a checkout, or of the package that this environment has."""
    if official:
        return Path(official) / "GPT_SoVITS"
    spec = importlib.util.find_spec("GPT_SoVITS")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("gpt-sovits-cpufast is not installed in this environment")
    return Path(spec.submodule_search_locations[0])


def load(gpt: str, sovits: str, inputs: str, tokens: int, threads: int, official: str = "", **_: Any) -> dict[str, Any]:
    """Open the official files, keep the inputs."""
    place = _place(official)
    sys.path[:0] = [str(place.parent), str(place)]
    start = time.perf_counter()
    import torch
    from AR.models.t2s_model import Text2SemanticDecoder  # type: ignore[import-not-found]
    from module.models import SynthesizerTrn

    torch.set_num_threads(threads)
    known = torch.load(gpt, map_location="cpu", weights_only=False)
    t2s = Text2SemanticDecoder(config=known["config"], top_k=3)
    t2s.load_state_dict({key.removeprefix("model."): value for key, value in known["weight"].items()})
    known = torch.load(sovits, map_location="cpu", weights_only=False)
    config = known["config"]
    segment = config["train"]["segment_size"] // config["data"]["hop_length"]
    sizes = {"version": "v2", **config["model"]}
    vits = SynthesizerTrn(config["data"]["filter_length"] // 2 + 1, segment, n_speakers=300, **sizes)
    vits.load_state_dict(known["weight"], strict=False)
    with np.load(inputs) as archive:
        arrays = {name: torch.from_numpy(archive[name]) for name in archive.files}
    _loaded.update(t2s=t2s.eval().float(), vits=vits.eval().float(), torch=torch, arrays=arrays)
    opened = time.perf_counter()
    speak(tokens)
    return {"load_s": opened - start, "first_s": time.perf_counter() - opened}


def speak(tokens: int) -> dict[str, Any]:
    """Prefill and so many tokens, audio."""
    torch, arrays, t2s = _loaded["torch"], _loaded["arrays"], _loaded["t2s"]
    phonemes = torch.cat([arrays["reference_phonemes"], arrays["phonemes"]])[None]
    lengths = torch.tensor([phonemes.shape[1]])
    marks = step_marks(t2s.t2s_transformer)
    with torch.inference_mode():
        start = time.perf_counter()
        # One token comes of the prefill; the loop stops when there is one more than ``early_stop_num``.
        found, _ = t2s.infer_panel(
            phonemes, lengths, arrays["prompt"][None], arrays["bert"].T[None], top_k=5, top_p=1, temperature=1.0,
            early_stop_num=tokens - 1,
        )  # fmt: skip
        decoded = time.perf_counter()
        semantic = found[:, -tokens:].clamp(max=1023)[None]
        audio = _loaded["vits"].decode(semantic, arrays["phonemes"][None], [arrays["spectrogram"][None]])
        done = time.perf_counter()
    audio = (audio[0] if isinstance(audio, tuple) else audio).float()
    return dict(figures(start, marks, decoded, done, audio))


if __name__ == "__main__":
    serve(load, speak)
