"""Command line: official weights in, MindSpore checkpoints out."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from convert.errors import CheckpointError, UnsupportedCheckpointError, WeightsMismatchError
from convert.weights import Weights, open_weights
from convert.writer import DTYPES, Progress, verify, write


@dataclass(frozen=True)
class _Input:
    """One of the options that name weights: what must be in them, and where the result goes."""

    option: str
    kind: str
    folder: str
    help: str


_INPUTS = (
    _Input("g_path", "t2s", "GPT_weights", "GPT weights (.ckpt): text to semantic tokens"),
    _Input("s_path", "sovits", "SoVITS_weights", "SoVITS weights (.pth): semantic tokens to sound"),
    _Input("bert_path", "bert", "GPT_SoVITS/pretrained_models", "chinese-roberta-wwm-ext-large folder"),
    _Input("hubert_path", "hubert", "GPT_SoVITS/pretrained_models", "chinese-hubert-base folder"),
)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="convert",
        description="Convert official GPT-SoVITS weights to MindSpore checkpoints. PyTorch is not needed, "
        "and nothing in the files is executed.",
    )
    for entry in _INPUTS:
        parser.add_argument(f"--{entry.option}", type=Path, metavar="PATH", help=entry.help)
    parser.add_argument("--base", type=Path, metavar="PATH", help="published v3 or v4 weights, for a LoRA at --s_path")
    parser.add_argument("--out-dir", type=Path, default=Path(), metavar="DIR", help="where the folders are made (here)")
    parser.add_argument("--dtype", choices=sorted(DTYPES), default="fp32", help="precision that is written (fp32)")
    parser.add_argument("--verify", action="store_true", help="read the result again and compare it bit for bit")
    parser.add_argument("--force", action="store_true", help="replace existing results")
    parser.add_argument("--progress", action="store_true", help="show progress even when stderr is no terminal")
    return parser


def _progress(label: str, wanted: bool) -> Progress:
    def show(_key: str, done: int, total: int) -> None:
        if wanted:
            end = "\n" if done == total else ""
            print(f"\r{label} {done / max(total, 1):4.0%} of {total >> 20} MiB", end=end, file=sys.stderr, flush=True)

    return show


def _describe(weights: Weights) -> str:
    version = weights.version or "common to all versions"
    lines = [f"{weights.path}: {weights.kind}, {version} ({'; '.join(weights.how)})"]
    return "\n  ".join(lines + weights.report.lines())


def _convert(entry: _Input, source: Path, options: argparse.Namespace) -> None:
    target = options.out_dir / entry.folder / f"{_stem(source)}-ms.ckpt"
    if target.exists() and not options.force:
        raise UnsupportedCheckpointError(f"{target} exists; use --force to replace it")
    weights = open_weights(source, base=options.base if entry.kind == "sovits" else None, strict=False)
    if weights.kind != entry.kind:
        raise UnsupportedCheckpointError(f"{source} holds {weights.kind} weights, --{entry.option} needs {entry.kind}")
    print(_describe(weights))
    weights.report.check()
    visible = options.progress or sys.stderr.isatty()
    write(weights, target, options.dtype, _progress("writing", visible))
    if options.verify:
        verify(weights, target, options.dtype, _progress("verifying", visible))
    print(f"wrote {target}{', verified bit for bit' if options.verify else ''}")


def _stem(source: Path) -> str:
    """Name without ending; weights of the earlier port are called ``-ms`` already."""
    return source.resolve().name.removesuffix(source.suffix).removesuffix("-ms")


def _attempt(entry: _Input, source: Path, options: argparse.Namespace) -> int:
    try:
        _convert(entry, source, options)
    except WeightsMismatchError as error:
        count = len(error.missing) + len(error.misshapen)
        print("\n".join(f"  {line}" for line in error.lines()), file=sys.stderr)
        print(f"error: {source}: {count} keys do not fit; nothing was written", file=sys.stderr)
        return 1
    except (CheckpointError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return 0, 1 when a file could not be converted, 2 for wrong usage (by exiting)."""
    parser = _parser()
    options = parser.parse_args(arguments)
    chosen = [(entry, getattr(options, entry.option)) for entry in _INPUTS if getattr(options, entry.option)]
    if not chosen:
        parser.error("nothing to convert; give --g_path, --s_path or both")
    return max(_attempt(entry, source, options) for entry, source in chosen)
