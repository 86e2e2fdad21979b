"""Many requests for one voice at once: one after the other, and nothing is left that belongs to no voice."""

from __future__ import annotations

import threading
import time
from collections import Counter

import pytest

from tests.service.conftest import Running
from tests.service.samples import FIELDS, clip

CLIP = clip()


def hammer(running: Running, threads: int, seconds: float) -> Counter[int]:
    """Create, change, pack and delete one id from many threads; return the answers by status."""
    answers: Counter[int] = Counter()
    until = time.monotonic() + seconds
    client = running.client

    def work(number: int) -> None:
        while time.monotonic() < until:
            if number % 4 == 0:
                answer = client.delete("/voice-models/one", params={"force": "true"})
            elif number % 4 == 1:
                answer = client.patch("/voice-models/one", files={"refer_wav": ("r.wav", CLIP)})
            elif number % 8 == 2:
                answer = client.get("/voice-models/one/export")
            elif number % 8 == 6:
                answer = client.get("/audio/one/refer.wav")
            else:
                fields = {**FIELDS, "model_id": "one"}
                answer = client.post("/voice-models", data=fields, files={"refer_wav": ("r.wav", CLIP)})
            answers[answer.status_code] += 1

    workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return answers


def check_nothing_is_left(running: Running, answers: Counter[int]) -> None:
    assert set(answers) <= {200, 404, 409}, answers
    running.client.delete("/voice-models/one", params={"force": "true"})
    left = [path.name for path in (running.root / "audio").iterdir() if not path.name.startswith(".")]
    assert left == [], answers
    assert running.client.get("/audio/one/refer.wav").status_code == 404
    fields = {**FIELDS, "model_id": "one"}
    assert running.client.post("/voice-models", data=fields, files={"refer_wav": ("r.wav", CLIP)}).status_code == 200


def test_making_changing_packing_reading_and_deleting_one_voice_at_once(running: Running) -> None:
    answers = hammer(running, threads=8, seconds=2)
    check_nothing_is_left(running, answers)


@pytest.mark.full
def test_sixty_four_threads_for_a_minute(running: Running) -> None:
    answers = hammer(running, threads=64, seconds=60)
    print(f"\n{answers.total()} answers:", ", ".join(f"{count} of {status}" for status, count in answers.items()))
    check_nothing_is_left(running, answers)
