"""Small helpers to talk to a running service."""

from __future__ import annotations

import json
import wave
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np

from tests.service.conftest import Running
from tests.waiting import eventually

TEXT = "第一句话。第二句话。第三句话。"


def add_reference(running: Running, name: str = "reference.wav") -> str:
    """Put a clip where clients may name it; return the name they use."""
    path = running.root / "audio" / name
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes((np.sin(np.arange(16000 * 4) / 20) * 8000).astype("<i2").tobytes())
    return f"audio/{name}"


def body(running: Running, **fields: Any) -> dict[str, Any]:
    """A valid submission, unless the fields make it another."""
    reference = running.root / "audio/reference.wav"
    if not reference.exists():
        add_reference(running)
    return {"user_id": "u1", "text": TEXT, "ref_wav_path": "audio/reference.wav", **fields}


def submit(running: Running, **fields: Any) -> dict[str, Any]:
    """Submit a task that is accepted; return its entry."""
    answer = running.client.post("/voice-tasks", json=body(running, **fields))
    assert answer.status_code == 200, answer.text
    entry: dict[str, Any] = answer.json()["data"]
    return entry


def ended(running: Running, task_id: str, seconds: float = 60.0) -> dict[str, Any]:
    """Wait until a task has ended; return its entry."""

    def entry() -> dict[str, Any] | None:
        found: dict[str, Any] = running.client.get(f"/voice-tasks/{task_id}").json()["data"]
        return found if found.get("status") in ("done", "error") else None  # a message may come later

    return eventually(entry, seconds) or {}


def events(response: httpx.Response) -> Iterator[tuple[str, Any, str]]:
    """Yield (event, data, id) of a stream; comments are left out."""
    name, data, number = "", "", ""
    for line in response.iter_lines():
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        elif field == "data":
            data = value
        elif field == "id":
            number = value
        elif line == "" and data:
            yield name, json.loads(data), number
            name, data = "", ""
