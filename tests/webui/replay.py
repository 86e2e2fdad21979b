"""Recorded calls of the official page, and how they are made again."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.waiting import eventually
from tests.webui.fakeservice import FakeService
from webui.versions import Hardware
from webui.words import Language

RECORDED = Path(__file__).parents[1] / "data/gradio/examples.jsonl"
_HARDWARE = {
    "GPU reported as 23.99 GB": Hardware(23, accelerated=True),
    "GPU reported as 4.39 GB": Hardware(4, accelerated=True),
    "no GPU, 23 GB RAM": Hardware(23),
}
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Group:
    """Rows of one official server."""

    webui: str
    gradio: str
    language: str
    hardware: str
    rows: tuple[Row, ...]

    @property
    def machine(self) -> Hardware:
        """The hardware that it was told to be on."""
        return _HARDWARE[self.hardware]

    @property
    def spoken(self) -> Language:
        """The language of its texts."""
        return "zh" if self.language == "zh_CN" else "en"

    @property
    def name(self) -> str:
        """What a test and a column of the table are called."""
        return f"{self.webui.removesuffix('-era')} {self.gradio} {self.spoken} {self.machine.memory_gb} GB"


def groups() -> list[Group]:
    """Return the recordings, by server."""
    found: dict[tuple[str, ...], list[Row]] = {}
    for line in RECORDED.read_text("utf-8").splitlines():
        row = json.loads(line)
        found.setdefault(tuple(row[name] for name in ("webui", "gradio", "language", "hardware")), []).append(row)
    return [Group(key[0], key[1], key[2], key[3], tuple(rows)) for key, rows in found.items()]


@dataclass(frozen=True)
class Answer:
    """What a client saw: the last value, all values where it looked at them, or an error's type."""

    final: Any = None
    yields: tuple[Any, ...] | None = None
    error: str = ""

    @classmethod
    def recorded(cls, row: Row) -> Answer:
        """Return what was recorded."""
        error = row.get("error") or {}
        final = row.get("result", row.get("final"))
        yields = tuple(map(_plain, row["yields"])) if "yields" in row else None
        return cls(_plain(final), yields, str(error.get("type", "")))


def _plain(value: Any) -> Any:
    """Return a value with tuples as tuples, whether they came from JSON or from a client."""
    if isinstance(value, dict):
        if value.keys() == {"tuple"}:
            return tuple(map(_plain, value["tuple"]))
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return tuple(map(_plain, value)) if isinstance(value, tuple) else value


def played(client: Any, row: Row) -> Answer:
    """Make a recorded call."""
    given = row.get("args") or [], row.get("kwargs") or {}
    names = {"fn_index": 0} if row["mode"] == "fn_index" else {"api_name": row["api_name"]}
    try:
        if row["mode"] != "submit":
            return Answer(_plain(client.predict(*given[0], **given[1], **names)))
        job = client.submit(*given[0], **given[1], **names)
        final = _plain(job.result(timeout=60))
        return Answer(final, tuple(map(_plain, job.outputs())))
    except Exception as error:
        return Answer(error=type(error).__name__)


def overlapped(client: Any, fake: FakeService, row: Row) -> tuple[Answer, str, Any]:
    """Start a step, start it again where that was recorded, and close it; returns the first, a status, the closing."""
    endpoint = str(row["api_name"])
    step = endpoint.removeprefix("/open").removeprefix("_")
    fake.held.add(f"webui-{step}")
    fields = {"inp": "demo/wavs"} if step == "slice" else {"inp_text": "d.list", "inp_wav_dir": "w", "exp_name": "o"}
    first = client.submit(**fields, api_name=endpoint)
    eventually(lambda: bool(first.outputs()))
    status = ""
    if "second_status_while_first_runs" in row:
        second = client.submit(**fields, api_name=endpoint)
        eventually(lambda: str(second.status().code) == "Status.IN_QUEUE")
        status = "Status.IN_QUEUE"
        threading.Thread(target=second.result, daemon=True).start()
    closed = client.predict(api_name=endpoint.replace("open", "close"))
    final = _plain(first.result(timeout=60))
    if status:
        second.result(timeout=60)
    return Answer(final, tuple(map(_plain, first.outputs()))), status, closed
