"""The fields of a request for speech, as the native interface names them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from GPT_SoVITS.audio.encode import find_format
from GPT_SoVITS.engine.errors import InvalidRequestError
from GPT_SoVITS.text.errors import TextError
from GPT_SoVITS.text.languages import resolve_cutting, resolve_language
from GPT_SoVITS.versions import SAMPLE_STEPS
from service.identifiers import LONGEST, is_identifier
from service.synthesis.texts import LATEST_VERSION


def _printable(text: str) -> str:
    if not is_identifier(text):
        raise ValueError(f"a name has 1 to {LONGEST} printable characters")
    return text


Identifier = Annotated[
    str,
    Field(min_length=1, max_length=LONGEST, description=f"1 to {LONGEST} printable characters."),
    AfterValidator(_printable),
]
LARGEST_SEED = 2**63 - 1
SampleSteps = Annotated[int, Field(ge=SAMPLE_STEPS[0], le=SAMPLE_STEPS[1])]
"""Steps of the sampler of v3 and v4, in every dialect."""
NOT_CUT = "cut0"


_SPOKEN = ("text", "prompt_text", "input")


class LenientFields(BaseModel):
    """Fields of which clients send "" or null for what they leave out."""

    @model_validator(mode="before")
    @classmethod
    def _without_blanks(cls, values: Any) -> Any:
        if not isinstance(values, Mapping):
            return values
        # It has no sound, and no database holds it. In a name it stays, and the name is refused.
        values = {
            name: value.replace("\0", "") if name in _SPOKEN and isinstance(value, str) else value
            for name, value in values.items()
        }
        required = {name for name, field in cls.model_fields.items() if field.is_required()}
        return {name: value for name, value in values.items() if name in required or value not in ("", None)}


class SpeechFields(LenientFields):
    """What is to be said, in which voice, and how."""

    model_config = ConfigDict(
        extra="ignore",
        coerce_numbers_to_str=True,
        json_schema_extra={
            "examples": [{"text": "今天天气不错。", "text_language": "中文", "model_id": "narrator", "user_id": "u1"}]
        },
    )

    text: str = Field(min_length=1, description="What is to be said.")
    text_language: str = Field("中文", description="Name or code of the text's language.")
    model_id: str | None = Field(None, max_length=64, description="A voice; or give `ref_wav_path`.")
    ref_wav_path: str | None = Field(
        None,
        max_length=4096,
        description="Reference audio of 3 to 10 s on the server, below one of its allowed folders.",
    )
    prompt_text: str | None = Field(None, max_length=1000, description="What is said in the reference audio.")
    prompt_language: str | None = Field(None, max_length=64, description="Its language; default all_zh.")
    how_to_cut: str = Field(
        "凑四句一切", description="Name or code of the cutting method; an unknown one does not cut."
    )
    reading: Literal["natural", "official"] | None = Field(
        None, description="natural, or official for the official program's reading; none takes the service's."
    )
    top_k: int = Field(5, ge=1, le=10_000, description="Choose among the k best tokens.")
    top_p: float = Field(1.0, ge=0, le=1, description="Choose among the best tokens up to this probability.")
    temperature: float = Field(1.0, ge=0, le=100, description="Below 1 steadier, above 1 livelier.")
    repetition_penalty: float = Field(1.35, gt=0, le=100, description="Above 1 repeats less.")
    speed: float = Field(1.0, ge=0.25, le=4, description="2 is twice as fast.")
    seed: int | None = Field(None, ge=-1, le=LARGEST_SEED, description="Same seed, same audio; none or -1 draws one.")
    ref_free: bool = Field(False, description="Do not imitate the manner of the reference, its timbre only.")
    stream: bool = Field(False, description="Send audio while it is made.")
    media_type: str = Field("wav", max_length=32, description="wav, flac, mp3, ogg (opus), aac or raw.")
    fragment_interval: float = Field(0.3, ge=0, le=10, description="Seconds of silence after each segment.")
    sample_steps: SampleSteps | None = Field(
        None, description="v3, v4: steps of the sampler; more are finer and slower. Default 32."
    )
    super_sampling: bool | None = Field(None, description="v3: raise 24 kHz to 48 kHz. Default false.")

    @field_validator("text_language", "prompt_language")
    @classmethod
    def _language(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                resolve_language(value, LATEST_VERSION)
            except TextError as error:
                raise ValueError(str(error)) from None
        return value

    @field_validator("how_to_cut")
    @classmethod
    def _cutting(cls, value: str) -> str:
        try:
            resolve_cutting(value)
        except TextError:  # as in the service that this one replaces
            return NOT_CUT
        return value

    @field_validator("media_type")
    @classmethod
    def _format(cls, value: str) -> str:
        try:
            return find_format(value).name
        except InvalidRequestError as error:
            raise ValueError(str(error)) from None


class SynthesizeFields(SpeechFields):
    """Body of ``POST /synthesize``."""

    user_id: Identifier | None = Field(None, description="Folder of the result; default: anonymous.")
    task_id: Identifier | None = Field(None, description="Name of the result; made up when absent.")


class TaskFields(SpeechFields):
    """Body of ``POST /voice-tasks``."""

    user_id: Identifier
    task_id: Identifier | None = Field(None, description="Id of the task; made up when absent.")
