"""What the fields of a task mean, by the voices and weights of this installation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from GPT_SoVITS.engine.interface import Engine
from GPT_SoVITS.engine.messages import Priority, SynthesisRequest, WeightsPair
from service.jobs.records import Job, NewJob
from service.speech.records import VOICE_NAME
from service.synthesis.requests import Speakers, Utterance, engine_request, resolved
from service.synthesis.texts import LATEST_VERSION, check_speakable


class StoredRequests:
    """Finds voices and checks texts for the kind. Both methods block.

    Args:
        speakers: Find voices and reference files.
        engine: For the version of its weights.
        demand: Refuses what cannot be spoken as things are installed, and returns in which language the rest is.
    """

    def __init__(
        self, speakers: Speakers, engine: Engine, demand: Callable[[Utterance], str] = lambda asked: asked.language
    ) -> None:
        self._speakers, self._engine, self._demand = speakers, engine, demand

    def check(self, new: NewJob) -> NewJob:
        """Return a new task with the number of pieces that its text is cut into, and the name of its voice.

        Raises:
            ParameterError: a field is wrong, or nothing in the text can be spoken.
            MissingError: there is no such voice or file.
            UnavailableError: something that has to be installed is missing.
        """
        asked = resolved(new.request, self._speakers)
        language = self._demand(asked)
        version = self._version(asked.weights)
        count = check_speakable(asked.text, language, asked.how_to_cut, version, asked.reading)
        named = {VOICE_NAME: asked.voice_name} if new.request.get("model_id") is not None else {}
        return replace(new, expected_steps=count, request={**new.request, **named})

    def make(self, job: Job) -> SynthesisRequest:
        """Return what the engine is asked for a task.

        Raises:
            ParameterError, MissingError: as :meth:`check`; the installation has changed since.
        """
        return engine_request(job.request, self._speakers, owner=job.user_id, priority=Priority.BATCH)

    def _version(self, weights: WeightsPair | None) -> str:
        """Return the model version that a request will meet, as far as it is known."""
        status = self._engine.status()
        if weights is None:
            return status.current.version if status.current else LATEST_VERSION
        return next((loaded.version for loaded in status.loaded if loaded.weights == weights), LATEST_VERSION)
