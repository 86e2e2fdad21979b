"""Texts to speak: one voice, or a script in which several take turns.

A script is a text file; a line that starts with a name in brackets gives the word to that voice, and the lines after it
belong to it too::

    # Lines that start with # are left out.
    [anna] 你好，今天天气不错。
    我们去公园吧。
    [ben:en] What a lovely day!

After the colon stands the language of this turn, when it is not the voice's own. The names are those of the voices
file, in YAML; paths in it are relative to the file::

    anna:
      reference: anna.wav            # 3 to 10 s
      prompt_text: 那天的云很好看。    # what is said in it
      prompt_language: zh
      language: zh
    ben:
      reference: ben.flac
      prompt_text: It was a cloudy day.
      prompt_language: en
      language: en
      speed: 1.1                     # also: auxiliary, gpt, sovits, temperature, top_k, top_p, repetition_penalty
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

_TURN = re.compile(r"\[\s*(?P<name>[^\[\]:]+?)\s*(?::\s*(?P<language>[^\[\]]+?)\s*)?\]\s*(?P<text>.*)")
_PATHS = ("reference", "gpt", "sovits")
_WORDS = ("prompt_text", "prompt_language", "language")
_NUMBERS = ("speed", "temperature", "top_k", "top_p", "repetition_penalty")
DEFAULT_VOICE = ""
"""The voice of the command line's own options."""


class ScriptError(ValueError):
    """A script or a voices file is not as it should be; the message names the file and the place."""


@dataclass(frozen=True)
class Voice:
    """Who speaks.

    Attributes:
        reference: The clip.
        prompt_text: What is said in it.
        prompt_language: Language of that; None for the text's.
        language: Language of the texts; None for the command line's.
        auxiliary: More clips.
        gpt: GPT weights; None for the command line's.
        sovits: SoVITS weights, likewise.
        numbers: Sampling parameters and speed where they differ from the command line's.
    """

    reference: str
    prompt_text: str = ""
    prompt_language: str | None = None
    language: str | None = None
    auxiliary: tuple[str, ...] = ()
    gpt: str | None = None
    sovits: str | None = None
    numbers: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Turn:
    """What one voice says before the next one."""

    voice: str
    text: str
    language: str | None = None


def parse_script(text: str, voices: Mapping[str, Voice], source: str = "script") -> list[Turn]:
    """Return the turns of a script.

    Args:
        text: The script.
        voices: Who may speak; with :data:`DEFAULT_VOICE`, text before the first name is its.
        source: What messages call it.

    Raises:
        ScriptError: a name is unknown, text has no voice, or there is nothing to say.
    """
    turns: list[tuple[str, str | None, list[str]]] = []
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if stripped.startswith("#"):
            continue
        match = _TURN.fullmatch(stripped)
        if match:
            name = match["name"]
            if name not in voices:
                known = ", ".join(filter(None, voices)) or "none"
                raise ScriptError(f"{source}, line {number}: no voice is named {name!r}; there are: {known}")
            turns.append((name, match["language"], [match["text"]]))
        elif turns:
            turns[-1][2].append(stripped)
        elif stripped:
            if DEFAULT_VOICE not in voices:
                raise ScriptError(f"{source}, line {number}: the text has no voice; start the line with [name]")
            turns.append((DEFAULT_VOICE, None, [stripped]))
    found = [Turn(name, "\n".join(lines).strip(), language) for name, language, lines in turns]
    found = [turn for turn in found if turn.text]
    if not found:
        raise ScriptError(f"{source}: the script has no text")
    return found


def load_voices(path: Path) -> dict[str, Voice]:
    """Read a voices file.

    Raises:
        ScriptError: it cannot be read, is no mapping of names, or a field is unknown or of the wrong kind.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise ScriptError(f"{path}: cannot be read: {error}") from None
    except yaml.YAMLError as error:
        raise ScriptError(f"{path}: is not YAML: {error}") from None
    if not isinstance(content, dict) or not content:
        raise ScriptError(f"{path}: expected names of voices, each with its fields; see --help")
    return {str(name): _voice(f"{path}, voice {name}", fields, path.parent) for name, fields in content.items()}


def _voice(where: str, fields: Any, folder: Path) -> Voice:
    if not isinstance(fields, dict) or "reference" not in fields:
        raise ScriptError(f"{where}: needs a reference")
    unknown = sorted(str(name) for name in fields if name not in (*_PATHS, *_WORDS, *_NUMBERS, "auxiliary"))
    if unknown:
        raise ScriptError(f"{where}: unknown field {', '.join(unknown)}")
    values: dict[str, Any] = {}
    numbers: dict[str, float] = {}
    for name, value in fields.items():
        if name in _NUMBERS:
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise ScriptError(f"{where}: {name} is {value!r}, expected a number")
            numbers[name] = value
        elif name == "auxiliary":
            if not isinstance(value, list):
                raise ScriptError(f"{where}: auxiliary is {value!r}, expected a list of files")
            values[name] = tuple(str(folder / str(each)) for each in value)
        elif not isinstance(value, str):
            raise ScriptError(f"{where}: {name} is {value!r}, expected text; put it into quotes")
        else:
            values[name] = str(folder / value) if name in _PATHS else value
    return Voice(**values, numbers=numbers)
