"""Routes of weights."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from GPT_SoVITS.engine.messages import LoadedWeights
from service.http.dependencies import provided
from service.http.envelope import Envelope, failures, success
from service.http.json_routes import JsonRoute
from service.starter import is_starter
from service.weights.catalogue import WeightFile
from service.weights.service import WeightsService

router = APIRouter(tags=["weights"], route_class=JsonRoute)
Service = Annotated[WeightsService, Depends(provided(WeightsService))]


class InstalledWeights(BaseModel):
    """A weight file."""

    path: str = Field(description="Relative to the project.", examples=["GPT_weights/narrator-e15.ckpt"])
    name: str = Field(description="Last part of the path.", examples=["narrator-e15.ckpt"])
    version: str = Field(description="v1, v2, v2Pro, v2ProPlus, v3, v4, or empty.", examples=["v2"])
    size: int = Field(description="Bytes.", examples=[155312000])
    modified_at: int = Field(description="When it was changed last, Unix seconds.", examples=[1730000000])
    lora: bool = Field(description="Whether it holds only changes to published weights.", examples=[False])
    current: bool = Field(description="Whether requests that name no weights are spoken with it.", examples=[True])
    problem: str | None = Field(description="Why it cannot be used.", examples=[None])
    starter: bool = Field(description="Whether it is part of the small voice of the program.", examples=[False])


class CurrentWeights(BaseModel):
    """The weights that requests without weights of their own are spoken with."""

    gpt: str = Field(description="Path of the GPT weights.", examples=["GPT_weights/narrator-e15.ckpt"])
    sovits: str = Field(description="Path of the SoVITS weights.", examples=["SoVITS_weights/narrator_e8_s200.pth"])
    version: str = Field(description="Their version.", examples=["v2"])
    sample_rate: int = Field(description="Samples per second of their audio.", examples=[32000])
    languages: list[str] = Field(description="Those that they speak; empty for all of their version.", examples=[[]])
    starter: bool = Field(
        description="Whether they are the small demonstration model of the program: its own voices, one language, no "
        "cloning of others promised.",
        examples=[False],
    )


class Loading(BaseModel):
    """Weights that are being loaded, by whomever; the current ones go on speaking until they are there."""

    gpt: str = Field(description="Path of the GPT weights.", examples=["GPT_weights/narrator-e15.ckpt"])
    sovits: str = Field(description="Path of the SoVITS weights.", examples=["SoVITS_weights/narrator_e8_s200.pth"])
    progress: int = Field(ge=0, le=100, description="Percent of the work that is done.", examples=[40])
    step: str = Field(description="What is being done, in words.", examples=["packing anna_e8.pth"])


class Missing(BaseModel):
    """Something that a synthesis needs and that is not installed."""

    name: str = Field(description="Its id.", examples=["hubert"])
    description: str = Field(description="What it is.", examples=["chinese-hubert-base"])
    description_zh: str = Field(description="The same in Chinese.", examples=["中文 HuBERT，从参考音频提取特征"])
    size: int | None = Field(description="Bytes to be fetched, null where that is not known.", examples=[188811417])
    command: str = Field(description="What fetches it.", examples=["python -m GPT_SoVITS.resources fetch hubert"])


class Models(BaseModel):
    """What is installed, current, missing and being loaded."""

    gpt: list[InstalledWeights] = Field(description="GPT weights (text to semantic tokens).")
    sovits: list[InstalledWeights] = Field(description="SoVITS weights (semantic tokens to sound).")
    current: CurrentWeights | None = Field(description="The current pair, null without any.")
    missing: list[Missing] = Field(description="What a synthesis needs and is not installed.")
    loading: Loading | None = Field(default=None, description="Weights that are being loaded, null while none are.")


class ModelChoice(BaseModel):
    """Weights to switch to; what is absent stays as it is."""

    gpt_model_path: str | None = Field(
        default=None, max_length=4096, description="GPT weights.", examples=["GPT_weights/narrator-e15.ckpt"]
    )
    sovits_model_path: str | None = Field(
        default=None, max_length=4096, description="SoVITS weights.", examples=["SoVITS_weights/narrator_e8_s200.pth"]
    )


def _current(loaded: LoadedWeights, service: WeightsService) -> CurrentWeights:
    pair = loaded.weights
    return CurrentWeights(
        gpt=service.shown(pair.gpt),
        sovits=service.shown(pair.sovits),
        version=loaded.version,
        sample_rate=loaded.sample_rate,
        languages=list(loaded.languages),
        starter=is_starter(pair),
    )


@router.get("/models", summary="List weights", responses=failures())
def list_models(service: Service) -> Envelope[Models]:
    """Return the weight files found, their versions, which are current, what is missing and what is being loaded."""
    overview = service.overview()
    current = _current(overview.current, service) if overview.current else None

    def installed(kind: str, chosen: str | None) -> list[InstalledWeights]:
        return [_installed(file, file.path == chosen) for file in overview.files if file.kind == kind]

    return success(
        Models(
            gpt=installed("gpt", current.gpt if current else None),
            sovits=installed("sovits", current.sovits if current else None),
            current=current,
            missing=[Missing(**vars(each)) for each in overview.missing],
            loading=Loading(**overview.loading) if overview.loading else None,
        )
    )


def _installed(file: WeightFile, current: bool) -> InstalledWeights:
    return InstalledWeights(current=current, **{name: value for name, value in vars(file).items() if name != "kind"})


@router.post("/set_model", summary="Switch weights", responses=failures(400, 404, 503))
async def set_model(choice: ModelChoice, service: Service) -> Envelope[CurrentWeights]:
    """Load weights, then make them current; a failed load leaves the old ones serving, running tasks keep theirs."""
    return success(_current(await service.switch(choice.gpt_model_path, choice.sovits_model_path), service))
