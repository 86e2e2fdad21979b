"""Eight voices, mixed tasks, weights switched all the while: every output equals its solo run with the same seed."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import httpx
import numpy as np
from numpy.typing import NDArray

from GPT_SoVITS.engine.interface import Engine, stream
from GPT_SoVITS.engine.messages import AudioChunk, EngineState, Failed, SynthesisRequest
from GPT_SoVITS.opening import open_engine
from GPT_SoVITS.testing.fake import FakeEngine, solo
from service.app import create_app
from service.files import wav
from service.jobs.manager import JobManager
from service.jobs.records import Job
from service.settings import load_settings
from service.speech.kind import SpeechKind
from service.speech.pinning import pinned_weights
from service.speech.records import KIND, speech
from tests.engine.small import SmallInstallation
from tests.service.conftest import listening
from tests.service.samples import clip
from tests.waiting import eventually

Found = dict[str, Any]
Samples = NDArray[np.int16]
VOICES = 8
_SENTENCES = (
    "It rains.", "The river is wide, and nobody crosses it.", "Who is there?", "A long day ends at last.", "Yes!",
    "Nine ships went out in the morning, and seven came home.", "Listen to the wind.",
)  # fmt: skip


def _make_voices(client: httpx.Client, home: SmallInstallation) -> None:
    """Six voices follow the current weights, one has the first pair of its own, one the second."""
    for number in range(VOICES):
        fields = {"model_id": f"v{number}", "model_name": f"Voice {number}", "gender": "1", "prompt_language": "en"}
        fields["prompt_text"] = "This is what the reference says."
        if number >= VOICES - 2:
            own = home.pair(("one", "two")[number % 2])
            fields |= {"gpt_model_path": own.gpt, "sovits_model_path": own.sovits}
        content = clip(3.0 + 0.2 * number, seed=number)
        answer = client.post("/voice-models", data=fields, files={"refer_wav": ("r.wav", content)})
        assert answer.status_code == 200, answer.text


def _submit(client: httpx.Client, chance: random.Random, number: int) -> str:
    body = {
        "user_id": f"u{number % 5}",
        "task_id": f"t{number}",
        "model_id": f"v{chance.randrange(VOICES)}",
        "text": " ".join(chance.sample(_SENTENCES, chance.randint(1, 3))),
        "text_language": "en",
        "how_to_cut": chance.choice(("cut0", "cut4", "cut5")),
        "seed": chance.choice((None, number, 7)),
        "speed": chance.choice((1.0, 1.0, 1.2)),
        "top_k": chance.choice((5, 15)),
        "temperature": chance.choice((0.6, 1.0)),
    }
    answer = client.post("/voice-tasks", json=body)
    assert answer.status_code == 200, answer.text
    return str(body["task_id"])


class _Switching:
    """Switches between the two pairs of weights until told to stop."""

    def __init__(self, url: str, home: SmallInstallation, pause: float) -> None:
        self.count, self.refused = 0, list[str]()
        self._url, self._home, self._pause = url, home, pause
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="switching", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Switch no more."""
        self._stop.set()
        self._thread.join(120)

    def _run(self) -> None:
        with httpx.Client(base_url=self._url, timeout=120, trust_env=False) as client:
            while not self._stop.wait(self._pause):
                pair = self._home.pair(("two", "one")[self.count % 2])
                answer = client.post("/set_model", json={"gpt_model_path": pair.gpt, "sovits_model_path": pair.sovits})
                if answer.status_code != 200:
                    self.refused.append(answer.text[:300])
                self.count += 1


def _ended(client: httpx.Client, names: list[str], seconds: float) -> dict[str, dict[str, Any]]:
    until = time.monotonic() + seconds
    while True:
        entries: dict[str, dict[str, Any]] = {}
        for first in range(0, len(names), 100):
            body = {"task_ids": names[first : first + 100], "page_size": 100}
            found = client.post("/voice-tasks/query", json=body).json()["data"]["data"]
            entries |= {entry["task_id"]: entry for entry in found}
        if all(entry["status"] in ("done", "error") for entry in entries.values()) or time.monotonic() > until:
            return entries
        time.sleep(0.1)


def _alone(engine: Engine, request: SynthesisRequest) -> Samples:
    """What a request gives when nothing else is spoken."""
    parts = [np.zeros(0, np.float32)]
    for event in stream(engine, request):
        assert not isinstance(event, Failed), event.error
        if isinstance(event, AudioChunk):
            parts.append(event.samples)
    return wav.to_pcm16(np.concatenate(parts))


def _expected(engine: Engine, kind: SpeechKind, root: Path, task: Job) -> Samples:
    facts, weights = speech(task), pinned_weights(speech(task))
    assert facts.seed is not None and weights is not None
    request = replace(kind.requests.make(task), weights=weights, seed=facts.seed)
    if not isinstance(engine, FakeEngine):
        return _alone(engine, request)
    # The double hears names instead of clips; the queue speaks with its own link to the clip.
    pinned = replace(request.reference, path=str(root / "task" / f".{task.job_id}" / "reference.wav"))
    return wav.to_pcm16(solo(FakeEngine(), replace(request, reference=pinned), facts.seed, weights))


def run(root: Path, tasks: int = 200, *, real: bool = True, seed: int = 0, pause: float = 1.0) -> Found:
    """Speak so many tasks while weights are switched, then each of them alone, and compare.

    Args:
        root: An empty folder.
        tasks: How many.
        real: The real engine on small weights in a process of its own; else the double, whose audio depends on the
            same things.
        seed: Of the tasks.
        pause: Seconds between two switches.
    """
    home = SmallInstallation(root / "weights")
    fake: Callable[[], Engine] = lambda: FakeEngine(weights=home.pair(), seconds_per_segment=0.02)  # noqa: E731
    engine = open_engine(home.settings()) if real else fake()
    settings = load_settings(root=root / "service", host="127.0.0.1", weights_roots=str(home.folder))
    app = create_app(settings, engine)
    try:
        with listening(app) as url, httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
            _wait_until_ready(engine)
            jobs = app.state.container.get(JobManager)
            return _compared(client, jobs, engine, home, settings.root, tasks, seed, pause)
    finally:
        engine.close(5)


def _wait_until_ready(engine: Engine) -> None:
    eventually(lambda: engine.status().state is EngineState.READY, 180)


def _compared(
    client: httpx.Client,
    jobs: JobManager,
    engine: Engine,
    home: SmallInstallation,
    root: Path,
    tasks: int,
    seed: int,
    pause: float,
) -> Found:
    chance, kind = random.Random(seed), cast(SpeechKind, jobs.kinds[KIND])
    _make_voices(client, home)
    began = time.monotonic()
    switching = _Switching(str(client.base_url), home, pause)
    names = [_submit(client, chance, number) for number in range(tasks)]
    entries = _ended(client, names, 60 + 6 * tasks)
    switching.stop()
    seconds = time.monotonic() - began
    failed = {name: entry["error"] or entry["status"] for name, entry in entries.items() if entry["status"] != "done"}
    pairs: Counter[str] = Counter()
    different: dict[str, str] = {}
    largest = 0
    for name in names:
        if name in failed:
            continue
        task = jobs.reader.find(KIND, name)
        pairs[Path(str(speech(task).weights_gpt)).stem] += 1
        got = np.frombuffer((root / "done" / f"{name}.wav").read_bytes()[wav.HEADER_BYTES :], "<i2")
        alone = _expected(engine, kind, root, task)
        if len(got) != len(alone):
            different[name] = f"{len(got)} samples, alone {len(alone)}"
        elif not np.array_equal(got, alone):
            apart = int(np.abs(got.astype(int) - alone).max())
            largest = max(largest, apart)
            different[name] = f"up to {apart} of 32768 apart"
    return {
        "good": not failed and not different and not switching.refused and len(entries) == tasks and len(pairs) == 2,
        "tasks": tasks,
        "voices": VOICES,
        "switches": switching.count,
        "switches_refused": switching.refused,
        "spoken_with": dict(pairs),
        "failed": failed,
        "different": dict(list(different.items())[:20]),
        "number_different": len(different),
        "largest_difference": largest,
        "seconds": round(seconds, 1),
    }
