"""The command line of ``python -m GPT_SoVITS.say``: what can be asked for, and the requests that it comes to."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from GPT_SoVITS import _commands
from GPT_SoVITS.audio.encode import FORMATS
from GPT_SoVITS.engine.messages import (
    EngineSettings,
    Priority,
    Reference,
    SamplingParameters,
    Streaming,
    SynthesisRequest,
    WeightsPair,
)
from GPT_SoVITS.say import script
from GPT_SoVITS.say.script import Turn, Voice
from GPT_SoVITS.say.weights import FEATURE_VARIABLES, INSTALLED
from GPT_SoVITS.text.languages import CUTTING_METHODS, TEXT_LANGUAGES
from GPT_SoVITS.text.reading import READINGS
from GPT_SoVITS.versions import CFM_PRODUCTS, PRECISIONS, SAMPLE_STEPS

SAY = _commands.module("GPT_SoVITS.say")
_SAMPLING = ("top_k", "top_p", "temperature", "repetition_penalty")
AUTOMATIC = "beside the sound"
EPILOG = f"""
{script.__doc__}
Exit status: 0 spoken, 1 the engine failed, 2 the command line, text or reference is wrong, 3 weights or another
resource are missing ({_commands.module("GPT_SoVITS.doctor")} says which), 130 interrupted.

Examples:
  {SAY} "你好，世界。" -r clip.wav --prompt-text "那天的云很好看。" -l zh
  {SAY} -f chapter.txt -r clip.wav --prompt-text "..." -o chapter.mp3 --srt
  {SAY} --script play.txt --voices voices.yaml -o play.flac
  echo "Hello there." | {SAY} -r clip.wav -l en --stream | aplay
"""


def _number(kind: type, low: float, high: float) -> type:
    def parse(text: str) -> float:
        value: float = kind(text)
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text} is not within {low:g} to {high:g}")
        return value

    parse.__name__ = "number"
    return parse  # type: ignore[return-value]


def build_parser() -> argparse.ArgumentParser:
    """Return the parser."""
    parser = argparse.ArgumentParser(
        prog=SAY,
        description="Speak a text in the voice of a clip.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    text = parser.add_argument_group("what to say")
    text.add_argument("text", nargs="?", help="the text; - or nothing reads it from standard input")
    text.add_argument("-f", "--file", type=Path, metavar="FILE", help="read the text from a file (UTF-8)")
    text.add_argument(
        "--script", type=Path, metavar="FILE", help="a text in which several voices take turns, see below"
    )
    languages = ", ".join(TEXT_LANGUAGES)
    text.add_argument("-l", "--language", default="auto",
                      help=f"of the text: {languages}, or their Chinese names (default auto)")  # fmt: skip
    text.add_argument("--cut", default="cut1", metavar="METHOD",
                      help=f"how it is cut: {', '.join(CUTTING_METHODS)} (default cut1)")  # fmt: skip
    text.add_argument("--reading", choices=READINGS, default=READINGS[0],
                      help="natural, or as the official program reads, faults included (default natural)")  # fmt: skip
    _voice_group(parser)
    _output_group(parser)
    _sampling_group(parser)
    _engine_group(parser)
    return parser


def _voice_group(parser: argparse.ArgumentParser) -> None:
    voice = parser.add_argument_group("in which voice")
    voice.add_argument("-r", "--reference", metavar="CLIP", help="a recording of the voice, 3 to 10 s, any format")
    voice.add_argument("--prompt-text", default="", metavar="TEXT",
                       help="what is said in it; without it only its timbre is used")  # fmt: skip
    voice.add_argument("--prompt-language", metavar="LANGUAGE", help="of the prompt text (default: that of the text)")
    voice.add_argument("--auxiliary", action="append", default=[], metavar="CLIP",
                       help="another clip of the voice for its timbre; may be repeated")  # fmt: skip
    voice.add_argument("--voices", type=Path, metavar="FILE", help="the voices of a script, see below")
    voice.add_argument("--ref-free", action="store_true", help="use the clip's timbre only, not its manner")
    voice.add_argument("--model", choices=list(INSTALLED), help="speak with the installed base weights of this version")
    voice.add_argument("--gpt", metavar="FILE", help="GPT weights (default: $gpt_path, gweight.txt, installed ones)")
    voice.add_argument("--sovits", metavar="FILE", help="SoVITS weights (default: $sovits_path, sweight.txt, ...)")


def _output_group(parser: argparse.ArgumentParser) -> None:
    output = parser.add_argument_group("where to")
    output.add_argument("-o", "--output", type=Path, metavar="FILE",
                        help="sound file; its extension is the format (default output/say-<time>.wav)")  # fmt: skip
    output.add_argument("--stream", action="store_true", help="write the sound to standard output while it is made")
    output.add_argument(
        "--format", choices=list(FORMATS), help="format of --stream, or of a file without a known extension"
    )
    output.add_argument("--srt", nargs="?", const=AUTOMATIC, metavar="FILE", help="also write SubRip subtitles")
    output.add_argument("--vtt", nargs="?", const=AUTOMATIC, metavar="FILE", help="also write WebVTT subtitles")
    output.add_argument("-q", "--quiet", action="store_true", help="no progress bar, only errors")


def _sampling_group(parser: argparse.ArgumentParser) -> None:
    sampling = parser.add_argument_group("how")
    sampling.add_argument(
        "--seed", type=_number(int, 0, 2**62), help="same seed, same sound (default: drawn and shown)"
    )
    sampling.add_argument("--speed", type=_number(float, 0.25, 4), default=1.0, help="2 is twice as fast (default 1)")
    sampling.add_argument("--pause", type=_number(float, 0, 60), default=0.3, metavar="SECONDS",
                          help="silence after each sentence (default 0.3)")  # fmt: skip
    # None where nobody has asked: weights may recommend something.
    sampling.add_argument("--top-k", type=_number(int, 1, 1024))
    sampling.add_argument("--top-p", type=_number(float, 0, 1))
    sampling.add_argument("--temperature", type=_number(float, 0, 10))
    sampling.add_argument("--repetition-penalty", type=_number(float, 0.01, 100))
    sampling.add_argument("--attempts", type=_number(int, 1, 10), default=3, help="tries for each sentence (default 3)")
    steps = _number(int, *SAMPLE_STEPS)
    sampling.add_argument("--sample-steps", type=steps, default=32, help="steps of the sampler (v3, v4)")
    sampling.add_argument("--super-sampling", action="store_true", help="raise 24 kHz to 48 kHz (v3; needs AP-BWE)")


def _engine_group(parser: argparse.ArgumentParser) -> None:
    default = EngineSettings()
    engine = parser.add_argument_group("with what")
    engine.add_argument("--precision", choices=PRECISIONS, default=default.precision)
    engine.add_argument("--cfm-products", choices=CFM_PRODUCTS, default=default.cfm_products,
                        help="what the sampler multiplies (v3, v4; default auto)")  # fmt: skip
    engine.add_argument("--decode-backend", choices=("auto", "native", "jit"), default=default.decode_backend)
    engine.add_argument("--device-target", choices=("Ascend", "CPU"), help="default: Ascend where it works, else CPU")
    engine.add_argument("--device", type=_number(int, 0, 1024), default=0, help="number of the NPU")
    engine.add_argument("--threads", type=_number(int, 0, 1024), default=0, help="CPU threads; 0 takes all")
    engine.add_argument(
        "--hubert", metavar="FOLDER", help="chinese-hubert-base (default: $cnhubert_base_path, installed)"
    )
    engine.add_argument("--roberta", metavar="FOLDER", help="chinese-roberta-wwm-ext-large (default: $bert_path, ...)")
    engine.add_argument("--speaker-verifier", metavar="FILE", help="for the Pro versions (default: installed)")


def settings(options: argparse.Namespace, weights: WeightsPair | None) -> EngineSettings:
    """What the engine is to be; it compiles only what this text needs, and keeps no weights beyond it."""
    return EngineSettings(
        weights=weights,
        hubert=options.hubert or os.environ.get(FEATURE_VARIABLES["hubert"]),
        roberta=options.roberta or os.environ.get(FEATURE_VARIABLES["roberta"]),
        speaker_verifier=options.speaker_verifier,
        device_target=options.device_target,
        device_id=options.device,
        precision=options.precision,
        cfm_products=options.cfm_products,
        decode_backend=options.decode_backend,
        warm_up=False,
        threads=options.threads,
    )


def requests(
    options: argparse.Namespace,
    turns: Sequence[Turn],
    voices: Mapping[str, Voice],
    weights: Mapping[str, WeightsPair],
) -> list[SynthesisRequest]:
    """One request for each turn.

    Args:
        options: Of the command line.
        turns: Who says what.
        voices: By name.
        weights: Of each voice.
    """
    streaming = Streaming.TOKENS if options.stream else Streaming.OFF
    found = []
    for index, turn in enumerate(turns):
        voice = voices[turn.voice]
        language = turn.language or voice.language or options.language
        reference = Reference(voice.reference, voice.prompt_text, voice.prompt_language or language, voice.auxiliary)
        numbers = {name: given for name in _SAMPLING if (given := getattr(options, name)) is not None}
        numbers |= {name: value for name, value in voice.numbers.items() if name != "speed"}
        found.append(
            SynthesisRequest(
                turn.text,
                language,
                reference,
                weights=weights[turn.voice],
                sampling=SamplingParameters(**numbers),
                sampling_open=not numbers,
                # Turns get seeds of their own: the same words twice should not be the same sound twice.
                seed=None if options.seed is None else options.seed + index,
                speed=voice.numbers.get("speed", options.speed),
                how_to_cut=options.cut,
                reading=options.reading,
                ref_free=options.ref_free,
                fragment_interval=options.pause,
                streaming=streaming,
                priority=Priority.INTERACTIVE if index == 0 else Priority.BATCH,
                max_attempts=options.attempts,
                sample_steps=options.sample_steps,
                super_sampling=options.super_sampling,
            )
        )
    return found
