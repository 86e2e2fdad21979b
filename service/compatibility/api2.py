"""``api2.py``: ``GET /`` with parameters and ``POST /`` with JSON answer a WAV; also the official ``api.py``'s names.

Failures are HTTP 400 with ``{"code": 400, "message": ...}``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import AliasChoices, BaseModel, ConfigDict, Discriminator, Field, Tag

from service.compatibility import api_v2
from service.compatibility.speaking import (
    DialectsDep,
    DialectSpeech,
    audio_answer,
    declared,
    of_voice,
    parse,
    sampling_open,
)
from service.http.dependencies import refuse_changes_of_other_sites, refuse_other_sites
from service.http.envelope import Json
from service.http.fields import INTERFACES
from service.http.json_routes import JsonRoute
from service.http.urls import RequestUrls
from service.synthesis.fields import LARGEST_SEED, LenientFields, SampleSteps

_CUT_SIGNS = frozenset(",.;?!、，。？！；：…")
_KEPT_STATUSES = (401, 405, 413, 429)
PATHS = ("/", "/change_refer")


def write_error(status: int, code: int, message: str, data: Any, headers: Mapping[str, str]) -> Response:
    """Return an error as the old clients know it: a 400 that says so in its body, too."""
    del code, data
    status = status if status in _KEPT_STATUSES else 400
    return Json({"code": status, "message": message}, status_code=status, headers=dict(headers))


class Api2Fields(LenientFields):
    """What an old client sends; the reference is the preset one unless all three of its fields are given."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True, populate_by_name=True)

    text: str = Field(min_length=1, description="What is to be said.", examples=["今天天气不错。"])
    text_language: str = Field(
        "zh", description="zh (Chinese, also mixed with English), ja, en, or any name or code of a language."
    )
    refer_wav_path: str | None = Field(
        None,
        max_length=4096,
        validation_alias=AliasChoices("refer_wav_path", "ref_wav_path"),
        description="Reference audio of 3 to 10 s on the server.",
    )
    prompt_text: str | None = Field(None, max_length=1000, description="What is said in it.")
    prompt_language: str | None = Field(None, max_length=64, description="Its language.")
    model_id: str | None = Field(
        None, max_length=64, description="A stored voice; the three reference fields win over its own, one by one."
    )
    cut_punc: str | None = Field(None, max_length=64, description="Cut after these signs.")
    top_k: int = Field(15, ge=1, le=10_000, description="Choose among the k best tokens.")
    top_p: float = Field(1.0, ge=0, le=1, description="Choose among the best tokens up to this probability.")
    temperature: float = Field(1.0, ge=0, le=100, description="Below 1 steadier, above 1 livelier.")
    speed: float = Field(1.0, ge=0.25, le=4, description="2 is twice as fast.")
    inp_refs: list[str] = Field([], max_length=16, description="More clips of the voice.")
    seed: int = Field(-1, ge=-1, le=LARGEST_SEED, description="Same seed, same audio; -1 draws one.")
    sample_steps: SampleSteps = Field(32, description="Steps of the sampler; v3 and v4 models only.")
    if_sr: bool = Field(False, description="Raise 24 kHz to 48 kHz; v3 models only.")


def native_fields(fields: Api2Fields, dialects: DialectSpeech) -> dict[str, Any]:
    """Return the fields under their native names.

    Raises:
        ParameterError: there is no reference, given or preset.
    """
    found: dict[str, Any] = {
        "text": fields.text,
        "text_language": fields.text_language,
        "how_to_cut": dialects.how_to_cut,
        **fields.model_dump(include={"top_k", "top_p", "temperature", "speed", "seed", "sample_steps"}),
        "super_sampling": fields.if_sr,
        **sampling_open(fields),
        "auxiliary": fields.inp_refs,
    }
    if signs := _CUT_SIGNS & set(fields.cut_punc or ""):
        found |= {"text": "".join(c + "\n" if c in signs else c for c in fields.text), "how_to_cut": "cut0"}
    given = (fields.refer_wav_path, fields.prompt_text, fields.prompt_language)
    reference = dict(zip(("ref_wav_path", "prompt_text", "prompt_language"), given, strict=True))
    if fields.model_id:
        return found | of_voice(fields.model_id, reference)
    if all(given):
        return found | reference
    return found | dialects.preset_reference()


_API2, _TTS = INTERFACES


def _interface(body: Any) -> str:
    """Return whose names a body uses."""
    named = body if isinstance(body, Mapping) else getattr(body, "model_fields_set", ())
    return _TTS if any(name in named for name in ("text_lang", "ref_audio_path", "target_voice")) else _API2


RootFields = Annotated[
    Annotated[Api2Fields, Tag(_API2)] | Annotated[api_v2.TtsFields, Tag(_TTS)], Discriminator(_interface)
]

router = APIRouter(tags=["api2"], route_class=JsonRoute)
_WAV: dict[int | str, dict[str, Any]] = {200: {"content": {"audio/wav": {}}, "description": "The speech."}}
_FAILED = declared(400, *_KEPT_STATUSES, example={"code": 400, "message": "未指定参考音频且接口无预设"})


@router.get(
    "/",
    summary="Speak (old clients), or go to the admin page",
    responses={**_WAV, 307: {"description": "Without `text`: the admin page."}, **_FAILED},
    response_class=Response,
)
async def get_root(request: Request, dialects: DialectsDep, urls: RequestUrls) -> Response:
    """With `text` (and `text_language`, `refer_wav_path`, `prompt_text`, `prompt_language`): speech.

    Where the names of `/tts` are used (`text_lang`, `ref_audio_path`), it is `/tts`.
    """
    query = request.query_params
    if "text" not in query:
        return RedirectResponse(urls.page("/index"), status_code=307)
    await refuse_other_sites(request)
    if "text_lang" in query or "ref_audio_path" in query:
        return await api_v2.answer(parse(api_v2.TtsFields, query), dialects, request)
    return await audio_answer(dialects, native_fields(parse(Api2Fields, query), dialects), "wav", request)


@router.post("/", summary="Speak (old clients)", responses={**_WAV, **_FAILED}, response_class=Response)
async def post_root(fields: RootFields, dialects: DialectsDep, request: Request) -> Response:
    """Speech in the preset voice, or in the one that all three reference fields give.

    Where the names of `/tts` are used (`text_lang`, `ref_audio_path`, `target_voice`), it is `/tts`.
    """
    if isinstance(fields, api_v2.TtsFields):
        return await api_v2.answer(fields, dialects, request)
    return await audio_answer(dialects, native_fields(fields, dialects), "wav", request)


class ReferenceFields(BaseModel):
    """A reference that later requests may leave out."""

    refer_wav_path: str = Field(min_length=1, max_length=4096, description="Reference audio of 3 to 10 s.")
    prompt_text: str = Field(min_length=1, max_length=1000, description="What is said in it.")
    prompt_language: str = Field(min_length=1, max_length=64, description="Its language.")


class Changed(BaseModel):
    """The preset was changed."""

    code: int = Field(default=0, description="Always 0.")
    message: str = Field(default="Success", description="Always Success.")


@router.get(
    "/change_refer",
    summary="Change the preset reference (old clients)",
    responses=_FAILED,
    dependencies=[Depends(refuse_changes_of_other_sites)],
)
async def get_change(fields: Annotated[ReferenceFields, Query()], dialects: DialectsDep) -> Changed:
    """Requests without a reference use this one from now on, until the service restarts."""
    return await post_change(fields, dialects)


@router.post("/change_refer", summary="Change the preset reference (old clients)", responses=_FAILED)
async def post_change(fields: ReferenceFields, dialects: DialectsDep) -> Changed:
    """Requests without a reference use this one from now on, until the service restarts."""
    await dialects.change_reference(fields.refer_wav_path, fields.prompt_text, fields.prompt_language)
    return Changed()
