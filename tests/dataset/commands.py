"""Running dataset commands: in this process, or as a child that may be killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from GPT_SoVITS.dataset.command import main

Events = list[dict[str, Any]]


def do(events: Path, *arguments: object) -> tuple[int, Events]:
    """Run a command here; return its exit status and what it told."""
    events.unlink(missing_ok=True)
    status = main([*map(str, arguments), "--events", str(events)])
    return status, [json.loads(line) for line in events.read_text(encoding="utf-8").splitlines()]


def start(*arguments: object) -> subprocess.Popen[str]:
    """Start a command of its own."""
    command = [sys.executable, "-m", "GPT_SoVITS.dataset", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})


def only(told: Events, kind: str) -> Events:
    """The events of one kind."""
    return [event for event in told if event["event"] == kind]


def contents(folder: Path) -> dict[str, bytes]:
    """Name -> content of every file, hidden ones left out."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.startswith(".")}
