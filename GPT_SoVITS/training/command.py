"""Command line: ``python -m GPT_SoVITS.training s1|s2 --exp-dir logs/NAME --pretrained FILE ...``."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convert.base import OFFICIAL_ENCODER, POSTERIOR, sovits_base
from convert.errors import CheckpointError, WeightsMismatchError
from convert.official import find
from convert.reader import load
from convert.weights import Weights, open_weights
from GPT_SoVITS import _commands, _environment, backend
from GPT_SoVITS.cfm.config import CfmConfigError
from GPT_SoVITS.events import CANCELLED, FAILED, FINISHED, lines_to
from GPT_SoVITS.layers.memory import give_memory_back
from GPT_SoVITS.layers.weights import WeightsError
from GPT_SoVITS.native.library import load as native_library
from GPT_SoVITS.sovits.config import ConfigError
from GPT_SoVITS.t2s.config import T2SConfigError
from GPT_SoVITS.training import together
from GPT_SoVITS.training.alone import alone_in
from GPT_SoVITS.training.checkpoint import ResumeError
from GPT_SoVITS.training.control import FileControl, SharedControl
from GPT_SoVITS.training.data.folder import DatasetError, Folder
from GPT_SoVITS.training.events import Event, Listener, TensorBoard, broadcast, to_lines
from GPT_SoVITS.training.options import MOST_EPOCHS, MOST_PROCESSES, GptOptions, MelOptions, OptionError, SovitsOptions
from GPT_SoVITS.training.processes import ROLE, Processes, join
from GPT_SoVITS.training.scaling import PRECISIONS
from GPT_SoVITS.training.trainer import Trainer, TrainingError
from GPT_SoVITS.versions import LORA_RANKS, VERSIONS, version_of

if TYPE_CHECKING:
    from GPT_SoVITS.training.loop import Plan

_EXPECTED = (
    TrainingError, ResumeError, DatasetError, OptionError, CheckpointError, WeightsError, ConfigError, T2SConfigError,
    CfmConfigError, OSError, backend.BackendError,
)  # fmt: skip
"""What a user can do something about: told in a sentence, without a traceback."""
_KINDS = {"s1": "t2s", "s2": "sovits"}
"""What a stage trains."""
_CALLED = {"s1": "GPT", "s2": "SoVITS"}
"""The same, as people and folders of weights call it."""
_WITHOUT_SUFFIX = "v1"
"""The version whose folders of weights have no suffix."""


def _processes(text: str) -> int:
    found = int(text)
    if not 1 <= found <= MOST_PROCESSES:
        raise argparse.ArgumentTypeError(f"{text} is not within 1 to {MOST_PROCESSES}")
    return found


def parser() -> argparse.ArgumentParser:
    """Return the parser; the defaults are those of the official page."""
    root = argparse.ArgumentParser(prog=_commands.module("GPT_SoVITS.training"), description=__doc__)
    stages = root.add_subparsers(dest="stage", required=True)
    gpt = stages.add_parser("s1", help="train the GPT (text to semantic tokens)")
    sovits = stages.add_parser("s2", help="train SoVITS (semantic tokens to audio)")
    for stage, epochs, every in ((gpt, 15, 5), (sovits, 8, 4)):
        stage.add_argument("--exp-dir", type=Path, required=True, help="training folder, logs/<name>")
        stage.add_argument("--pretrained", type=Path, required=True, help="weights to begin with")
        stage.add_argument("--version", choices=list(VERSIONS), help="model version; default: told by the weights")
        stage.add_argument("--name", help="name of the exported weights; default: the folder's")
        stage.add_argument("--weights-dir", type=Path, help="where weights go; default: the version's folder")
        stage.add_argument("--batch-size", type=int, default=3)
        stage.add_argument("--epochs", type=int, default=epochs)
        stage.add_argument("--save-every-epoch", type=int, default=every)
        stage.add_argument("--if-save-latest", action=argparse.BooleanOptionalAction, default=True)
        stage.add_argument("--if-save-every-weights", action=argparse.BooleanOptionalAction, default=True)
        stage.add_argument("--checkpoint-steps", type=int, default=100, help="steps that a crash may cost at most")
        stage.add_argument("--seed", type=int, default=GptOptions.seed)
        stage.add_argument("--dropout", type=float, help="rate in place of the official one")
        stage.add_argument("--bucket", type=int, default=GptOptions.bucket, help="lengths are multiples of this")
        stage.add_argument("--dropout-pool", type=int, default=GptOptions.dropout_pool, help="random factors a step")
        stage.add_argument(
            "--precision", choices=PRECISIONS, default="fp32", help="fp16: mixed, with a scaled loss (for Ascend)"
        )
        stage.add_argument(
            "--processes", type=_processes, default=1, metavar="N",
            help=f"share every batch among 1 to {MOST_PROCESSES} processes of this machine, on Ascend a device each",
        )  # fmt: skip
        stage.add_argument("--device", choices=["Ascend", "CPU"], help="default: Ascend where it works")
        stage.add_argument("--control", type=Path, help="file that may say pause or cancel")
        stage.add_argument("--events", type=Path, help="file for events, a JSON object each line; default: output")
    gpt.add_argument("--if-dpo", action=argparse.BooleanOptionalAction, default=False)
    sovits.add_argument("--pretrained-d", type=Path, help="discriminators to begin with (v3 and v4 have none)")
    sovits.add_argument("--sample-steps", type=int, default=0, help="steps from sample to sample, 0 for none")
    sovits.add_argument("--text-low-lr-rate", type=float, default=SovitsOptions.text_low_lr_rate)
    ranks = f"v3 and v4: rank of the LoRA (default {MelOptions.lora_rank}); 0 trains all weights"
    sovits.add_argument("--lora-rank", type=int, choices=LORA_RANKS, default=MelOptions.lora_rank, help=ranks)
    sovits.add_argument(
        "--if-grad-ckpt",
        action=argparse.BooleanOptionalAction,
        default=False,
        help="accepted as officially; v3 and v4 always train so",
    )
    return root


def _weights_dir(given: argparse.Namespace, version: str) -> Path:
    suffix = "" if version == _WITHOUT_SUFFIX else f"_{version}"
    return Path(given.weights_dir or f"{_CALLED[given.stage]}_weights{suffix}")


def _options(given: argparse.Namespace, version: str) -> dict[str, Any]:
    """Return the fields of :class:`Options` for weights of a version."""
    return {
        "exp_dir": given.exp_dir,
        "name": given.name or given.exp_dir.resolve().name,
        "weights_dir": _weights_dir(given, version),
        "batch_size": given.batch_size,
        "seed": given.seed,
        "dropout": given.dropout,
        "bucket": given.bucket,
        "dropout_pool": given.dropout_pool,
        "precision": given.precision,
    }


def _gpt(given: argparse.Namespace, weights: Weights, folder: Folder, version: str, group: Processes) -> Trainer:
    from GPT_SoVITS.training.gpt.trainer import GptTrainer

    options = GptOptions(**_options(given, version), prefer=given.if_dpo)
    return GptTrainer(weights, folder, options, group)


def _sovits(given: argparse.Namespace, weights: Weights, folder: Folder, version: str, group: Processes) -> Trainer:
    own = _options(given, version)
    if version_of(version).mel is not None:
        from GPT_SoVITS.training.cfm.trainer import MelTrainer

        options = MelOptions(**own, lora_rank=given.lora_rank)
        return MelTrainer(weights, folder, options, group)
    if given.pretrained_d is None:
        raise OptionError(f"--pretrained-d is missing: {version} is trained against discriminators")
    from GPT_SoVITS.training.sovits.trainer import SovitsTrainer

    judging = {key: tensor.array() for key, tensor in find(load(given.pretrained_d)).weights.items()}
    judged = SovitsOptions(**own, text_low_lr_rate=given.text_low_lr_rate)
    return SovitsTrainer(weights, judging, folder, judged, group)


def _lora(given: argparse.Namespace, version: str) -> str:
    """Return the end of the name of the folder for states, where each rank has its own."""
    trains = given.stage == "s2" and version_of(version).has_lora and given.lora_rank
    return f"_lora_{given.lora_rank}" if trains else ""


def _plan(given: argparse.Namespace, version: str, group: Processes) -> Plan:
    from GPT_SoVITS.training.loop import Plan

    sample_steps = getattr(given, "sample_steps", 0)
    for name in ("epochs", "save_every_epoch", "checkpoint_steps"):
        if not 1 <= getattr(given, name) <= MOST_EPOCHS:
            raise OptionError(f"{name} is {getattr(given, name)}, expected 1 to {MOST_EPOCHS}")
    if sample_steps < 0:
        raise OptionError(f"sample_steps is {sample_steps}, expected 0 (none) or more")
    return Plan(
        folder=given.exp_dir / f"logs_{given.stage}_{version}{_lora(given, version)}",
        epochs=given.epochs,
        save_every_epoch=given.save_every_epoch,
        only_latest=given.if_save_latest,
        export=given.if_save_every_weights,
        checkpoint_steps=given.checkpoint_steps,
        sample_steps=sample_steps,
        writes=group.leads,
    )


def _check_files(given: argparse.Namespace) -> None:
    """Say which files are not there before anything of them is read.

    Raises:
        OptionError: some are not.
    """
    named = {"--pretrained": given.pretrained, "--pretrained-d": getattr(given, "pretrained_d", None)}
    absent = [f"{option} {path}" for option, path in named.items() if path is not None and not path.exists()]
    if absent:
        raise OptionError(f"there is no such file: {', '.join(absent)}; check the path")


def _check_weights(given: argparse.Namespace, weights: Weights, version: str) -> None:
    """Check that the weights are of the network that is trained, and of the version, which says what its phonemes are.

    Raises:
        OptionError: they are not.
    """
    name, trains = given.pretrained.name, _CALLED[given.stage]
    if weights.kind != _KINDS[given.stage]:
        raise OptionError(f"{name} holds no {trains} ({weights.kind} is in it); {given.stage} trains {trains} weights")
    asked = version_of(version)
    if version != weights.version and (given.stage == "s2" or asked.symbols != weights.symbols):
        raise OptionError(
            f"{name} is of {weights.version} ({'; '.join(weights.how)}), not of {version} as --version "
            "says; leave --version out, or begin with weights of that version"
        )


def _check_room(folder: Path) -> None:
    """Check before hours of training that weights can be written to a folder, which is made.

    Raises:
        OptionError: they cannot.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise OptionError(f"weights cannot be written to {folder}: {error}; name another folder") from error


def _opened(path: Path, version: str) -> Weights:
    """Open the weights to begin with.

    Raises:
        OptionError: they are of the form that only speaks.
        CheckpointError: see :func:`open_weights`.
    """
    try:
        return open_weights(path, training=True)
    except WeightsMismatchError as error:
        if error.misshapen or not any(key.startswith(POSTERIOR) for key in error.missing):
            raise
    if sovits_base(path).content_encoder != OFFICIAL_ENCODER:  # there are no published weights for it
        raise OptionError(
            f"{path.name} can speak but not be trained further: it was made without a posterior encoder (enc_q) and "
            "discriminators; train its GPT alone (s1), and let that speak with this file"
        )
    command = _commands.module("GPT_SoVITS.resources", "fetch", "--version", version, "--training")
    raise OptionError(
        f"{path.name} can speak but not be trained further: the posterior encoder (enc_q) was left out when it was "
        f"exported; begin with the published weights: {command}"
    )


def _train(given: argparse.Namespace, lines: Listener, group: Processes, control: FileControl) -> int:
    from GPT_SoVITS.training.loop import Loop

    backend.configure(given.device)
    _check_files(given)
    weights = _opened(given.pretrained, given.version or "v2")
    version = given.version or weights.version
    _check_weights(given, weights, version)
    plan = _plan(given, version, group)
    folder = Folder(given.exp_dir, version_of(version).symbols)
    if group.leads and plan.export:
        _check_room(_weights_dir(given, version))
    with alone_in(plan.folder) if group.leads else nullcontext():
        trainer = (_gpt if given.stage == "s1" else _sovits)(given, weights, folder, version, group)
        del weights  # hundreds of megabytes that the trainer has copies of
        give_memory_back()
        listener = broadcast([lines, TensorBoard(plan.folder / "tensorboard")] if group.leads else [])
        outcome = Loop(trainer, plan, listener, SharedControl(control, group)).run()
    return FINISHED if outcome == "finished" else CANCELLED


def main(arguments: list[str] | None = None, own_process: bool = False) -> int:
    """Train and return the exit status: 0 finished, 1 failed, 3 cancelled; progress is told as JSON lines.

    Args:
        arguments: Of the command line.
        own_process: Nothing else computes in this process; oneDNN is then set up for training alone.
    """
    given = parser().parse_args(arguments)
    # S1 has no convolution; those of S2 are native wherever there is native code.
    if own_process and (given.stage == "s1" or native_library().handle is not None):
        _environment.prepare_without_convolutions()
    try:
        if given.processes > 1 and ROLE not in os.environ:
            own = sys.argv[1:] if arguments is None else arguments
            return together.run([sys.executable, "-m", "GPT_SoVITS.training", *own], given.processes)
        control = FileControl(given.control)
        control.listen()  # before what takes long
        group = join(given.device)
    except backend.BackendError as error:
        print(error, file=sys.stderr)
        return FAILED
    try:
        with lines_to(given.events if group.leads else Path(os.devnull)) as stream:
            return _told(given, to_lines(stream), group, control)
    except OSError as error:
        print(f"events cannot be written: {error}", file=sys.stderr)
        return FAILED


def _told(given: argparse.Namespace, lines: Listener, group: Processes, control: FileControl) -> int:
    """Train; tell and say what went wrong.

    Raises:
        OSError: it cannot be told.
    """
    try:
        return _train(given, lines, group, control)
    except _EXPECTED as error:
        print(error, file=sys.stderr)
        lines(Event("failed", 0, {"message": str(error)}))
        return FAILED
