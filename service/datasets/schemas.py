"""Bodies and answers of the dataset routes, as the OpenAPI page describes them."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from service.datasets.lists import Change, Line

Language = Literal["zh", "yue", "en", "ja", "ko"]


class DatasetEntry(BaseModel):
    """A dataset in the list of datasets."""

    name: str = Field(description="Its name.")
    recordings: int = Field(description="How many files of sound it has, slices among them.")
    lists: list[str] = Field(description="Paths of its lists, relative to it.")
    size: int = Field(description="Bytes of everything in it.")
    path: str = Field(description="Its folder, as trainings name it in `inp` and the like.")
    modified_at: int = Field(description="Unix seconds of its newest file.")


class RecordingEntry(BaseModel):
    """A file of sound in a dataset."""

    path: str = Field(description="Relative to the dataset.")
    size: int = Field(description="Bytes.")
    modified_at: int = Field(description="Unix seconds.")
    url: str = Field(description="Where it can be played, with ranges.")


class FolderEntry(BaseModel):
    """A folder of recordings in a dataset."""

    path: str = Field(description="As trainings name it in `inp`, `denoise_inp_dir` and the like.")
    recordings: int = Field(description="How many it has.")


class DatasetDetail(DatasetEntry):
    """A dataset with what is in it."""

    folders: list[FolderEntry] = Field(description="Its folders that have recordings.")


class Uploaded(BaseModel):
    """What was stored."""

    dataset: str = Field(description="The dataset.")
    paths: list[str] = Field(description="Paths of the recordings, relative to it, in the order sent.")
    path: str = Field(description="Their folder, as trainings name it.")


class LineEntry(BaseModel):
    """A line of a list."""

    index: int = Field(description="Place in the list, from 0.")
    path: str = Field(description="The recording, as the list names it.")
    speaker: str = Field(description="Who speaks.")
    language: str = Field(description="zh, yue, en, ja or ko.")
    text: str = Field(description="What is said.")
    wrong: str = Field(description="Why it is no line of a list: fields or language; empty where it is one.")
    url: str | None = Field(description="Where the recording can be played; null where it is not found.")
    seconds: float | None = Field(description="Its length; null where nobody knows.")
    warnings: list[str] = Field(
        description="What to look at: missing, length_unused, text_too_long, text_too_short, script_foreign."
    )


class ListPage(BaseModel):
    """A part of a list."""

    path: str = Field(description="The list, relative to the dataset.")
    revision: str = Field(description="Changes name it, so that nobody overwrites what another has changed.")
    total: int = Field(description="Lines in all.")
    offset: int = Field(description="Place of the first line here.")
    lines: list[LineEntry] = Field(description="The lines.")


class LineChange(BaseModel):
    """One operation."""

    op: Literal["edit", "delete", "merge", "split"] = Field(description="merge: with the next line; split: in two.")
    index: int = Field(ge=0, description="The line, as the list is when the operation comes.")
    speaker: str | None = Field(None, max_length=200, description="New value; none keeps it.")
    language: Language | None = Field(None, description="New value; none keeps it.")
    text: str | None = Field(None, max_length=5000, description="New value; of a split that of the first half.")
    second: float | None = Field(None, gt=0, le=3600, description="Of a split: seconds from the recording's beginning.")
    rest: str | None = Field(None, max_length=5000, description="Of a split: what is said in the second half.")

    def value(self) -> Change:
        """Return the operation."""
        return Change(**self.model_dump())


class ListChanges(BaseModel):
    """Operations on a list: all of them are done, one after the other, or none."""

    revision: str = Field(max_length=64, description="The one that was read.")
    changes: list[LineChange] = Field(min_length=1, max_length=1000, description="What to do.")


class NewLine(BaseModel):
    """A line of a list that is written. One that was no line before stays as it is where it is sent as it was read."""

    path: str = Field(max_length=4096, description="The recording.")
    speaker: str = Field("", max_length=200, description="Who speaks.")
    language: str = Field(max_length=40, description="What language is spoken: zh, yue, en, ja or ko, in any case; jp.")
    text: str = Field(max_length=5000, description="What is said.")

    def value(self) -> Line:
        """Return the line."""
        return Line(**self.model_dump())


class WholeList(BaseModel):
    """A list as it shall be."""

    revision: str | None = Field(None, max_length=64, description="The one that was read; none makes a new list.")
    lines: list[NewLine] = Field(max_length=20_000, description="All lines.")


class Revised(BaseModel):
    """A list was written."""

    path: str = Field(description="The list, relative to the dataset.")
    revision: str = Field(description="The new one.")
    total: int = Field(description="Lines in all.")
