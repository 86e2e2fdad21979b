"""Finds out what a file's rows are about and runs them."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from GPT_SoVITS.text.errors import MissingResourceError
from GPT_SoVITS.text.symbols import SYMBOLS
from tests.textcheck import sentences, structure
from tests.textcheck.outcome import Outcome, Row
from tests.textcheck.thresholds import Available

Check = Callable[[Iterable[Row], Outcome, Available], None]


def read_rows(path: Path) -> list[Row]:
    """Return the objects of a JSONL file, which may be compressed (``.jsonl.gz``)."""
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8")
    return [json.loads(line) for line in text.split("\n") if line.strip()]


def _check_for(row: Row) -> Check:
    if "getTexts" in row:
        return structure.check_division
    if "cuts" in row or "merge_short_text_in_array" in row:
        return structure.check_cutting
    return sentences.check


def check_symbols(path: Path) -> Outcome:
    """Compare the symbol tables with ``symbols.json``."""
    outcome = Outcome(path.name)
    recorded = json.loads(path.read_text("utf-8"))
    for number, version in enumerate(("v1", "v2"), start=1):
        outcome.rows += 1
        same = outcome.compare(number, "symbols", version, recorded[version]["symbols"], list(SYMBOLS[version]))
        outcome.count(same)
    return outcome


def check_file(path: Path, available: Available) -> Outcome:
    """Run one file; a missing package is told in ``not_run``."""
    started = time.perf_counter()
    if path.suffix == ".json":
        outcome = check_symbols(path)
    else:
        rows = read_rows(path)
        outcome = Outcome(path.name, rows=len(rows))
        try:
            _check_for(rows[0])(rows, outcome, available)
        except (MissingResourceError, ImportError) as error:
            outcome.not_run = str(error)
    outcome.seconds = time.perf_counter() - started
    return outcome
