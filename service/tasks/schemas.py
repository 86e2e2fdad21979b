"""Bodies and answers of the task routes, as the OpenAPI page describes them."""

from __future__ import annotations

from typing import Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field

from service.http.paging import DEFAULT_PAGE_SIZE
from service.jobs.records import JobEvent, Status
from service.speech.records import Segment
from service.synthesis.fields import LARGEST_SEED, Identifier, LenientFields, SpeechFields


class TaskEntry(SpeechFields):
    """A task with everything that was asked and what has become of it."""

    model_config = ConfigDict(extra="allow")

    task_id: str = Field(description="Its name.", examples=["T20250131093015-1f2e3d4c5b6a"])
    user_id: str = Field(description="Whose it is.", examples=["u1"])
    status: Status = Field(description="wait, run, done or error; a cancelled task is error with error = cancelled.")
    progress: int = Field(ge=0, le=100, description="Percent of the segments that are spoken.")
    segments_done: int = Field(description="Segments that are spoken.")
    total_segments: int = Field(description="Segments of the text; an estimate until it runs.")
    position: int | None = Field(description="Place in the queue, 1 is next; null when it does not wait.")
    eta_seconds: float | None = Field(description="Seconds until it is finished, from measured speed; null if unknown.")
    created_at: int = Field(description="Unix seconds.")
    updated_at: int = Field(description="Unix seconds of the last change.")
    result_url: str | None = Field(description="Path of the WAV from the server's root; null until it is done.")
    error: str | None = Field(description="Why it ended in an error, in English.")
    error_said: dict[str, Any] | None = Field(
        description="The same for words in other languages: its stable code and params; null without an error.",
        examples=[{"code": "reference_gone", "params": {"name": "clip.wav"}}],
    )
    audio_seconds: float | None = Field(description="Length of the result.")
    attempts: int = Field(description="Attempts since the last finished segment.")
    version: str | None = Field(description="Version of the weights that speak it.")
    used_seed: int | None = Field(description="The seed in use; asking again with it gives the same audio.")


class TaskQuery(LenientFields):
    """Which of thousands of tasks are wanted."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    user_id: Identifier | None = Field(None, description="Tasks of this user.")
    task_ids: list[str] | None = Field(None, max_length=100_000, description="Ids, as many as the body holds.")
    status: Status | None = Field(None, description="Tasks in this state: wait, run, done or error.")
    page: int = Field(1, description="Number of the page, from 1; what is outside is clamped. Ids come all at once.")
    page_size: int = Field(DEFAULT_PAGE_SIZE, description="Entries on a page, 1 to 100; what is outside is clamped.")


Happened = Literal[
    "submitted",
    "claimed",
    "started",
    "segment",
    "repeated",
    "handed_back",
    "done",
    "failed",
    "retried",
    "redone",
    "removed",
]
"""What can happen to a task: the events of any job, and those of speech."""


class StoryLine(BaseModel):
    """One thing that happened to a task."""

    number: int = Field(description="Grows over all tasks.")
    at: float = Field(description="Unix seconds.")
    kind: Happened = Field(description="What happened.")
    detail: dict[str, Any] = Field(description="More about it: reason, index, attempt, warning, ...")

    @classmethod
    def of(cls, event: JobEvent) -> StoryLine:
        """Return a event for clients."""
        return cls(number=event.number, at=event.at, kind=cast(Happened, event.type), detail=event.detail)


class SegmentEntry(BaseModel):
    """A part of the text that is spoken in one go."""

    index: int = Field(description="Place in the text, from 0.")
    text: str = Field(description="What is spoken.")
    done: bool = Field(description="Whether its audio is there.")
    start: float | None = Field(description="Seconds from the beginning of the result to its first sound.")
    end: float | None = Field(description="Seconds to the end of its speech.")
    seconds: float | None = Field(description="Length of its audio with the silence after it.")
    tokens: int = Field(description="Semantic tokens spoken.")
    attempts: int = Field(description="Seeds tried.")
    warning: str | None = Field(description="Why it is doubtful, or what of it is not spoken; null when all is well.")
    seed: int | None = Field(description="Its own seed, when it was spoken again.")
    finished_at: float | None = Field(description="Unix seconds.")
    audio_url: str | None = Field(description="Where its audio is.")

    @classmethod
    def of(cls, segment: Segment, offset: float, rate: int | None, url: str) -> SegmentEntry:
        """Return a segment for clients.

        Args:
            segment: The segment.
            offset: Seconds of the result before it.
            rate: Sample rate of the task, in Hz.
            url: Where its audio is, once it is done.
        """
        return cls(
            index=segment.index,
            text=segment.text,
            done=segment.done,
            start=round(offset + segment.start, 3) if segment.done else None,
            end=round(offset + segment.end, 3) if segment.done else None,
            seconds=round((segment.frames or 0) / rate, 3) if segment.done and rate else None,
            tokens=segment.tokens,
            attempts=segment.attempts,
            warning=segment.warning,
            seed=segment.seed,
            finished_at=segment.finished_at,
            audio_url=url if segment.done else None,
        )


class Redo(BaseModel):
    """How to speak a segment again."""

    seed: int | None = Field(None, ge=0, le=LARGEST_SEED, description="The seed; none draws one.")
