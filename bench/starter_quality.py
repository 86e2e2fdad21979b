"""How well the voices that come with the program speak: words, repeats, omissions, right voice, speed.

    python -m bench.starter_quality GPT SOVITS VOICES --judge FOLDER [--language ja | zh]

VOICES is the folder of the clips with their ``voices.jsonl``. The held-out sentences of ``starter_sentences.txt``, or
of those of another language, were not among what the weights were trained on. They are spoken through the whole
program, each after the voice's own clip, with the sampling that the weights ask for. Words, kana of Japanese or
characters of Chinese are counted where faster-whisper and a model of it are given.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile

from bench.figures import figure, markdown
from bench.judging import RATE, Errors, Judge, compare
from GPT_SoVITS import TTS
from GPT_SoVITS.engine.messages import EngineSettings
from GPT_SoVITS.features.mel import log_mel, mel_filters
from GPT_SoVITS.features.resample import resample

Wave = npt.NDArray[np.float32]
SENTENCES = {"en": "starter_sentences.txt", "ja": "starter_sentences_ja.txt", "zh": "starter_sentences_zh.txt"}
"""Files beside this one by language."""
_SIZE, _STEP = 1024, 256
_LOWEST, _HIGHEST = 60, 400
"""Pitches that are looked for, in Hz."""


@dataclass
class Result:
    """What one voice did.

    Attributes:
        errors: Errors of words or kana, where there is a judge.
        right: Sentences whose sound is nearest to the voice's own clip.
        sentences: All of them.
        audio_s: Seconds of speech.
        wall_s: Seconds that it took.
        examples: Sentences and what was heard of them.
    """

    errors: Errors = field(default_factory=Errors)
    right: int = 0
    sentences: int = 0
    audio_s: float = 0.0
    wall_s: float = 0.0
    examples: list[str] = field(default_factory=list)


def pitch(wave: Wave) -> float:
    """Return the median pitch in Hz of the voiced parts of audio (n,) at 16 kHz, 0 where there are none."""
    found = []
    for start in range(0, len(wave) - _SIZE, _SIZE):
        part = wave[start : start + _SIZE]
        if np.square(part).mean() < 1e-4:
            continue
        likeness = np.correlate(part, part, "full")[_SIZE - 1 :]
        shortest, longest = RATE // _HIGHEST, RATE // _LOWEST
        lag = shortest + int(likeness[shortest:longest].argmax())
        if likeness[lag] > 0.4 * likeness[0]:
            found.append(RATE / lag)
    return float(np.median(found)) if found else 0.0


def sound_of(wave: Wave) -> npt.NDArray[np.float64]:
    """Return what tells voices apart: the mean log spectrum of the louder frames, without its level, and the pitch."""
    frames = np.lib.stride_tricks.sliding_window_view(wave, _SIZE)[::_STEP] * np.hanning(_SIZE)
    mel = log_mel(np.abs(np.fft.rfft(frames)).T.astype(np.float32), mel_filters(RATE, _SIZE, 40))
    level = mel.mean(axis=0)
    mean = mel[:, level >= np.median(level)].mean(axis=1)
    return np.append(mean - mean.mean(), 8 * np.log(max(pitch(wave), 1.0)))


def nearest(wave: Wave, clips: dict[str, npt.NDArray[np.float64]]) -> str:
    """Return the voice whose clip sounds most like audio at 16 kHz."""
    sound = sound_of(wave)
    return min(clips, key=lambda name: float(np.square(clips[name] - sound).sum()))


def at_16k(wave: Wave, rate: int) -> Wave:
    """Return audio at 16 kHz."""
    return resample(wave, rate, RATE)


def voices_of(folder: Path, language: str) -> list[dict[str, Any]]:
    """Return the voices of a language that a folder lists: ``name``, ``file``, ``text`` and ``language``."""
    lines = (folder / "voices.jsonl").read_text(encoding="utf-8").splitlines()
    return [voice for voice in map(json.loads, filter(None, lines)) if voice["language"] == language]


def speak_all(
    tts: TTS, voice: dict[str, Any], folder: Path, sentences: Sequence[str], clips: dict[str, Any], judge: Judge | None,
    write: Path | None,
) -> Result:  # fmt: skip
    """Let one voice say all sentences."""
    result = Result()
    clip = {
        "reference": str(folder / voice["file"]),
        "reference_text": voice["text"],
        "reference_language": voice["language"],
    }
    for index, text in enumerate(sentences):
        began = time.perf_counter()
        speech = tts.speak(text, voice["language"], seed=index, **clip)
        if index:  # the first one loads and prepares the clip
            result.wall_s += time.perf_counter() - began
            result.audio_s += speech.seconds
        wave = at_16k(speech.audio, speech.sample_rate)
        result.sentences += 1
        result.right += nearest(wave, clips) == voice["name"]
        if write:
            write.mkdir(parents=True, exist_ok=True)
            speech.save(write / f"{voice['name']}-{index:03d}.wav")
        if judge:
            heard = judge.write_down(wave)
            result.errors += compare(text, heard, judge.language)
            result.examples.append(f"{text} => {heard}")
    return result


def teacher_errors(folder: Path, sentences: Sequence[str], judge: Judge) -> Errors:
    """Judge recordings of the same sentences, ``000.wav`` and so on, as far as they are there."""
    total = Errors()
    for index, text in enumerate(sentences):
        path = folder / f"{index:03d}.wav"
        if path.exists():
            audio, rate = soundfile.read(path, dtype="float32")
            total += compare(text, judge.write_down(at_16k(audio, rate)), judge.language)
    return total


def row(name: str, result: Result) -> list[str]:
    """Return one line of the table."""
    e = result.errors
    judged = [f"{e.rate:.3f} of {e.words}", str(e.omitted), str(e.repeated)] if e.words else ["not judged", "-", "-"]
    speed = figure(result.wall_s / result.audio_s) if result.audio_s else "-"
    return [name, *judged, f"{result.right} of {result.sentences}", speed]


def main() -> None:
    """Print the table, and examples."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gpt", type=Path)
    parser.add_argument("sovits", type=Path)
    parser.add_argument("voices", type=Path)
    parser.add_argument("--language", choices=SENTENCES, default="en")
    parser.add_argument("--judge", type=Path, help="folder of a faster-whisper model")
    parser.add_argument("--teacher", type=Path, help="folder of the teacher's recordings, 000.wav and so on")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--voice", help="this one alone")
    parser.add_argument("--threads", type=int, default=0, help="0 takes what there is; 1 where others compute too")
    parser.add_argument("--examples", type=int, default=8)
    parser.add_argument("--write", type=Path, help="folder for the speech")
    options = parser.parse_args()
    path = Path(__file__).with_name(SENTENCES[options.language])
    sentences = path.read_text(encoding="utf-8").splitlines()[: options.count]
    judge = Judge(options.judge, language=options.language) if options.judge else None
    voices, clips = voices_of(options.voices, options.language), {}
    for voice in voices:
        audio, rate = soundfile.read(options.voices / voice["file"], dtype="float32")
        clips[voice["name"]] = sound_of(at_16k(audio, rate))
    rows = []
    with TTS(options.gpt, options.sovits, settings=EngineSettings(threads=options.threads)) as tts:
        for voice in voices:
            if options.voice in (None, voice["name"]):
                result = speak_all(tts, voice, options.voices, sentences, clips, judge, options.write)
                rows.append(row(voice["name"], result))
                print(*result.examples[: options.examples], sep="\n", flush=True)
    if judge and options.teacher:
        rows.append(row("teacher", Result(teacher_errors(options.teacher, sentences, judge))))
    header = ["voice", "errors", "omitted", "repeated", "nearest to its clip", "seconds per second of speech"]
    print(markdown(header, rows))


if __name__ == "__main__":
    main()
