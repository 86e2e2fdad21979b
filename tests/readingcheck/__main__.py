"""``python -m tests.readingcheck FOLDER``: run the JSONL files of a folder and print what is read as expected."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from GPT_SoVITS.text.errors import TextError
from GPT_SoVITS.text.pipeline import Reader
from GPT_SoVITS.text.reading import READINGS
from tests.readingcheck.cases import Case, Finding, Read, check


@dataclass
class Tally:
    """The figures of one file and kind."""

    rows: int = 0
    checked: int = 0
    exact: int = 0
    differences: list[str] = field(default_factory=list)

    def count(self, number: int, case: Case, finding: Finding) -> None:
        """Count a case, and keep it when it differs."""
        self.rows += 1
        if finding.exact is None:
            return
        self.checked += 1
        self.exact += finding.exact
        if not finding.exact:
            shown = case.get("input", case.get("how", ""))
            self.differences.append(
                f"  row {number} [{case.get('language', case['kind'])}] {shown!r:.110}\n"
                f"    expected {finding.expected!r:.300}\n    actual   {finding.actual!r:.300}"
            )


def _attempt(case: Case, read: Read) -> Finding:
    try:
        return check(case, read)
    except TextError as error:
        return Finding(False, case.get("expected_norm", ""), f"{type(error).__name__}: {error}")


def run(paths: Sequence[Path], read: Read) -> dict[tuple[str, str], Tally]:
    """Return the figures of every file, one for each kind of case in it."""
    tallies: dict[tuple[str, str], Tally] = {}
    for path in paths:
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            if not line.strip():
                continue
            case = json.loads(line)
            kind = case.get("of", f"{case['kind']} {case.get('language', '')}".strip())
            tallies.setdefault((path.name, kind), Tally()).count(number, case, _attempt(case, read))
    return tallies


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; 0 when enough rows are exact, 1 when not, 2 when there is nothing to run."""
    parser = argparse.ArgumentParser(prog="python -m tests.readingcheck", description=__doc__)
    parser.add_argument("folder", type=Path, help="folder of *.jsonl files with a case a line, or one such file")
    parser.add_argument("--reading", choices=READINGS, default=READINGS[0], help="default %(default)s")
    parser.add_argument("--show", type=int, default=3, metavar="N", help="differences to show per kind (default 3)")
    parser.add_argument("--required", type=float, default=95.0, metavar="PERCENT", help="default 95")
    chosen = parser.parse_args(arguments)
    logging.getLogger("GPT_SoVITS.text").addHandler(logging.NullHandler())
    paths = sorted(chosen.folder.glob("*.jsonl")) if chosen.folder.is_dir() else [chosen.folder]
    reader = Reader()
    tallies = run(paths, lambda text, language, cut: reader.prepare(text, language, "v2", cut, chosen.reading))
    if not tallies:
        print(f"no *.jsonl file in {chosen.folder}", file=sys.stderr)
        return 2
    for (file, kind), tally in tallies.items():
        print(f"{file:28} {kind:28} rows {tally.rows:4}  checked {tally.checked:4}  exact {tally.exact:4}")
        print("\n".join(tally.differences[: chosen.show]), end="\n" if tally.differences[: chosen.show] else "")
    checked, exact = (sum(getattr(tally, name) for tally in tallies.values()) for name in ("checked", "exact"))
    share = 100.0 * exact / checked if checked else 0.0
    rows = sum(tally.rows for tally in tallies.values())
    print(f"{chosen.reading}: {rows} rows, {checked} checked, {exact} exact = {share:.1f} %")
    return 0 if share >= chosen.required else 1


if __name__ == "__main__":
    sys.exit(main())
