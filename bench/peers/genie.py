"""genie-tts 2.0.2 (ONNX Runtime) on given inputs: its own converter, sessions and decode loop, without its text part.

The loop is that of ``Core/Inference.py``, cut off after a number of tokens; its vocoder session encodes the reference's
timbre in every call, as the package does.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from protocol import serve  # type: ignore[import-not-found]

_loaded: dict[str, Any] = {}


def _prepare(cache: Path) -> None:
    """The package refuses to be imported without its data folder, of which this comparison needs nothing."""
    data = cache / "genie-data"
    (data / "chinese-hubert-base").mkdir(parents=True, exist_ok=True)
    (data / "speaker_encoder.onnx").touch()
    os.environ["GENIE_DATA_DIR"] = str(data)


def load(gpt: str, sovits: str, inputs: str, cache: str, **_: Any) -> dict[str, Any]:
    """Convert the official files to ONNX once, open the sessions, keep the inputs."""
    folder = Path(cache)
    _prepare(folder)
    converted = folder / "genie-onnx"
    os.chdir(folder)  # the converter writes its intermediate files beside the caller
    start = time.perf_counter()
    from genie_tts.ModelManager import model_manager

    if not (converted / "vits_fp16.bin").is_file():
        from genie_tts.Converter.Converter import convert

        convert(torch_ckpt_path=gpt, torch_pth_path=sovits, output_dir=str(converted))
    converted_at = time.perf_counter()
    if not model_manager.load_character("bench", str(converted), "English"):
        raise SystemExit("genie-tts could not load what it converted; remove the cache folder and run again")
    model = model_manager.get("bench")
    with np.load(inputs) as archive:
        arrays = {name: archive[name] for name in archive.files}
    _loaded.update(model=model, arrays=arrays)
    opened = time.perf_counter()
    speak(8)
    return {"convert_s": converted_at - start, "load_s": opened - converted_at, "first_s": time.perf_counter() - opened}


def speak(tokens: int) -> dict[str, Any]:
    """Text encoder and prefill, ``tokens`` tokens, audio."""
    model, arrays = _loaded["model"], _loaded["arrays"]
    reference, text = arrays["reference_phonemes"][None], arrays["phonemes"][None]
    bert = arrays["bert"]
    start = time.perf_counter()
    x, prompts = model.T2S_ENCODER.run(
        None,
        {
            "ref_seq": reference,
            "text_seq": text,
            "ref_bert": bert[: reference.shape[1]],
            "text_bert": bert[reference.shape[1] :],
            "ssl_content": arrays["ssl"],
        },
    )
    y, embedded, *cache = model.T2S_FIRST_STAGE_DECODER.run(None, {"x": x, "prompts": prompts})
    prefilled = time.perf_counter()
    names = [each.name for each in model.T2S_STAGE_DECODER.get_inputs()]
    marks = [prefilled]
    for _ in range(1, tokens):
        feed = dict(zip(names, [y, embedded, *cache]))  # noqa: B905  (as the package does)
        y, embedded, stop, *cache = model.T2S_STAGE_DECODER.run(None, feed)
        marks.append(time.perf_counter())
        if stop:
            break
    decoded = marks[-1]
    semantic = np.minimum(y[:, -tokens:], 1023)[None]
    audio = model.VITS.run(None, {"text_seq": text, "pred_semantic": semantic, "ref_audio": arrays["reference_32k"]})[0]
    done = time.perf_counter()
    return {
        "prefill_s": prefilled - start, "decode_s": decoded - prefilled, "steps": len(marks) - 1,
        "vocoder_s": done - decoded, "total_s": done - start, "audio_s": audio.size / 32000,
        "peak": float(np.abs(audio).max()), "step_s": np.diff(marks).tolist(),
    }  # fmt: skip


if __name__ == "__main__":
    serve(load, speak)
