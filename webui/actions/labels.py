"""Proofreading: a list of the service's as rows, and the recording of a row."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

import gradio as gr

from webui.actions.running import clean
from webui.actions.updates import refusal
from webui.service import Service, ServiceCallError
from webui.speaking import Audio, samples
from webui.words import Words

COLUMNS = ("path", "speaker", "language", "text")
Rows = list[list[str]]


class Labels:
    """Reads and writes lists. A page keeps the revision that it read, so that nobody's changes are written over.

    Args:
        service: Has the files.
        words: Of messages.
    """

    def __init__(self, service: Service, words: Words) -> None:
        self._service, self._words = service, words

    async def begin(self, path: str) -> tuple[Rows, str, str]:
        """Return the same as :meth:`load` for the list that a page begins with; its status says what is wrong."""
        if not path:
            return [], "", ""
        try:
            return await self._read(path)
        except ServiceCallError as failure:
            return [], str(failure), ""

    async def load(self, path_list: str) -> tuple[Rows, str, str]:
        """Return the rows of a list, a status text, and the revision."""
        try:
            return await self._read(clean(path_list))
        except ServiceCallError as failure:
            raise refusal(failure) from None

    async def _read(self, path: str) -> tuple[Rows, str, str]:
        found = (await self._service.get("/gpt_sovits/list", path=path))["data"]
        rows = [[str(line[name]) for name in COLUMNS] for line in found["lines"]]
        return rows, self._words.text("loaded", rows=len(rows)), str(found["revision"])

    async def save(self, path_list: str, rows: Rows, revision: str) -> tuple[str, str]:
        """Write the rows; those whose path was emptied are left out. Returns a status text and the revision.

        A list that somebody else has changed since it was loaded stays as it is, and so does a line that is none: it
        was read into the text alone.
        """
        if not isinstance(rows, list) or not all(map(_is_row, rows)):
            raise refusal(self._words.text("columns", columns=", ".join(COLUMNS)))
        texts = [[_text(value) for value in row] for row in rows]
        kept = [dict(zip(COLUMNS, row, strict=True)) for row in texts if row[0] or (row[3] and not (row[1] or row[2]))]
        body = {"revision": revision or None, "lines": kept}
        try:
            written = (await self._service.put("/gpt_sovits/list", body, path=clean(path_list)))["data"]
        except ServiceCallError as failure:
            raise refusal(failure) from None
        return self._words.text("saved", rows=len(kept)), str(written["revision"])

    async def listen(self, path_list: str, rows: Rows, event: gr.SelectData) -> Audio | None:
        """Return the sound of the row that was chosen."""
        row = event.index[0] if isinstance(event.index, (list, tuple)) else event.index
        if not 0 <= row < len(rows) or PurePosixPath(_text(rows[row][0])).suffix.lower() != ".wav":
            return None
        try:
            return samples(
                await self._service.content("/gpt_sovits/recording", path=_text(rows[row][0]), list=clean(path_list))
            )
        except ServiceCallError as failure:
            raise refusal(failure) from None


def _is_row(row: Any) -> bool:
    plain = (str, int, float, type(None))
    return isinstance(row, list) and len(row) == len(COLUMNS) and all(isinstance(value, plain) for value in row)


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()
