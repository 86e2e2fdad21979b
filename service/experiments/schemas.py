"""Bodies and answers of the experiment routes, as the OpenAPI page describes them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

ModelPath = Annotated[str | None, Field(max_length=4096)]
MediaType = Literal["wav", "flac", "mp3", "ogg", "aac", "raw"]


class CheckpointEntry(BaseModel):
    """A file of weights that a training has written."""

    network: Literal["gpt", "sovits"] = Field(description="Which network.")
    path: str = Field(description="As other routes take it.")
    epoch: int = Field(description="After which it was written.")
    step: int | None = Field(description="Likewise; null where the name does not tell.")
    size: int = Field(description="Bytes.")
    modified_at: int = Field(description="Unix seconds.")


class SampleEntry(BaseModel):
    """A sample of a SoVITS training."""

    step: int = Field(description="At which it was made.")
    kind: Literal["real", "generated", "mel"] = Field(description="Sounds, and a picture of both spectrograms.")
    url: str = Field(description="Where it is.")


class ExperimentEntry(BaseModel):
    """An experiment in the list of experiments."""

    exp_name: str = Field(description="Its name.")
    user_id: str | None = Field(description="Whose it is; null where no job of it is known.")
    session_id: str | None = Field(description="Session of its newest job; null likewise.")
    checkpoints: int = Field(description="How many files of weights it has.")


class ExperimentDetail(BaseModel):
    """What is on disk of an experiment."""

    exp_name: str = Field(description="Its name.")
    user_id: str | None = Field(description="Whose it is; null where no job of it is known.")
    session_id: str | None = Field(description="Session of its newest job; null likewise.")
    checkpoints: list[CheckpointEntry] = Field(description="Its weights, by network and epoch.")
    samples: list[SampleEntry] = Field(description="Its samples, by step.")


class Hearing(BaseModel):
    """A text to be spoken with chosen weights."""

    text: str = Field(min_length=1, description="The text.")
    text_language: str = Field("中文", max_length=64, description="Its language, by name or code.")
    gpt_model_path: ModelPath = Field(None, description="GPT weights; none takes the current ones.")
    sovits_model_path: ModelPath = Field(None, description="SoVITS weights; none takes the current ones.")
    model_id: str | None = Field(None, max_length=64, description="A stored voice whose reference speaks.")
    ref_wav_path: str | None = Field(None, max_length=4096, description="Reference audio on the server, 3 to 10 s.")
    prompt_text: str | None = Field(None, max_length=1000, description="What is said in it.")
    prompt_language: str | None = Field(None, max_length=64, description="Its language.")
    how_to_cut: str = Field("凑四句一切", max_length=64, description="Name or code of the cutting method.")
    top_k: int = Field(5, ge=1, le=10_000, description="Choose among the k best tokens.")
    top_p: float = Field(1.0, ge=0, le=1, description="Choose among the best tokens up to this probability.")
    temperature: float = Field(1.0, ge=0, le=100, description="Below 1 steadier, above 1 livelier.")
    speed: float = Field(1.0, ge=0.25, le=4, description="2 is twice as fast.")
    seed: int | None = Field(None, ge=0, le=2**32 - 1, description="Same seed, same audio: compare with the same.")
    media_type: MediaType = Field("wav", description="Form of the audio.")


class NewVoice(BaseModel):
    """A voice to be made of an experiment."""

    model_id: str = Field(max_length=64, description="Its id: 1 to 64 of the characters A-Z a-z 0-9 _ -.")
    model_name: str = Field(max_length=100, description="What people call it.")
    gender: int = Field(description="1 male, 2 female.")
    gpt_model_path: str = Field(max_length=4096, description="Its GPT weights.")
    sovits_model_path: str = Field(max_length=4096, description="Its SoVITS weights.")
    ref_wav_path: str = Field(max_length=4096, description="A clip on the server of 3 to 10 s, such as one of a list.")
    ref_start: float | None = Field(None, ge=0, description="Second at which the reference begins within the clip.")
    ref_end: float | None = Field(None, gt=0, description="Second at which it ends.")
    prompt_text: str = Field("", max_length=500, description="What is said in it.")
    prompt_language: str = Field("all_zh", max_length=64, description="Its language, by name or code.")
    description: str = Field("", max_length=2000, description="Any text.")
