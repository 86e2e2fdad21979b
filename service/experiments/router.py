"""Routes of experiments."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BeforeValidator, Field

from GPT_SoVITS.audio.encode import FORMATS
from service.container import Container
from service.errors import TooLargeError
from service.experiments.schemas import (
    CheckpointEntry,
    ExperimentDetail,
    ExperimentEntry,
    Hearing,
    NewVoice,
    SampleEntry,
)
from service.experiments.service import ExperimentService
from service.http.dependencies import container_of, provided
from service.http.envelope import Envelope, failures, success
from service.http.paging import Page, Paging
from service.http.segments import with_slashes
from service.http.streaming import while_connected
from service.http.urls import RequestUrls
from service.synthesis.service import SynthesisService
from service.voices.schemas import VoiceRecord, record

SAMPLES = "gpt_sovits/samples"
"""First parts of the addresses of samples."""
OWNER = "hearing"
router = APIRouter(prefix="/gpt_sovits/experiments", tags=["training"])
Service = Annotated[ExperimentService, Depends(provided(ExperimentService))]
Synthesis = Annotated[SynthesisService, Depends(provided(SynthesisService))]
Shared = Annotated[Container, Depends(container_of)]
Name = Annotated[str, Field(min_length=1, max_length=100, description="Its name."), BeforeValidator(with_slashes)]
_AUDIO: dict[int | str, dict[str, Any]] = {
    200: {"content": {each.media_type: {} for each in FORMATS.values()}, "description": "The audio."}
}


def _owner(service: ExperimentService, exp_name: str) -> dict[str, str | None]:
    job = service.newest_job(exp_name)
    return {
        "exp_name": exp_name,
        "user_id": None if job is None else job.user_id,
        "session_id": None if job is None else job.facts.session_id,
    }


@router.get("", summary="List experiments", responses=failures())
def list_experiments(service: Service, paging: Paging) -> Envelope[Page[ExperimentEntry]]:
    """Return one page of the experiments, the newest first."""
    names = service.experiments.names()
    entries = [
        ExperimentEntry.model_validate(
            {**_owner(service, name), "checkpoints": len(service.experiments.checkpoints(name))}
        )
        for name in names[paging.offset : paging.offset + paging.page_size]
    ]
    return success(paging.of(entries, len(names)))


@router.get("/{exp_name}", summary="Show an experiment", responses=failures(400, 404))
def show(exp_name: Name, service: Service, urls: RequestUrls) -> Envelope[ExperimentDetail]:
    """Weights by epoch, and samples by step."""
    service.experiments.check(exp_name)
    checkpoints = [
        CheckpointEntry.model_validate({**vars(each), "modified_at": int(each.modified_at)})
        for each in service.experiments.checkpoints(exp_name)
    ]
    samples = [
        SampleEntry.model_validate(
            {"step": each.step, "kind": each.kind, "url": urls.file(*SAMPLES.split("/"), *each.path.split("/"))}
        )
        for each in service.experiments.samples(exp_name)
    ]
    found = {**_owner(service, exp_name), "checkpoints": checkpoints, "samples": samples}
    return success(ExperimentDetail.model_validate(found))


@router.post(
    "/{exp_name}/hear",
    summary="Hear an epoch",
    response_class=Response,
    responses={**_AUDIO, **failures(400, 404, 413, 503)},
)
async def hear(
    exp_name: Name, body: Hearing, service: Service, synthesis: Synthesis, container: Shared, request: Request
) -> Response:
    """Speak a text with chosen weights, without making them the current ones. The same seed compares epochs."""
    await container.offload(service.experiments.check, exp_name)
    if len(body.text) > container.settings.text_limit:
        raise TooLargeError("text_too_long", found=len(body.text), limit=container.settings.text_limit)
    asked = await service.hearing(body, OWNER)
    speech = await while_connected(request, synthesis.begin(asked))
    content = await while_connected(request, speech.file(body.media_type))
    headers = {"X-Seed": str(speech.started.seed), "X-Sample-Rate": str(speech.started.sample_rate)}
    return Response(content, media_type=synthesis.media_type(body.media_type), headers=headers)


@router.post("/{exp_name}/voice", summary="Make a voice of an experiment", responses=failures(400, 404, 409, 413, 507))
def make_voice(exp_name: Name, body: NewVoice, service: Service, urls: RequestUrls) -> Envelope[VoiceRecord]:
    """Make a voice that speaks with these weights, and with a clip as reference."""
    return success(record(service.make_voice(exp_name, body), urls))
