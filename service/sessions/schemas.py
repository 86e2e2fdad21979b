"""Answers of the training routes, as the OpenAPI page describes them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

State = Literal["wait", "run", "paused", "done", "error", "cancelled"]


class Started(BaseModel):
    """A training was accepted, and is on disk."""

    status: Literal["success"] = Field(default="success", description="Always success.")
    message: str = Field(default="start", description="start; 开始一键训练 of a one-click training.")


class NotStarted(BaseModel):
    """A training was not accepted."""

    detail: Any = Field(description="Why, in words; with status 422 a list of wrong fields.")


class TrainingEntry(BaseModel):
    """A job of training, or a step of one."""

    model_config = ConfigDict(extra="allow")

    job_id: str = Field(description="Its name, made of the session's, its kind and its run.")
    session_id: str = Field(description="By this name the routes know it.")
    user_id: str = Field(description="Whose it is.")
    kind: str = Field(description="slice, denoise, asr, format, sovits_train, gpt_train, uvr5 or one_click.")
    step: str = Field(description="Name of the step within a one-click training; empty otherwise.")
    exp_name: str | None = Field(description="The experiment; null for recordings.")
    version: str | None = Field(description="Model version that it was asked for; null where its weights tell it.")
    state: State = Field(description="wait, run, paused, done, error or cancelled.")
    progress: int = Field(ge=0, le=100, description="Percent.")
    done: int = Field(description="Files or training steps that are done.")
    total: int = Field(description="Of how many; 0 while nobody knows.")
    file: str | None = Field(description="The file under way.")
    epoch: int | None = Field(description="The epoch under way.")
    epochs: int | None = Field(description="Of how many.")
    losses: dict[str, float | None] = Field(description="The latest, by name.")
    learning_rate: float | None = Field(description="The latest.")
    gradient_norm: float | None = Field(description="The latest.")
    steps_per_second: float | None = Field(description="Of a training.")
    seconds_left: float | None = Field(description="Of a training, from measured speed.")
    skipped: dict[str, int | None] = Field(description="Recordings that a training leaves out, by reason.")
    problems: int = Field(description="Files that were left out.")
    attempts: int = Field(description="Attempts since it last got further.")
    created_at: int = Field(description="Unix seconds.")
    updated_at: int = Field(description="Unix seconds.")
    started_at: int | None = Field(description="Unix seconds.")
    error: str | None = Field(description="Why it ended in an error, in English.")
    error_said: dict[str, Any] | None = Field(description="The same by code and params.")


class Problem(BaseModel):
    """A file that was left out."""

    path: str = Field(description="The file.")
    at: int = Field(description="Unix seconds.")
    kind: str = Field(description="Kind of the job.")
    code: str = Field("", description="Stable name of what is wrong.")
    message: str = Field("", description="What is wrong.")


class Artefact(BaseModel):
    """Something that a job has made."""

    model_config = ConfigDict(extra="allow")

    path: str = Field(description="A file or folder on the server, relative to its root where it lies within.")
    at: int = Field(description="Unix seconds.")
    job: str = Field(description="Kind of the job.")
    kind: str = Field("", description="folder, list, weights, real, generated, mel, ...")
    epoch: int | None = Field(None, description="Of a training.")
    step: int | None = Field(None, description="Of a training.")


class SessionEntry(BaseModel):
    """A session: the latest job of each kind, with what they tell."""

    session_id: str = Field(description="Its name.")
    user_id: str = Field(description="Whose it is.")
    exp_name: str | None = Field(description="The experiment; null where no job has one.")
    kind: str = Field(description="Kind of the newest job.")
    state: State = Field(description="Of the newest job.")
    progress: int = Field(description="Percent of the newest job.")
    steps: list[TrainingEntry] = Field(description="What is run, in order; of a kind the latest run.")
    losses: dict[str, float | None] = Field(description="The latest of the latest training.")
    log: list[str] = Field(description="The newest lines of the log of the step under way, or of the latest.")
    artefacts: list[Artefact] = Field(description="What was made, in order; at most 200.")
    problems: list[Problem] = Field(description="Files that were left out; at most 200.")
    created_at: int = Field(description="Unix seconds of its first job.")
    updated_at: int = Field(description="Unix seconds of the last change.")
    error: str | None = Field(description="Why the newest job ended in an error, in English.")
    error_said: dict[str, Any] | None = Field(description="The same by code and params.")


class Point(BaseModel):
    """What was measured at a step."""

    step: int = Field(description="The step.")
    epoch: int = Field(description="Its epoch.")
    losses: dict[str, float | None] = Field(description="By name; null where a loss was no number.")
    learning_rate: float | None = Field(None, description="Of the optimiser.")
    gradient_norm: float | None = Field(None, description="At steps of the optimiser.")
    steps_per_second: float | None = Field(None, description="Measured.")


class Metrics(BaseModel):
    """The curves of one training."""

    kind: str = Field(description="sovits_train or gpt_train.")
    job_id: str = Field(description="The run that they are of.")
    points: list[Point] = Field(description="In order; of a long training every second, fourth, ... step.")
