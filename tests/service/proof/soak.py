"""Thousands of tasks: memory and open files stay where they are."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from tests.service.proof.harness import Service, serving, task_body

Found = dict[str, Any]


def _speak_all(service: Service, first: int, count: int) -> None:
    with service.client(60) as client:
        for number in range(first, first + count):
            answer = client.post("/voice-tasks", json=task_body(f"s{number}", "一句话。两句话。", f"u{number % 7}"))
            assert answer.status_code == 200, answer.text
        while True:
            if client.get("/voice-tasks?status=done&page_size=1").json()["data"]["total"] >= first + count:
                return
            time.sleep(0.1)


def run(root: Path, tasks: int = 10_000, **settings: object) -> Found:
    """Speak so many tasks and compare memory along the way.

    The slope is taken over the second half: caches fill in the first.
    """
    points: list[tuple[int, float, int]] = []
    with serving(root, seconds_per_segment=0.0, waiting_limit=1_000_000, **settings) as service:
        step = max(1, tasks // 20)
        for first in range(0, tasks, step):
            _speak_all(service, first, step)
            points.append((first + step, service.memory() / 1e6, service.handles()))
    half = points[len(points) // 2 :]
    slope = 1000 * (half[-1][1] - half[0][1]) / max(1, half[-1][0] - half[0][0])
    handles = half[-1][2] - half[0][2]
    return {
        "good": slope < 1.0 and handles <= 5,
        "tasks": tasks,
        "megabytes_per_thousand": round(slope, 3),
        "handles_more": handles,
        "megabytes": [round(memory, 1) for _, memory, _ in points],
        "handles": [count for _, _, count in points],
    }
