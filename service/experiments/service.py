"""Experiments for their routes: heard with chosen weights, and made voices of."""

from __future__ import annotations

from dataclasses import replace

from GPT_SoVITS.engine.messages import Streaming, SynthesisRequest, WeightsPair
from service.container import Container
from service.errors import ParameterError
from service.experiments.schemas import Hearing, NewVoice
from service.experiments.store import Experiments
from service.jobs.records import Job
from service.paths import confined
from service.synthesis.service import SynthesisService
from service.training.reading import TrainingReader
from service.voices.clips import Cut
from service.voices.records import Files, Upload, Voice
from service.voices.store import VoiceStore
from service.weights.examination import Examiner
from service.weights.named import named_weights

_REFERENCE = "ref_wav_path"


class ExperimentService:
    """What the routes need.

    Args:
        container: Settings, engine, and the services that speak and keep voices.
        experiments: What is on disk.
        reader: Finds jobs.
    """

    def __init__(self, container: Container, experiments: Experiments, reader: TrainingReader) -> None:
        self.experiments, self._container, self._reader = experiments, container, reader

    def newest_job(self, exp_name: str) -> Job | None:
        """Return the newest job of an experiment. Blocks."""
        return next(iter(self._reader.of_experiment(exp_name)), None)

    async def hearing(self, asked: Hearing, owner: str) -> SynthesisRequest:
        """Return what the engine is asked.

        Raises:
            ParameterError, MissingError: a path, a voice or a field is wrong.
        """
        fields = asked.model_dump(exclude={"gpt_model_path", "sovits_model_path", "media_type"})
        request = await self._container.get(SynthesisService).request(fields, owner=owner, streaming=Streaming.OFF)
        pair: WeightsPair = await self._container.offload(self._pair, asked, request.weights)
        return replace(request, weights=pair)

    def _pair(self, asked: Hearing, own: WeightsPair | None) -> WeightsPair:
        current = self._container.engine.status().current
        other = own or (current.weights if current else None)
        return WeightsPair(
            self._chosen(asked.gpt_model_path, "gpt", other.gpt if other else None),
            self._chosen(asked.sovits_model_path, "sovits", other.sovits if other else None),
        )

    def _chosen(self, path: str | None, network: str, otherwise: str | None) -> str:
        if path:
            settings = self._container.settings
            return str(named_weights(settings, self._container.get(Examiner), path, network))
        if otherwise is None:
            raise ParameterError("weights_half", network=network)
        return otherwise

    def make_voice(self, exp_name: str, asked: NewVoice) -> Voice:
        """Make a voice with weights of its own and a clip as reference. Blocks.

        Raises:
            ParameterError, MissingError, ConflictError: as :meth:`service.voices.store.VoiceStore.create`.
        """
        self.experiments.check(exp_name)
        settings = self._container.settings
        clip = confined(asked.ref_wav_path, settings.training_places, settings.root, _REFERENCE)
        cut = Cut.of(asked.ref_start, asked.ref_end)
        fields = {
            **asked.model_dump(include={"model_name", "gender", "prompt_text", "prompt_language", "description"}),
            "gpt_path": asked.gpt_model_path,
            "sovits_path": asked.sovits_model_path,
        }
        with clip.open("rb") as content:
            upload = Upload(_REFERENCE, content, None if cut is None else (cut.start, cut.end))
            store = self._container.get(VoiceStore)
            return store.create(asked.model_id, fields, Files(None, upload, None))
