"""Let the teacher speak the sentences: audio with timings, or timings alone."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
from scipy.signal import resample_poly

from tools.starter.phones import LANGUAGES, language
from tools.starter.teacher import RATE, Teacher

AUDIO_RATE = 16000
_PEAK = 0.95


def styles_of(index: int, voices: list[str]) -> str:
    """Return who says a sentence: the first voice most of them, the others take turns."""
    return voices[0] if len(voices) == 1 or index % 3 else voices[1 + (index // 3) % (len(voices) - 1)]


def loudness(wave: np.ndarray) -> np.ndarray:
    """Return 16-bit samples; only what would clip is made quieter, so that a voice keeps its level."""
    return (wave / max(1.0, float(np.abs(wave).max()) / _PEAK) * 32767).astype(np.int16)


def main() -> None:
    """Write one .npz of utterances: texts, phonemes, segment ends and, unless --durations, audio at 16 and 24 kHz."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("sentences", type=Path)
    parser.add_argument("result", type=Path)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--voices", default="jm_kumo,mixed")
    parser.add_argument("--from", dest="first", type=int, default=0)
    parser.add_argument("--step", type=int, default=1, help="every so many sentences, for several processes")
    parser.add_argument("--count", type=int, default=10**9)
    parser.add_argument("--durations", action="store_true", help="timings alone")
    parser.add_argument("--language", choices=LANGUAGES, default="en")
    options = parser.parse_args()
    voices, spoken = options.voices.split(","), language(options.language)
    teacher = Teacher(options.model, spoken, options.durations)
    lines = options.sentences.read_text().splitlines()
    wanted = range(options.first, min(len(lines), options.first + options.count * options.step), options.step)
    began, seconds, told = time.monotonic(), 0.0, 0
    found: dict[str, list] = {"meta": [], "ends": [], "wave": []}
    for index in wanted:
        item = json.loads(lines[index])
        starts = spoken.word_starts(item["spoken"], item["phones"])
        if starts is None:
            continue
        style = styles_of(index, voices)
        if options.durations:
            timing = teacher.durations(item["phones"], starts, style)
        else:
            audio, timing = teacher.say(item["phones"], starts, style)
            found["wave"].append(loudness(resample_poly(audio, AUDIO_RATE, RATE)))
        found["meta"].append([item["id"], item["text"], style, item["phones"]])
        found["ends"].append(timing.ends)
        seconds += float(timing.ends[-1])
        if time.monotonic() - began > 60 * (told + 1):
            told += 1
            print(f"{len(found['meta'])} utterances, {seconds:.0f} s after {told} min", flush=True)
            save(options.result, found, options.language)
    save(options.result, found, options.language)
    print(f"{len(found['meta'])} of {len(wanted)} sentences, {seconds:.0f} s of speech", flush=True)


def save(path: Path, found: dict[str, list], code: str) -> None:
    """Write the utterances; arrays of different lengths are joined, beside their lengths."""
    arrays = {"meta": np.array(json.dumps(found["meta"])), "language": np.array(code)}
    for name in ("ends", "wave"):
        if found[name]:
            arrays[name] = np.concatenate(found[name])
            arrays[f"{name}_lengths"] = np.array([len(array) for array in found[name]])
    np.savez(path, **arrays)


if __name__ == "__main__":
    main()
