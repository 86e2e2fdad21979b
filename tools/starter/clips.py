"""Make the clips of the voices of a language: the teacher says one text for each, and ``voices.jsonl`` lists them.

The texts are among the sentences of training, chosen because the content encoder hears them well: the decoder goes on
from what is heard of the clip, and a clip that is misheard makes it stumble.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import soundfile
from scipy.signal import resample_poly

from tools.starter.phones import LANGUAGES, language
from tools.starter.speak import AUDIO_RATE, loudness
from tools.starter.teacher import RATE, Teacher

TEXTS = Path(__file__).with_name("clips.jsonl")


def main() -> None:
    """Write the clips of the texts that ``sentences`` has read into clips.jsonl; those of other languages stay."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("sentences", type=Path, help="clips.jsonl of sentences")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--language", choices=LANGUAGES, default="en")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    spoken, listed = language(options.language), options.folder / "voices.jsonl"
    teacher = Teacher(options.model, spoken)
    before = listed.read_text(encoding="utf-8").splitlines() if listed.exists() else []
    lines = [line for line in before if json.loads(line)["pair"] != options.language]
    texts = [json.loads(line) for line in TEXTS.read_text(encoding="utf-8").splitlines()]
    clips = [text for text in texts if text["language"] == options.language]
    for clip, line in zip(clips, options.sentences.read_text(encoding="utf-8").splitlines(), strict=True):
        item = json.loads(line)
        starts = spoken.word_starts(item["spoken"], item["phones"])
        if starts is None:
            raise SystemExit(f"{item['text']!r} has a word that the dictionary reads otherwise; choose another")
        wave = loudness(resample_poly(teacher.say(item["phones"], starts, clip["style"])[0], AUDIO_RATE, RATE))
        name = f"{clip['name'].lower()}.wav"
        soundfile.write(options.folder / name, wave, AUDIO_RATE, subtype="PCM_16")
        told = {key: clip[key] for key in ("text", "language", "sex")}
        voice = {"name": clip["name"], "file": name, **told, "pair": options.language}
        lines.append(json.dumps(voice, ensure_ascii=False))
        print(f"{name}: {len(wave) / AUDIO_RATE:.1f} s")
    listed.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
