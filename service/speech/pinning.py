"""The engine's request for a task, with what earlier attempts pinned: reference, weights, seed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from GPT_SoVITS.engine.messages import Reference, SynthesisRequest, WeightsPair, new_request_id
from service.errors import MissingError, ParameterError
from service.files.whole import write_whole
from service.jobs.errors import AttemptFailedError
from service.jobs.records import Job
from service.speech.files import TaskFiles
from service.speech.records import SpeechFacts, speech
from service.storage import storage
from service.words import said

MakeRequest = Callable[[Job], SynthesisRequest]
"""Blocking: makes the engine's request from a task; raises what is wrong with it."""
_PINNED = "reference.json"


class Pinning:
    """Every method blocks: call it off the event loop.

    Args:
        files: Where the reference is kept while the task is under way.
        make: Makes a request from what was submitted.
    """

    def __init__(self, files: TaskFiles, make: MakeRequest) -> None:
        self._files, self.make = files, make

    def request(self, job: Job) -> SynthesisRequest:
        """Return the request for the next attempt.

        Raises:
            AttemptFailedError: it cannot be spoken and never will be: its voice or its reference is gone.
            StorageFullError: the disk is full; it was not begun.
        """
        pinned = self._files.work(job.job_id) / _PINNED
        try:
            request = self.make(job)
        except (MissingError, ParameterError) as error:
            raise AttemptFailedError(error.said, repeat=False) from error
        if pinned.is_file():
            reference = _read_reference(pinned)
        else:
            with storage():
                reference = self._pin(job.job_id, request.reference)
                content = json.dumps(_plain(reference), ensure_ascii=False).encode()
                write_whole(pinned, [content], durable=True)
        facts = speech(job)
        seed = request.seed if facts.seed is None else facts.seed
        weights = pinned_weights(facts) or request.weights
        return replace(request, reference=reference, weights=weights, seed=seed, request_id=new_request_id())

    def _pin(self, task_id: str, reference: Reference) -> Reference:
        """Keep the reference's files until the task ends: the voice may be changed or deleted meanwhile."""

        def kept(name: str, path: str) -> str:
            try:
                return str(self._files.pin(task_id, name + Path(path).suffix[:10], Path(path)))
            except FileNotFoundError:
                raise AttemptFailedError(said("reference_gone", name=Path(path).name), repeat=False) from None

        auxiliary = tuple(kept(f"auxiliary-{n}", path) for n, path in enumerate(reference.auxiliary))
        return replace(reference, path=kept("reference", reference.path), auxiliary=auxiliary)


def pinned_weights(facts: SpeechFacts) -> WeightsPair | None:
    """Return the weights that a task was begun with; None when it was not."""
    if facts.weights_gpt is None or facts.weights_sovits is None:
        return None
    return WeightsPair(facts.weights_gpt, facts.weights_sovits)


def _plain(reference: Reference) -> dict[str, Any]:
    return {
        "path": reference.path,
        "text": reference.text,
        "language": reference.language,
        "auxiliary": list(reference.auxiliary),
    }


def _read_reference(path: Path) -> Reference:
    plain = json.loads(path.read_text("utf-8"))
    return Reference(plain["path"], plain["text"], plain["language"], tuple(plain["auxiliary"]))
