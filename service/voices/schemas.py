"""Voices as requests and answers have them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, Field

from service.http.urls import Urls
from service.pinyin import spellings
from service.voices.clips import verdict
from service.voices.records import Voice


class Warned(BaseModel):
    """Something about the reference that will be heard."""

    code: str = Field(description="For programs.", examples=["noisy"])
    en: str = Field(
        description="For people, in English.", examples=["Speech is only about 12 dB above the background."]
    )
    zh: str = Field(description="For people, in Chinese.", examples=["人声只比背景噪声高约 12 dB。"])


class ReferenceReport(BaseModel):
    """The verdict on a reference clip."""

    seconds: float = Field(description="Length.", examples=[5.2])
    rate: int = Field(description="Samples per second.", examples=[44100])
    peak_dbfs: float = Field(description="Highest sample, dB relative to full scale.", examples=[-3.1])
    rms_dbfs: float = Field(description="Average level of speech.", examples=[-21.5])
    clipped_share: float = Field(description="Part of the samples cut off at full scale, 0 to 1.", examples=[0.0])
    silent_share: float = Field(description="Part of the clip that is pauses, 0 to 1.", examples=[0.2])
    snr_db: float | None = Field(default=None, description="Speech above background noise, dB.", examples=[38.0])
    text_seconds: float = Field(description="How long the text takes to say, estimated.", examples=[4.8])
    warnings: list[Warned] = Field(description="What is wrong with it, the worst first.")


class AuxiliaryClip(BaseModel):
    """One more clip of a voice, with the verdict on it."""

    name: str = Field(description="Its file.", examples=["aux-1.wav"])
    url: str = Field(description="Its address.", examples=["http://127.0.0.1:9881/audio/narrator/aux-1.wav"])
    report: ReferenceReport = Field(description="The verdict; what is said in it is not known.")


class VoiceRecord(BaseModel):
    """A voice."""

    model_id: str = Field(description="Its id.", examples=["narrator"])
    model_name: str = Field(description="What people call it.", examples=["旁白"])
    gender: int = Field(description="1 male, 2 female.", examples=[2])
    prompt_text: str = Field(description="What is said in the reference.", examples=["今天天气很好。"])
    prompt_language: str = Field(description="Code of that language.", examples=["all_zh"])
    avatar_url: str | None = Field(
        description="Its picture.", examples=["http://127.0.0.1:9881/audio/narrator/avatar.png"]
    )
    refer_wav_url: str | None = Field(
        description="Its reference audio.", examples=["http://127.0.0.1:9881/audio/narrator/refer.wav"]
    )
    categories: list[str] = Field(description="Ids of its categories.", examples=[["audiobooks"]])
    created_at: int = Field(description="When it was made, Unix seconds.", examples=[1730000000])
    description: str = Field(description="Any text.", examples=["Calm, for long texts"])
    gpt_model_path: str | None = Field(description="GPT weights of its own.", examples=[None])
    sovits_model_path: str | None = Field(description="SoVITS weights of its own.", examples=[None])
    aux_refer_wav_urls: list[str] = Field(description="More clips of the voice, for its timbre.", examples=[[]])
    original_wav_url: str | None = Field(description="The reference as it was uploaded.", examples=[None])
    updated_at: int = Field(description="When it was changed last, Unix seconds.", examples=[1730000000])
    reference_report: ReferenceReport | None = Field(description="The verdict on the reference clip.")
    pinyin: list[str] = Field(description="Spellings of name and text, for searching.", examples=[["pangbai", "pb"]])


class CategoryChoice(BaseModel):
    """Categories of a voice."""

    categories: list[str] = Field(
        max_length=200, description="Ids (or names); all must exist, [] clears.", examples=[["audiobooks"]]
    )


_NOT_STORED = {"categories", "keep_aux_refer_wavs", "refer_start", "refer_end"}


class VoiceChange(BaseModel):
    """What to change; an absent field stays as it is."""

    model_name: str | None = Field(default=None, description="The new name.", examples=["旁白"])
    description: str | None = Field(default=None, description="The new description.", examples=["Calm"])
    gender: int | None = Field(default=None, description="1 male, 2 female.", examples=[2])
    prompt_text: str | None = Field(default=None, description="What is said in the reference.", examples=["你好。"])
    prompt_language: str | None = Field(default=None, description="Name or code of that language.", examples=["zh"])
    categories: list[str] | None = Field(default=None, max_length=200, description="New categories; [] clears.")
    gpt_model_path: str | None = Field(default=None, description='GPT weights of its own; "" takes them away.')
    sovits_model_path: str | None = Field(default=None, description='SoVITS weights of its own; "" takes them away.')

    keep_aux_refer_wavs: list[str] | None = Field(
        default=None,
        max_length=64,
        description="Names or addresses of auxiliary clips that stay, before those that are sent; the others go.",
    )

    refer_start: float | None = Field(default=None, ge=0, description="Second at which refer_wav begins to be used.")
    refer_end: float | None = Field(default=None, gt=0, description="Second at which it ends to be used.")

    def fields(self) -> dict[str, object]:
        """Return what is to change, by the names of the store."""
        given = {name: value for name, value in self.model_dump(exclude=_NOT_STORED).items() if value is not None}
        for kind in ("gpt", "sovits"):
            if (path := given.pop(f"{kind}_model_path", None)) is not None:
                given[f"{kind}_path"] = path or None
        return given


def separated(categories: Iterable[str]) -> list[str]:
    """Return categories that may be repeated, comma-separated, or both."""
    return [part.strip() for each in categories for part in each.replace("，", ",").split(",") if part.strip()]


def auxiliary_clips(voice_id: str, reports: Mapping[str, dict[str, Any]], urls: Urls) -> list[AuxiliaryClip]:
    """Return the auxiliary clips of a voice as answers have them."""
    return [
        AuxiliaryClip(name=name, url=urls.file("audio", voice_id, name), report=ReferenceReport(**verdict(report, "")))
        for name, report in reports.items()
    ]


def record(voice: Voice, urls: Urls) -> VoiceRecord:
    """Return a voice as answers have it."""

    def address(name: str | None) -> str | None:
        return None if name is None else urls.file("audio", voice.model_id, name)

    report = None if voice.report is None else ReferenceReport(**verdict(voice.report, voice.prompt_text))
    return VoiceRecord(
        model_id=voice.model_id,
        model_name=voice.model_name,
        gender=voice.gender,
        prompt_text=voice.prompt_text,
        prompt_language=voice.prompt_language,
        avatar_url=address(voice.avatar),
        refer_wav_url=address(voice.reference),
        categories=list(voice.categories),
        created_at=voice.created_at,
        description=voice.description,
        gpt_model_path=voice.gpt_path,
        sovits_model_path=voice.sovits_path,
        aux_refer_wav_urls=[urls.file("audio", voice.model_id, name) for name in voice.auxiliary],
        original_wav_url=address(voice.original),
        updated_at=voice.updated_at,
        reference_report=report,
        pinyin=[*spellings(voice.model_name), *spellings(voice.prompt_text)],
    )
