"""What speech knows of a job besides what the queue knows, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement

from service.jobs.records import Job, NewJob
from service.speech.models import SegmentRow, SpeechRow

KIND = "speech"
NOUN = "task"
"""What clients call such a job: its routes are ``/voice-tasks``."""


VOICE_NAME = "model_name"
"""Field of a stored request: what the voice was called, so that it can be told when the voice is gone."""


class SpeechEvent(str, Enum):
    """What happens to speech beside what happens to jobs of any kind."""

    SEGMENT = "segment"
    """A segment is spoken and on disk; detail: index, tokens, attempts, warning."""
    REDONE = "redone"
    """A segment was spoken again with another seed; detail: index, seed."""


@dataclass(frozen=True)
class SpeechFacts:
    """The facts of a job of this kind.

    Attributes:
        model_id: The stored voice that speaks, if it is one.
        seed: Pinned when it started.
        weights_gpt: Likewise.
        weights_sovits: Likewise.
        version: Model version; likewise.
        sample_rate: Hz of its audio; likewise.
        audio_seconds: Of the result.
        generation: How often the result was stitched again.
        result_mark: Of the result, see :mod:`service.files.carrier`; None where it is not carried.
        pinned_mark: Likewise, of what is kept of the voice while the task is under way.
    """

    model_id: str | None = None
    seed: int | None = None
    weights_gpt: str | None = None
    weights_sovits: str | None = None
    version: str | None = None
    sample_rate: int | None = None
    audio_seconds: float | None = None
    generation: int = 0
    result_mark: str | None = None
    pinned_mark: str | None = None


_FACTS = tuple(SpeechFacts.__dataclass_fields__)


def facts_of(row: SpeechRow | None) -> SpeechFacts:
    """Return a row as a value that outlives its session."""
    return SpeechFacts() if row is None else SpeechFacts(**{name: getattr(row, name) for name in _FACTS})


def first_row(new: NewJob) -> SpeechRow:
    """Return the row of a new job."""
    return SpeechRow(model_id=new.request.get("model_id"))


def speech(job: Job) -> SpeechFacts:
    """Return what is known of a job of this kind besides."""
    return cast(SpeechFacts, job.facts)


def in_voice(model_id: str) -> ColumnElement[bool]:
    """Return the condition of jobs that speak in a stored voice."""
    return SpeechRow.model_id == model_id


def text_of(job: Job) -> str:
    """Return what is to be spoken."""
    return str(job.request.get("text", ""))


_LATER_FIELDS = ("reading", "sample_steps", "super_sampling")


def new_speech(job_id: str, user_id: str, request: dict[str, Any], expected: int = 0, priority: int = 1) -> NewJob:
    """Return a new job of this kind.

    Args:
        job_id: Its name.
        user_id: Whose it is.
        request: Fields of :class:`service.synthesis.fields.SpeechFields`, defaults filled in.
        expected: How many pieces the cutting gives, before the engine says it exactly.
        priority: Smaller goes first among the jobs of one user.
    """
    # Left out where nobody set them: a task that was accepted before the field existed is the same when it comes again.
    request = {name: value for name, value in request.items() if value is not None or name not in _LATER_FIELDS}
    return NewJob(KIND, job_id, user_id, request, len(str(request.get("text", ""))), expected, priority)


@dataclass(frozen=True)
class Segment:
    """A part of a job's text that is spoken in one go.

    Attributes:
        index: Place in the text, from 0.
        text: What is spoken.
        frames: Samples of its audio with the silence after it; None until it is on disk.
        file: Name of its audio in the job's work folder while the job is under way.
        mark: Of that file, see :mod:`service.files.carrier`; None where it is not carried.
        start: Seconds from the beginning of its own audio to the first sound.
        end: Seconds from the beginning of its own audio to the end of speech.
        tokens: Semantic tokens spoken.
        attempts: Seeds tried.
        warning: Why it is doubtful, None when it is not.
        seed: Its own, when it was spoken again.
        finished_at: Unix seconds.
    """

    index: int
    text: str
    frames: int | None = None
    file: str | None = None
    mark: str | None = None
    start: float = 0.0
    end: float = 0.0
    tokens: int = 0
    attempts: int = 0
    warning: str | None = None
    seed: int | None = None
    finished_at: float | None = None

    @property
    def done(self) -> bool:
        """Whether its audio is on disk."""
        return self.frames is not None


_SEGMENT_FIELDS = tuple(Segment.__dataclass_fields__)


def segment_of(row: SegmentRow) -> Segment:
    """Return a row as a value that outlives its session."""
    return Segment(**{name: getattr(row, name) for name in _SEGMENT_FIELDS})


@dataclass(frozen=True)
class Plan:
    """What the engine said when it began: pinned, so that later attempts go on with the same.

    Attributes:
        seed: In use.
        weights_gpt: In use.
        weights_sovits: In use.
        version: Of the weights.
        sample_rate: Hz.
        segments: Text of every segment.
    """

    seed: int
    weights_gpt: str
    weights_sovits: str
    version: str
    sample_rate: int
    segments: tuple[str, ...]


@dataclass(frozen=True)
class Spoken:
    """A finished segment.

    Attributes:
        index: Place in the text.
        samples: (N,) int16, with the silence after it.
        start: Seconds from the beginning of its own audio to the first sound.
        end: Seconds from the beginning of its own audio to the end of speech.
        tokens: Semantic tokens.
        attempts: Seeds tried.
        warning: Why it is doubtful.
    """

    index: int
    samples: NDArray[np.int16]
    start: float
    end: float
    tokens: int
    attempts: int
    warning: str | None
