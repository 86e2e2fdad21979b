"""A training in one go, taken apart: each step reads what the one before it has made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.jobs.records import NewStep
from service.training.fields import (
    AsrRequest,
    DenoiseRequest,
    FormatRequest,
    GptRequest,
    SliceRequest,
    SovitsRequest,
    TrainingFields,
)
from service.training.names import ASR, DENOISE, FORMAT, GPT, SLICE, SOVITS
from service.training.places import Places

NAMES = {SLICE: "slice", DENOISE: "denoise", ASR: "asr", FORMAT: "format", SOVITS: "sovits", GPT: "gpt"}
"""Kind -> name of the step, in order."""


def requests_of(request: Mapping[str, Any], places: Places) -> dict[str, dict[str, Any]]:
    """Return the fields of every step, by kind, in order.

    Args:
        request: Fields of :class:`service.training.fields.OneClickRequest`, defaults filled in.
        places: Where steps write.
    """
    given = {**request, "tool": ""}
    sliced = _fields(SliceRequest, given)
    slices = places.shown(places.output(SLICE, sliced, sliced["inp"]))
    denoised = _fields(DenoiseRequest, {**given, "denoise_inp_dir": slices})
    recordings = places.shown(places.output(DENOISE, denoised, slices))
    transcribed = _fields(AsrRequest, {**given, "asr_inp_dir": recordings})
    listed = places.shown(places.listed(transcribed))
    features = _fields(FormatRequest, {**given, "inp_text": listed, "inp_wav_dir": recordings})
    of_sovits = {**given, "gpu_numbers1Ba": request["gpu_numbers1Ba_Ba"], "inp_path": ""}
    names = ("batch_size", "total_epoch", "save_every_epoch")
    of_gpt = {**given, "inp_path": "", **{name: request[f"{name}_Bb"] for name in names}}
    return {
        SLICE: sliced,
        DENOISE: denoised,
        ASR: transcribed,
        FORMAT: features,
        SOVITS: _fields(SovitsRequest, of_sovits),
        GPT: _fields(GptRequest, of_gpt),
    }


def steps_of(request: Mapping[str, Any], places: Places) -> tuple[NewStep, ...]:
    """Return the steps as jobs, each of which needs the one before it."""
    steps: list[NewStep] = []
    for kind, fields in requests_of(request, places).items():
        steps.append(NewStep(NAMES[kind], kind, fields, (steps[-1].name,) if steps else ()))
    return tuple(steps)


def _fields(form: type[TrainingFields], values: Mapping[str, Any]) -> dict[str, Any]:
    return form.model_validate(values).model_dump()
