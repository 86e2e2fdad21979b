"""``features`` and its parts ``text``, ``hubert``, ``speaker``, ``semantic``: a list to a training folder."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from convert.description import describe
from convert.errors import CheckpointError
from convert.reader import load
from GPT_SoVITS import backend
from GPT_SoVITS.dataset.features import hubert, semantic, speaker, text
from GPT_SoVITS.dataset.features.options import STEPS as PARTS
from GPT_SoVITS.dataset.features.options import FeatureOptions, Labelled
from GPT_SoVITS.dataset.features.training_folder import TrainingFolder
from GPT_SoVITS.dataset.files import make_folder
from GPT_SoVITS.dataset.journal import Journal
from GPT_SoVITS.dataset.labels.lists import Line, Places, read_list
from GPT_SoVITS.dataset.problems import Problem, ProblemError, StepError
from GPT_SoVITS.dataset.work import Artefact, Item, Process, Stage, Work
from GPT_SoVITS.engine.messages import EngineSettings
from GPT_SoVITS.versions import NEWEST, VERSIONS, version_of

MOST_PARTS = 64
_OPENERS: dict[str, Callable[[FeatureOptions, int], Process]] = {
    "text": text.TextFeatures,
    "hubert": hubert.HubertFeatures,
    "speaker": speaker.SpeakerFeatures,
    "semantic": semantic.SemanticFeatures,
}
_CLOSERS: dict[str, Callable[[Sequence[Labelled], FeatureOptions], None]] = {
    "text": text.write_texts,
    "semantic": semantic.write_semantic,
}
_SUMMARIES = {
    "text": "phonemes and text features of a list (1a)",
    "hubert": "content features and 32 kHz recordings of a list (1b)",
    "speaker": "speaker embeddings of a list, for the Pro versions",
    "semantic": "semantic tokens of a list (1c)",
}


@dataclass(frozen=True)
class _FeatureStep:
    """Makes some of the features.

    Attributes:
        name: The command's.
        summary: Its help.
        parts: What it makes; empty for what the user names, or else the version needs.
    """

    name: str
    summary: str
    parts: tuple[str, ...] = ()

    def add_options(self, parser: ArgumentParser) -> None:
        """Declare the options; their defaults are those of the official page."""
        parser.add_argument(
            "--list", type=Path, required=True, help="path|speaker|language|text, a recording each line"
        )
        parser.add_argument("--exp-dir", type=Path, required=True, help="training folder, logs/<name>")
        parser.add_argument("--wav-dir", type=Path, help="folder of the recordings; default: the list's own paths")
        parser.add_argument("--root", type=Path, action="append", default=[], help="recordings only below this folder")
        parser.add_argument("--version", choices=list(VERSIONS), help="model version; default: told by the weights")
        if not self.parts:
            parser.add_argument("--steps", help=f"some of {','.join(PARTS)}; default: what the version needs")
        parser.add_argument("--bert-dir", "--bert", help="chinese-roberta-wwm-ext-large; default: the installed one")
        parser.add_argument("--hubert-dir", "--hubert", help="chinese-hubert-base; default: the installed one")
        parser.add_argument("--speaker-file", help="speaker verifier; default: where it is installed")
        weights = ("--pretrained-s2g", "--pretrained")
        parser.add_argument(*weights, type=Path, help="SoVITS weights; default: the version's published ones")
        parser.add_argument("--gpu-numbers", default="0", help="devices such as 0-1; as many parts as numbers")
        parser.add_argument("--device", choices=["Ascend", "CPU"], help="default: Ascend where it works")
        parser.add_argument(
            "--precision", choices=["float32", "float16"], default="float32", help="of networks and files"
        )

    def prepare(self, given: Namespace) -> Work:
        """Read the list and see what an earlier run made of it."""
        version = given.version or _version_of_weights(given.pretrained_s2g)
        parts = self.parts or _chosen(given.steps, version)
        options = _options(given, version)
        found = read_list(given.list)
        labelled, problems = _located(found.lines, options.places, needed="hubert" in parts)
        problems = [*found.problems, *problems]
        if not labelled and not problems:
            raise StepError("list_empty", path=str(given.list))
        for folder in options.folder.folders:
            make_folder(folder)
        stages = [_stage(part, labelled, options) for part in parts]
        total = len(labelled) * len(parts) + len(problems)
        return Work(total, stages, [Artefact("features", options.folder.root)], options.folder.folders, problems)


def _version_of_weights(path: Path | None) -> str:
    """Return the version that weights are of; without any, and where they do not tell, the newest of all languages."""
    try:
        return NEWEST if path is None else describe(load(path)).version.name or NEWEST
    except (CheckpointError, OSError):  # whoever needs them says what is wrong with them
        return NEWEST


def _chosen(steps: str | None, version: str) -> tuple[str, ...]:
    if steps is None:
        needs_speaker = version_of(version).uses_speaker_verifier
        return tuple(part for part in PARTS if part != "speaker" or needs_speaker)
    named = {name.strip() for name in steps.split(",")}
    if not named or named - set(PARTS):
        raise StepError("bad_option", option="--steps", reason=f"is {steps[:80]!r}, expected some of {','.join(PARTS)}")
    return tuple(part for part in PARTS if part in named)


def _options(given: Namespace, version: str) -> FeatureOptions:
    numbers = given.gpu_numbers.split("-")
    if len(numbers) > MOST_PARTS or not all(number.isascii() and number.isdigit() for number in numbers):
        raise StepError(
            "bad_option", option="--gpu-numbers", reason=f"is {given.gpu_numbers[:40]!r}, expected 0 or 0-1"
        )
    settings = EngineSettings(
        hubert=given.hubert_dir,
        roberta=given.bert_dir,
        speaker_verifier=given.speaker_file,
        device_target=given.device,
        precision=given.precision,
    )
    folder = given.wav_dir if given.wav_dir not in (None, Path()) else None
    return FeatureOptions(
        folder=TrainingFolder(given.exp_dir),
        places=Places(folder, given.list.parent, tuple(given.root)),
        version=version,
        settings=settings,
        sovits=given.pretrained_s2g,
        devices=_devices(numbers, given.device),
        parts=len(numbers),
    )


def _devices(numbers: Sequence[str], target: str | None) -> tuple[int, ...]:
    """Processors with a process each. On the CPU one process uses all cores, whatever the numbers are."""
    on_cpu = target == "CPU" or not backend.trace_of_ascend()
    return (0,) if on_cpu else tuple(dict.fromkeys(map(int, numbers)))


def _located(lines: Sequence[Line], places: Places, needed: bool) -> tuple[list[Labelled], list[Problem]]:
    found = [_locate(line, places) if needed else Labelled(line, Path()) for line in lines]
    return [each for each in found if isinstance(each, Labelled)], [each for each in found if isinstance(each, Problem)]


def _locate(line: Line, places: Places) -> Labelled | Problem:
    try:
        return Labelled(line, places.find(line))
    except ProblemError as error:
        return Problem(line.path, error.code, error.parameters)


def _stage(part: str, labelled: Sequence[Labelled], options: FeatureOptions) -> Stage:
    known = Journal(options.folder.root, part).read()
    items = [Item(each.line.path, (each, known.get(each.line.name))) for each in labelled]
    close = partial(_CLOSERS[part], labelled, options) if part in _CLOSERS else _nothing
    return Stage(items, partial(_OPENERS[part], options), close, processes=len(options.devices))


def _nothing() -> None:
    """Close a stage whose files say everything."""


STEPS = [
    _FeatureStep("features", "a list and its recordings to a training folder (1a, 1b, 1c)"),
    *(_FeatureStep(part, _SUMMARIES[part], (part,)) for part in PARTS),
]
