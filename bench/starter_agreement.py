"""Whether the program says what the starter's networks said in training: codes one by one, and audio.

    python -m bench.starter_agreement EXPECTED.npz FOLDER

EXPECTED is what ``tools.starter.expected`` wrote, FOLDER holds the exported files.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from convert.weights import open_weights
from GPT_SoVITS.engine.messages import EngineSettings
from GPT_SoVITS.execution import Execution, plan_execution
from GPT_SoVITS.features.hubert_config import HubertConfig
from GPT_SoVITS.features.hubert_extractor import Hubert, with_trailing_silence
from GPT_SoVITS.features.spectrogram import reference_spectrogram
from GPT_SoVITS.sovits.config import SovitsConfig
from GPT_SoVITS.sovits.synthesizer import Synthesizer
from GPT_SoVITS.t2s.backend import DecodeInput
from GPT_SoVITS.t2s.choose import choose_backend
from GPT_SoVITS.t2s.config import T2SConfig

Array = npt.NDArray[Any]
_RATE = 16000


def heard(content: Path, synthesizer: Synthesizer, wave: Array) -> Array:
    """Return the codes that the program hears in a clip at 16 kHz."""
    weights = open_weights(content)
    features = Hubert(HubertConfig.from_official(weights.config), weights.arrays)(with_trailing_silence(wave))
    return synthesizer.extract_tokens(features[0].T)


def said(gpt: Path, execution: Execution, phonemes: Array, prompt: Array, longest: int) -> Array:
    """Return the likeliest codes, one after the other, until the end or ``longest``."""
    weights = open_weights(gpt)
    config = T2SConfig.from_official(weights.config)
    backend, description, _ = choose_backend(config, weights.arrays, execution)
    print(f"decoder: {description}")
    state, codes = backend.start(1), list[int]()
    bert = np.zeros((config.bert_dim, len(phonemes)), np.float32)
    logits = backend.prefill(state, 0, DecodeInput(phonemes, bert, prompt))
    while len(codes) < longest and int(logits.argmax()) != config.eos:
        codes.append(int(logits.argmax()))
        logits = backend.step(state, np.full(state.rows, codes[-1]))[0]
    backend.finish(state)
    return np.array(codes)


def agreeing(found: Array, expected: Array) -> str:
    """Say how many codes are the same from the start on, and in all."""
    count = min(len(found), len(expected))
    same = found[:count] == expected[:count]
    first = count if same.all() else int(same.argmin())
    return f"{same.sum()} of {len(expected)} the same, the first {first} without a difference; {len(found)} found"


def main() -> None:
    """Print how the clip's codes, the sentence's codes and the audio agree."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("expected", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--pair", nargs=2, default=["starter-gpt.ckpt", "starter-sovits.pth"], help="files of the folder"
    )
    options = parser.parse_args()
    expected = np.load(options.expected)
    weights = open_weights(options.folder / options.pair[1])
    synthesizer = Synthesizer(SovitsConfig.from_official(weights.config), weights.arrays)
    found = heard(options.folder / "content", synthesizer, expected["wave"])
    print("codes of the clip:", agreeing(found, expected["prompt"]))
    phonemes = np.concatenate([expected["prompt_ids"], expected["ids"]])
    longest = 2 * len(expected["said"])
    codes = said(
        options.folder / options.pair[0],
        plan_execution(EngineSettings(precision="float32")),
        phonemes,
        expected["prompt"],
        longest,
    )
    print("codes of the sentence:", agreeing(codes, expected["said"]))
    condition = synthesizer.condition([reference_spectrogram(expected["wave"], _RATE)[0]])
    audio = synthesizer.decode(expected["said"], expected["ids"], condition, noise_scale=0.0)
    difference = np.abs(audio - expected["audio"])
    print(f"audio: largest difference {difference.max():.4f} where the peak is {np.abs(expected['audio']).max():.4f}")


if __name__ == "__main__":
    main()
