"""``python -m GPT_SoVITS.say``: from the command line to a sound file."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from GPT_SoVITS import starter
from GPT_SoVITS.audio.analysis import analyse
from GPT_SoVITS.audio.decode import check_reference_length, read_audio
from GPT_SoVITS.audio.encode import FORMATS
from GPT_SoVITS.audio.files import AtomicFile
from GPT_SoVITS.audio.subtitles import Cue, subrip, webvtt
from GPT_SoVITS.engine.errors import EngineError, ErrorKind
from GPT_SoVITS.engine.interface import Engine
from GPT_SoVITS.engine.messages import EngineSettings, WeightsPair
from GPT_SoVITS.resources.locate import project_root
from GPT_SoVITS.say import options as command_line
from GPT_SoVITS.say.progress import Progress
from GPT_SoVITS.say.script import DEFAULT_VOICE, ScriptError, Turn, Voice, load_voices, parse_script
from GPT_SoVITS.say.sinks import Sink, Writer, to_file, to_stream
from GPT_SoVITS.say.speaker import SpeechReport, speak
from GPT_SoVITS.say.weights import find_weights, starter_weights
from GPT_SoVITS.text.languages import languages_asked

MakeEngine = Callable[[EngineSettings], Engine]

DONE, FAILED, WRONG, MISSING, INTERRUPTED = 0, 1, 2, 3, 130
LONGEST_CLIP_S = 60.0
SUFFIXES = {form.suffix: name for name, form in FORMATS.items()} | {".opus": "ogg", ".pcm": "raw", ".raw": "raw"}


class UsageError(ValueError):
    """The command line cannot be carried out; the message says why."""


def local_engine(settings: EngineSettings) -> Engine:
    """The engine of this process; MindSpore is imported here and not before."""
    # Otherwise MindSpore reports at length that there is no Ascend. It reads this while it is imported.
    os.environ.setdefault("GLOG_v", "3")
    from GPT_SoVITS.inference.local import LocalEngine

    return LocalEngine(settings)


def main(arguments: Sequence[str] | None = None, make_engine: MakeEngine = local_engine) -> int:
    """Run the command line and return its exit status (see ``--help``)."""
    parser = command_line.build_parser()
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.ERROR if options.quiet else logging.WARNING, format="%(message)s")
    try:
        return _run(options, make_engine)
    except (UsageError, ScriptError) as error:
        parser.print_usage(sys.stderr)
        return _complain(str(error), WRONG)
    except EngineError as error:
        return _complain(str(error), {ErrorKind.PARAMETER: WRONG, ErrorKind.RESOURCE: MISSING}.get(error.kind, FAILED))
    except BrokenPipeError:
        # Whoever listened has gone. Nothing may be written there any more, not even when Python exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as error:
        return _complain(f"{error.filename or ''}: {error.strerror or error}".lstrip(": "), FAILED)
    except KeyboardInterrupt:
        return _complain("interrupted; nothing was written", INTERRUPTED)


def _complain(message: str, status: int) -> int:
    print(f"error: {message}", file=sys.stderr)
    return status


def _run(options: argparse.Namespace, make_engine: MakeEngine) -> int:
    began = time.perf_counter()
    output, form = _output(options)
    subtitles = _subtitles(options, output)
    turns, voices = _turns(options)
    spoken_voices = {turn.voice: voices[turn.voice] for turn in turns}
    _check_references(spoken_voices, options.quiet)
    weights = {name: _weights(options, voice) for name, voice in spoken_voices.items()}
    requests = command_line.requests(options, turns, voices, weights)
    openers: list[Callable[[int], Writer]] = []
    if options.stream:
        openers.append(to_stream(_standard_output(), form))
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        openers.append(to_file(output, SUFFIXES.get(output.suffix.lower(), form)))
    shown = not options.quiet and sys.stderr.isatty()
    display, sink = Progress(sum(len(turn.text) for turn in turns), shown), Sink(openers)
    engine = make_engine(command_line.settings(options, weights[turns[0].voice]))
    finished = False
    try:
        spoken = speak(engine, requests, sink, display)
        sink.finish()
        finished = True
    finally:
        sink.drop()
        display.close()
        # After a failure or Ctrl-C there is nothing to wait for.
        engine.close(timeout=10.0 if finished else 0.5)
    for path, render in subtitles:
        _write_text(path, render(spoken.cues))
    _tell(options, output, sink, spoken, time.perf_counter() - began)
    return DONE


def _weights(options: argparse.Namespace, voice: Voice | None = None) -> WeightsPair:
    """The weights that a voice is spoken with: its own, else those of the command line."""
    own = (voice.gpt, voice.sovits) if voice else (None, None)
    return find_weights(own[0] or options.gpt, own[1] or options.sovits, version=options.model, spare=starter_weights())


def _output(options: argparse.Namespace) -> tuple[Path | None, str]:
    """The file to write, None with ``--stream`` alone, and the format."""
    path: Path | None = options.output
    if path is not None and str(path) == "-":
        options.stream, path = True, None
    if options.stream and path is None:
        return None, options.format or "wav"
    if path is None:
        suffix = FORMATS[options.format or "wav"].suffix
        return project_root() / "output" / f"say-{time.strftime('%Y%m%d-%H%M%S')}{suffix}", options.format or "wav"
    if path.is_dir():
        raise UsageError(f"{path} is a folder; name a file in it")
    form = options.format or SUFFIXES.get(path.suffix.lower())
    if form is None:
        raise UsageError(f"{path.name}: unknown file extension; use {', '.join(SUFFIXES)}, or give --format")
    return path, form


def _subtitles(options: argparse.Namespace, output: Path | None) -> list[tuple[Path, Callable[[Sequence[Cue]], str]]]:
    found: list[tuple[Path, Callable[[Sequence[Cue]], str]]] = []
    for name, render in (("srt", subrip), ("vtt", webvtt)):
        asked = getattr(options, name)
        if asked == command_line.AUTOMATIC:
            if output is None:
                raise UsageError(f"--{name} needs a file name when there is no sound file")
            found.append((output.with_suffix(f".{name}"), render))
        elif asked is not None:
            found.append((Path(asked), render))
    return found


def _turns(options: argparse.Namespace) -> tuple[list[Turn], dict[str, Voice]]:
    """Who says what, and the voices by name."""
    voices: dict[str, Voice] = {}
    if options.reference:
        voices[DEFAULT_VOICE] = Voice(
            options.reference, options.prompt_text, options.prompt_language, None, tuple(options.auxiliary)
        )
    if options.voices:
        voices |= load_voices(options.voices)
    given = [name for name in ("text", "file", "script") if getattr(options, name) is not None]
    if len(given) > 1:
        raise UsageError(f"there are {len(given)} texts ({', '.join(given)}); give one")
    if options.script:
        return parse_script(_read(options.script), voices, str(options.script)), voices
    if DEFAULT_VOICE not in voices and not _comes_with_voices(options):
        raise UsageError("no voice is named. Give a recording of 3 to 10 s with --reference, and what is said in it "
                         "with --prompt-text")  # fmt: skip
    text = _read(options.file) if options.file else _text(options.text)
    if not text.strip():
        raise UsageError("the text is empty")
    if DEFAULT_VOICE not in voices:
        voices[DEFAULT_VOICE] = _own_voice(options, text)
    return [Turn(DEFAULT_VOICE, text.strip())], voices


def _comes_with_voices(options: argparse.Namespace) -> bool:
    """Whether the weights that come with the program would speak, in voices of their own; others are given a clip."""
    if options.ref_free or not starter.voices():
        return False
    weights = _weights(options)
    return starter.language_of(weights.gpt, weights.sovits) is not None


def _own_voice(options: argparse.Namespace, text: str) -> Voice:
    """The voice that comes with the program for the language of a text; it speaks no other."""
    voice = starter.voice_for(languages_asked(options.language, text))
    if voice is None:
        raise UsageError("the voices that come with the program are not there; name one with --reference")
    if not options.quiet:
        spoken = starter.LANGUAGES[voice.language]
        print(f"warning: a small demonstration model speaks, in a voice of its own, {spoken} only", file=sys.stderr)
    return Voice(str(voice.clip), voice.text, voice.language, gpt=voice.pair[0], sovits=voice.pair[1])


def _text(given: str | None) -> str:
    if given not in (None, "-"):
        return str(given)
    if given is None and sys.stdin.isatty():
        raise UsageError("no text is given: use the argument, --file, --script or a pipe")
    return _decoded(sys.stdin.buffer.read(), "standard input")


def _read(path: Path) -> str:
    return _decoded(path.read_bytes(), str(path))


def _decoded(data: bytes, source: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{source} is not UTF-8 text (byte {error.start})") from None


def _check_references(voices: Mapping[str, Voice], quiet: bool) -> None:
    """Find a clip that cannot serve before minutes are spent on loading weights, and say what will be heard."""
    for name, voice in voices.items():
        who = f"voice {name}: " if name else ""
        for path in (voice.reference, *voice.auxiliary):
            try:
                samples, rate = read_audio(path, max_seconds=LONGEST_CLIP_S)
                if path == voice.reference:
                    check_reference_length(len(samples) / rate)
            except EngineError as error:
                raise type(error)(f"{who}{path}: {error}") from None
            for advice in () if quiet else analyse(samples, rate).warnings:
                if path == voice.reference:
                    print(f"warning: {who}{path}: {advice.en}", file=sys.stderr)


def _standard_output() -> BinaryIO:
    if sys.stdout.isatty():
        raise UsageError("--stream writes sound to standard output, which is a terminal; add | aplay or > file")
    return sys.stdout.buffer


def _write_text(path: Path, text: str) -> None:
    with AtomicFile(path) as file:
        file.stream.write(text.encode())
        file.keep()


def _tell(options: argparse.Namespace, output: Path | None, sink: Sink, spoken: SpeechReport, seconds: float) -> None:
    for warning in spoken.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    if not options.quiet:
        seeds = f"seed {spoken.seeds[0]}" if spoken.seeds else ""
        print(f"{sink.seconds:.1f} s of speech in {seconds:.1f} s, first sound after {spoken.first_audio_s:.1f} s "
              f"(loading included), {seeds}", file=sys.stderr)  # fmt: skip
    if output is not None and not options.stream:
        print(output)
