"""The engine's request for a task, with what earlier attempts pinned: reference, weights, seed."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from GPT_SoVITS.engine.messages import Reference, SynthesisRequest, WeightsPair, new_request_id
from GPT_SoVITS.text import userdict
from service.errors import FileLostError, MissingError, ParameterError
from service.files.whole import write_whole
from service.jobs.errors import AttemptFailedError
from service.jobs.records import Job
from service.speech.files import PINNED, TaskFiles
from service.speech.records import SpeechFacts, speech
from service.storage import storage
from service.words import said

MakeRequest = Callable[[Job], SynthesisRequest]
"""Blocking: makes the engine's request from a task; raises what is wrong with it."""


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
        try:
            request = self.make(job)
        except (MissingError, ParameterError) as error:
            raise AttemptFailedError(error.said, repeat=False) from error
        facts = speech(job)
        pinned = self._files.pinned(job.job_id, facts.pinned_mark)
        reference = self._pin(job.job_id, request.reference) if pinned is None else self._read(pinned)
        seed = request.seed if facts.seed is None else facts.seed
        weights = pinned_weights(facts) or request.weights
        return replace(request, reference=reference, weights=weights, seed=seed, request_id=new_request_id())

    def _read(self, pinned: Path) -> Reference:
        """Return what was kept; a clip that is kept no more is told when it is opened."""
        plain = json.loads(pinned.read_text("utf-8"))
        marks = plain.get("marks", {})

        def found(name: str) -> str:
            try:
                return str(self._files.carrier.fetch(pinned.parent / name, marks.get(name)))
            except FileLostError:
                raise AttemptFailedError(said("reference_gone", name=Path(name).name), repeat=False) from None

        for name in plain.get("beside", ()):  # the engine looks for them beside the clip
            found(name)
        auxiliary = tuple(found(name) for name in plain["auxiliary"])
        return Reference(found(plain["path"]), plain["text"], plain["language"], auxiliary)

    def _pin(self, task_id: str, reference: Reference) -> Reference:
        """Keep the reference's files until the task ends: the voice may be changed or deleted meanwhile."""

        def kept(name: str, path: str) -> str:
            try:
                return str(self._files.pin(task_id, name, Path(path)))
            except FileNotFoundError:
                raise AttemptFailedError(said("reference_gone", name=Path(path).name), repeat=False) from None

        with storage():
            auxiliary = tuple(kept(f"auxiliary-{n}{_suffix(path)}", path) for n, path in enumerate(reference.auxiliary))
            kept_at = replace(
                reference, path=kept(f"reference{_suffix(reference.path)}", reference.path), auxiliary=auxiliary
            )
            words = Path(reference.path).parent / userdict.FILE
            beside = [Path(kept(userdict.FILE, str(words)))] if words.is_file() else []
            self._write(self._files.work(task_id) / PINNED, kept_at, beside)
        return kept_at

    def _write(self, pinned: Path, reference: Reference, beside: Sequence[Path]) -> None:
        """Write down what is kept, by names within the work folder: on another machine that lies elsewhere."""
        carrier = self._files.carrier
        clips = [Path(path) for path in (reference.path, *reference.auxiliary)]
        plain = {
            "path": clips[0].name,
            "text": reference.text,
            "language": reference.language,
            "auxiliary": [clip.name for clip in clips[1:]],
            "beside": [path.name for path in beside],
            "marks": {path.name: carrier.publish(path) for path in (*clips, *beside)},
        }
        write_whole(pinned, [json.dumps(plain, ensure_ascii=False).encode()], durable=True)
        carrier.publish(pinned)


def _suffix(path: str) -> str:
    return Path(path).suffix[:10]


def pinned_weights(facts: SpeechFacts) -> WeightsPair | None:
    """Return the weights that a task was begun with; None when it was not."""
    if facts.weights_gpt is None or facts.weights_sovits is None:
        return None
    return WeightsPair(facts.weights_gpt, facts.weights_sovits)
