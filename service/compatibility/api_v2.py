"""``api_v2.py``: ``/tts`` with streaming, ``/set_*`` and ``/control``.

Failures are HTTP 400 with ``{"message": ..., "Exception": ...}``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, field_validator

from GPT_SoVITS.engine.messages import Streaming
from service.compatibility.speaking import DialectsDep, DialectSpeech, audio_answer, declared, of_voice, sampling_open
from service.errors import MissingError, ParameterError
from service.http.dependencies import refuse_changes_of_other_sites, refuse_other_sites
from service.http.envelope import Json
from service.http.json_routes import JsonRoute
from service.synthesis.fields import LARGEST_SEED, LenientFields, SampleSteps

CLIPS = "参考音频"
PATHS = ("/tts", "/speakers", "/set_gpt_weights", "/set_sovits_weights", "/set_refer_audio", "/control")
_KEPT_STATUSES = (401, 403, 405, 413, 429)


def write_error(status: int, code: int, message: str, data: Any, headers: Mapping[str, str]) -> Response:
    """Return an error as the old clients know it."""
    del code, data
    content = {"message": "tts failed" if status >= 500 else message, "Exception": message}
    return Json(content, status_code=status if status in _KEPT_STATUSES else 400, headers=dict(headers))


class TtsFields(LenientFields):
    """What a client of ``/tts`` sends. Batches are made by the engine itself: what concerns them is accepted as is."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)

    text: str = Field(min_length=1, description="What is to be said.", examples=["先帝创业未半而中道崩殂。"])
    text_lang: str = Field(min_length=1, description="Name or code of its language.", examples=["zh"])
    ref_audio_path: str | None = Field(
        None, max_length=4096, description="Reference audio of 3 to 10 s on the server; else what was set before."
    )
    model_id: str | None = Field(
        None,
        max_length=64,
        description="A stored voice; `ref_audio_path` and what is said in it win over its own.",
    )
    aux_ref_audio_paths: list[str] = Field([], max_length=16, description="More clips of the voice.")
    prompt_text: str = Field("", max_length=1000, description="What is said in the reference audio.")
    prompt_lang: str = Field("", max_length=64, description="Its language; needed with `ref_audio_path`.")
    top_k: int = Field(15, ge=1, le=10_000, description="Choose among the k best tokens.")
    top_p: float = Field(1.0, ge=0, le=1, description="Choose among the best tokens up to this probability.")
    temperature: float = Field(1.0, ge=0, le=100, description="Below 1 steadier, above 1 livelier.")
    text_split_method: str = Field("cut5", description="cut0 to cut5.")
    batch_size: int = Field(1, description="Accepted; the engine chooses.")
    batch_threshold: float = Field(0.75, description="Accepted; the engine chooses.")
    split_bucket: bool = Field(True, description="Accepted; the engine chooses.")
    speed_factor: float = Field(1.0, ge=0.25, le=4, description="2 is twice as fast.")
    fragment_interval: float = Field(0.3, ge=0, le=10, description="Seconds of silence after each sentence.")
    seed: int = Field(-1, ge=-1, le=LARGEST_SEED, description="Same seed, same audio; -1 draws one.")
    parallel_infer: bool = Field(True, description="Accepted; the engine chooses.")
    repetition_penalty: float = Field(1.35, gt=0, le=100, description="Above 1 repeats less.")
    sample_steps: SampleSteps = Field(32, description="Steps of the sampler; v3 and v4 models only.")
    super_sampling: bool = Field(False, description="Raise 24 kHz to 48 kHz; v3 models only.")
    reading: Literal["natural", "official"] | None = Field(
        None, description="Not of the official API: how the text is read; none takes the service's setting."
    )
    streaming_mode: int = Field(
        0, ge=0, le=3, description="0 or false: all at once; 1 or true: by sentence; 2, 3: by chunks of tokens."
    )
    overlap_length: int = Field(2, ge=0, le=100, description="Tokens of overlap between streamed chunks.")
    min_chunk_length: int = Field(16, ge=1, le=1000, description="Tokens of a streamed chunk.")
    media_type: Literal["wav", "raw", "ogg", "aac", "mp3", "flac"] = Field(
        "wav", description="Format of the answer; auto is wav."
    )
    target_voice: str | None = Field(None, max_length=200, description="Id or name of a stored voice (SillyTavern).")

    @field_validator("media_type", mode="before")
    @classmethod
    def _format(cls, value: Any) -> Any:
        return "wav" if value == "auto" else value

    @field_validator("streaming_mode", mode="before")
    @classmethod
    def _mode(cls, value: Any) -> Any:
        return {"true": 1, "false": 0}.get(str(value).strip().lower(), value)


def native_fields(fields: TtsFields, dialects: DialectSpeech) -> dict[str, Any]:
    """Return the fields under their native names.

    Raises:
        ParameterError: there is no reference, given or set before, or its text is in no language.
    """
    same = {"text", "top_k", "top_p", "temperature", "fragment_interval", "seed", "repetition_penalty"}
    same |= {"reading", "sample_steps", "super_sampling", "overlap_length", "min_chunk_length"}
    found = {
        **fields.model_dump(include=same),
        **sampling_open(fields),
        "text_language": fields.text_lang,
        "how_to_cut": fields.text_split_method,
        "speed": fields.speed_factor,
        "auxiliary": fields.aux_ref_audio_paths,
    }
    spoken = {"prompt_text": fields.prompt_text, "prompt_language": fields.prompt_lang or None}
    if fields.model_id:
        return found | of_voice(fields.model_id, {"ref_wav_path": fields.ref_audio_path, **spoken})
    if fields.ref_audio_path:
        if fields.prompt_text and not fields.prompt_lang:
            raise ParameterError("prompt_lang_needed")
        return found | {"ref_wav_path": fields.ref_audio_path} | spoken
    preset = dialects.preset_reference("ref_audio_path_needed")
    return found | preset | ({name: value for name, value in spoken.items() if value})


def _clip_of_voice(path: str | None) -> str | None:
    """Return the voice that SillyTavern means by ``./参考音频/<voice>.wav``: it knows voices by clips of their name."""
    parts = PurePosixPath(path or "").parts
    return PurePosixPath(parts[1]).stem if len(parts) == 2 and parts[0] == CLIPS else None


async def answer(fields: TtsFields, dialects: DialectSpeech, request: Request) -> Response:
    """Speak."""
    voice = fields.target_voice or _clip_of_voice(fields.ref_audio_path)
    if voice and (found := await dialects.find_voice(voice, fields.text)) is not None:
        # These clients write the voice's name, or nothing that is true, as what is said in its clip.
        own = {"ref_audio_path": None, "prompt_text": "", "prompt_lang": ""}
        fields = fields.model_copy(update={"model_id": found, **own})
    elif fields.target_voice:
        raise MissingError("speaker_missing", voice=fields.target_voice, address="/speakers")
    mode = Streaming(fields.streaming_mode)
    content = f"audio/{fields.media_type}"
    return await audio_answer(
        dialects, native_fields(fields, dialects), fields.media_type, request, streaming=mode, content_type=content
    )


router = APIRouter(tags=["api_v2"], route_class=JsonRoute)
_AUDIO: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"audio/wav": {}, "audio/raw": {}, "audio/ogg": {}, "audio/aac": {}},
        "description": "The speech; streamed it is a WAV header and then samples.",
    }
}
FAILED = declared(400, *_KEPT_STATUSES, example={"message": "tts failed", "Exception": "..."})
Fields = Annotated[TtsFields, Query()]


@router.get(
    "/tts",
    summary="Speak",
    responses={**_AUDIO, **FAILED},
    response_class=Response,
    dependencies=[Depends(refuse_other_sites)],
)
async def get_tts(fields: Fields, dialects: DialectsDep, request: Request) -> Response:
    """Speech, whole or as it is made."""
    return await answer(fields, dialects, request)


@router.post("/tts", summary="Speak", responses={**_AUDIO, **FAILED}, response_class=Response)
async def post_tts(fields: TtsFields, dialects: DialectsDep, request: Request) -> Response:
    """Speech, whole or as it is made."""
    return await answer(fields, dialects, request)


class Speaker(BaseModel):
    """A voice as SillyTavern lists it."""

    name: str = Field(description="What people call it.", examples=["Narrator"])
    voice_id: str = Field(description="What requests call it.", examples=["narrator"])


@router.get("/speakers", summary="List voices (SillyTavern)", responses=FAILED)
async def speakers(dialects: DialectsDep) -> list[Speaker]:
    """The stored voices, newest first."""
    return [Speaker(name=each.model_name, voice_id=each.model_id) for each in await dialects.voices()]


class Success(BaseModel):
    """It was done."""

    message: str = Field(default="success", description="Always success.")


Path = Annotated[str, Query(min_length=1, max_length=4096, description="A file on the server.")]
_CHANGES = [Depends(refuse_changes_of_other_sites)]


@router.get("/set_gpt_weights", summary="Change the GPT weights", responses=FAILED, dependencies=_CHANGES)
async def set_gpt_weights(weights_path: Path, dialects: DialectsDep) -> Success:
    """Load, then swap; what runs finishes on the weights it began with."""
    await dialects.set_weights(gpt=weights_path)
    return Success()


@router.get("/set_sovits_weights", summary="Change the SoVITS weights", responses=FAILED, dependencies=_CHANGES)
async def set_sovits_weights(weights_path: Path, dialects: DialectsDep) -> Success:
    """Load, then swap; what runs finishes on the weights it began with."""
    await dialects.set_weights(sovits=weights_path)
    return Success()


@router.get(
    "/set_refer_audio", summary="Set the reference audio of later requests", responses=FAILED, dependencies=_CHANGES
)
async def set_refer_audio(refer_audio_path: Path, dialects: DialectsDep) -> Success:
    """Requests to `/tts` without `ref_audio_path` use this clip from now on, until the service restarts."""
    await dialects.change_reference(refer_audio_path)
    return Success()


Command = Literal["restart", "exit"]


class ControlFields(BaseModel):
    """What the service is to do."""

    command: Command = Field(description="restart or exit.")


@router.get("/control", summary="Restart or end the service", responses=FAILED, dependencies=_CHANGES)
async def get_control(
    command: Annotated[Command, Query(description="restart or exit.")], dialects: DialectsDep
) -> Success:
    """Off unless `allow_control` is set in the configuration."""
    dialects.control(command)
    return Success()


@router.post("/control", summary="Restart or end the service", responses=FAILED)
async def post_control(fields: ControlFields, dialects: DialectsDep) -> Success:
    """Off unless `allow_control` is set in the configuration."""
    dialects.control(fields.command)
    return Success()
