"""``python -m tests.textcheck FOLDER``: run every JSONL file of a folder and print what is exact."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from GPT_SoVITS.text import resources
from tests.textcheck.outcome import Outcome
from tests.textcheck.runner import check_file
from tests.textcheck.thresholds import Available, default


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.textcheck", description=__doc__)
    parser.add_argument(
        "folder", type=Path, help="folder of *.jsonl or *.jsonl.gz files and symbols.json in the fixtures' format"
    )
    parser.add_argument("--only", default="", help="run the files whose name contains this")
    parser.add_argument("--show", type=int, default=3, metavar="N", help="differences to show per file (default 3)")
    parser.add_argument(
        "--resources",
        action="append",
        default=[],
        type=Path,
        metavar="FOLDER",
        help="folder of optional resources (dictionaries, tagger, models) to use; may be given several times",
    )
    parser.add_argument(
        "--thresholds",
        type=Path,
        metavar="FILE",
        help='JSON {"file stem": percent} instead of the built-in table for the files that it names',
    )
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    return parser


def _fraction(outcome: Outcome, column: str) -> str:
    if column not in outcome.checked:
        return "-"
    return f"{outcome.exact[column]}/{outcome.checked[column]}"


def _others(outcome: Outcome) -> str:
    columns = [column for column in outcome.checked if column not in ("phones", "norm_text")]
    incomplete = [column for column in columns if outcome.exact[column] < outcome.checked[column]]
    shown = [f"{column} {_fraction(outcome, column)}" for column in incomplete or columns[:2]]
    return ", ".join(shown[:4]) + (" ..." if len(shown) > 4 else "")


def _verdict(outcome: Outcome) -> str:
    if outcome.not_run:
        return "NOT RUN"
    return "ok" if outcome.passed else "FAILED"


def _line(outcome: Outcome) -> tuple[str, ...]:
    return (
        outcome.file,
        str(outcome.rows),
        _fraction(outcome, "phones"),
        _fraction(outcome, "norm_text"),
        _others(outcome),
        f"{outcome.counted_exact}/{outcome.counted} = {outcome.share:.1f} %",
        f"{outcome.required:g} %" if outcome.required else "-",
        f"{outcome.seconds:.1f} s",
        _verdict(outcome),
    )


_HEADS = ("file", "rows", "phones", "norm_text", "other columns", "counted rows exact", "required", "time", "")


def _print_table(outcomes: Sequence[Outcome]) -> None:
    lines = [_HEADS, *(_line(outcome) for outcome in outcomes)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADS))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _print_findings(outcome: Outcome, show: int) -> None:
    if outcome.not_run:
        print(f"\n{outcome.file} was not run: {outcome.not_run}")
    for title, findings in (("crashes", outcome.crashes), ("differences", outcome.differences)):
        if findings and show:
            print(f"\n{outcome.file}: {len(findings)} {title}")
            for finding in findings[:show]:
                print(str(finding).encode("utf-8", "backslashreplace").decode())


def _figures(outcome: Outcome) -> dict[str, object]:
    return {
        "file": outcome.file,
        "rows": outcome.rows,
        "exact": outcome.exact,
        "checked": outcome.checked,
        "counted": outcome.counted,
        "counted_exact": outcome.counted_exact,
        "required_percent": outcome.required,
        "crashes": outcome.crashes,
        "not_run": outcome.not_run,
        "seconds": round(outcome.seconds, 2),
        "passed": outcome.passed,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; 0 when every file reaches its threshold, 1 when not, 2 when there is nothing to run."""
    chosen = _parser().parse_args(arguments)
    if chosen.resources:
        os.environ[resources.VARIABLE] = os.pathsep.join(str(folder.resolve()) for folder in chosen.resources)
    patterns = ("*.jsonl", "*.jsonl.gz", "symbols.json")
    paths = sorted(path for pattern in patterns for path in chosen.folder.glob(pattern))
    paths = [path for path in paths if chosen.only in path.name]
    if not paths:
        print(f"no *.jsonl file in {chosen.folder}", file=sys.stderr)
        return 2
    own = json.loads(chosen.thresholds.read_text("utf-8")) if chosen.thresholds else {}
    available = Available.here()
    outcomes = []
    for path in paths:
        outcome = check_file(path, available)
        outcome.required = own.get(path.name.split(".")[0], default(path.name, available))
        outcomes.append(outcome)
    if chosen.json:
        print(json.dumps([_figures(outcome) for outcome in outcomes], ensure_ascii=False, indent=1))
    else:
        print(available)
        _print_table(outcomes)
        for outcome in outcomes:
            _print_findings(outcome, chosen.show)
    return 0 if all(outcome.passed for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
