"""Denoisers side by side: how much nearer to the clean speech they come, and what it costs.

    python -m bench.denoise

Speech comes from espeak-ng and flite, noise from a generator and from other voices. The measure is the gain in SI-SDR
(Le Roux et al., 2019) over the noisy input. ``pyrnnoise`` is compared where it is installed.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import subprocess
import tempfile
import time
from collections.abc import Callable
from ctypes import CDLL, c_float, c_void_p
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr

from GPT_SoVITS.dataset.denoising.denoiser import DENOISERS, DenoiserError, open_denoiser

RATE = 48000
LEVELS_DB = (0, 5, 10)
Array = np.ndarray[Any, np.dtype[Any]]
_SENTENCES = (
    "The old clock in the hall had not been wound for years, and nobody knew who kept the key.",
    "She counted the boats twice, wrote the number down, and walked home along the canal.",
    "Please leave the parcel with the neighbour at number seven if I am out.",
)
_CHINESE = "今天天气很好，我们一起去公园散步吧，晚上再回家吃饭。"
_VOICES = (
    ["espeak-ng", "-v", "en-us", "-w", "{out}", _SENTENCES[0]],
    ["espeak-ng", "-v", "cmn", "-w", "{out}", _CHINESE],
    ["flite", "-voice", "slt", "-t", _SENTENCES[2], "-o", "{out}"],
)
_BABBLE = ("en-us+f3", "en-gb+m5", "de", "fr", "it")


def spoken(command: list[str]) -> Array:
    """Return what a synthesizer says, (N,) at 48 kHz."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "speech.wav"
        subprocess.run([word.replace("{out}", str(out)) for word in command], check=True, capture_output=True)
        samples, rate = soundfile.read(out, dtype="float32")
    return np.asarray(soxr.resample(samples, rate, RATE), np.float32)


def noises(count: int) -> dict[str, Array]:
    """Return kinds of noise, (count,) each."""
    rng = np.random.default_rng(0)
    white = rng.standard_normal(count)
    spectrum = np.fft.rfft(white) / np.sqrt(np.arange(count // 2 + 1) + 1)
    voices = [spoken(["espeak-ng", "-v", voice, "-w", "{out}", " ".join(_SENTENCES)]) for voice in _BABBLE]
    babble = np.sum([np.resize(np.roll(voice, 7919 * i), count) for i, voice in enumerate(voices)], axis=0)
    return {"white": white, "pink": np.fft.irfft(spectrum, count), "babble": babble}


def si_sdr(estimate: Array, clean: Array) -> float:
    """Return the scale-invariant signal-to-distortion ratio in dB."""
    clean, estimate = clean - clean.mean(), estimate - estimate.mean()
    target = (estimate @ clean) / (clean @ clean) * clean
    return float(10 * np.log10((target @ target) / ((estimate - target) @ (estimate - target))))


class RnNoise:
    """RNNoise inside the package ``pyrnnoise``, by its C functions: the package itself needs a plotting library."""

    rate = 48000
    _FRAME, _DELAY = 480, 960

    def __init__(self, path: Path) -> None:
        self._library = CDLL(str(path))
        self._library.rnnoise_create.restype, self._library.rnnoise_create.argtypes = c_void_p, [c_void_p]
        self._library.rnnoise_process_frame.argtypes = [c_void_p] * 3
        self._library.rnnoise_process_frame.restype = c_float
        self._library.rnnoise_destroy.argtypes = [c_void_p]

    def __call__(self, samples: Array) -> Array:
        """(N,) -> (N,)."""
        frames = np.zeros((-(-(len(samples) + self._DELAY) // self._FRAME), self._FRAME), np.float32)
        frames.reshape(-1)[: len(samples)] = samples * 32768
        state = self._library.rnnoise_create(None)
        for frame in frames:
            self._library.rnnoise_process_frame(state, frame.ctypes.data, frame.ctypes.data)
        self._library.rnnoise_destroy(state)
        return frames.reshape(-1)[self._DELAY : self._DELAY + len(samples)] / 32768


def candidates() -> dict[str, Callable[[Array], Array]]:
    """Return every denoiser that is installed and works at 48 kHz."""
    found: dict[str, Callable[[Array], Array]] = {}
    for name in DENOISERS:
        try:
            denoiser = open_denoiser(name)
        except DenoiserError as error:
            print(f"{name}: {error}")
            continue
        if denoiser.rate == RATE:
            found[name] = denoiser
    spec = importlib.util.find_spec("pyrnnoise")
    if spec is not None and spec.origin:
        found["rnnoise"] = RnNoise(Path(spec.origin).with_name("librnnoise.so"))
    return found


def mixed(clean: Array, noise: Array, level: float) -> Array:
    """Return speech with noise that is ``level`` dB weaker, below full scale."""
    scale = np.sqrt((clean @ clean) / (noise @ noise) / 10 ** (level / 10))
    noisy = np.asarray(clean + scale * noise, np.float32)
    return noisy * np.float32(min(1.0, 0.95 / float(np.abs(noisy).max())))


def main() -> None:
    """Measure and print a table."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    speech = [spoken(command) for command in _VOICES]
    noise = noises(max(map(len, speech)))
    print("| denoiser | noise | " + " | ".join(f"{level} dB" for level in LEVELS_DB) + " | CPU s per s |")
    print("|---|---|" + "---|" * (len(LEVELS_DB) + 1))
    for name, denoise in candidates().items():
        for kind, sound in noise.items():
            gains: dict[int, list[float]] = {level: [] for level in LEVELS_DB}
            spent = heard = 0.0
            for clean, level in itertools.product(speech, LEVELS_DB):
                noisy = mixed(clean, sound[: len(clean)], level)
                begin = time.process_time()
                result = denoise(noisy)
                spent, heard = spent + time.process_time() - begin, heard + len(noisy) / RATE
                gains[level].append(si_sdr(result, clean) - si_sdr(noisy, clean))
            row = " | ".join(f"{np.mean(gains[level]):+.1f}" for level in LEVELS_DB)
            print(f"| {name} | {kind} | {row} | {spent / heard:.3f} |", flush=True)


if __name__ == "__main__":
    main()
