"""Names of training: the kinds of jobs, the job's id made of a session's, and what a session may be called."""

from __future__ import annotations

import re
from dataclasses import dataclass

from service.errors import ParameterError
from service.identifiers import is_identifier

SLICE, DENOISE, ASR, FORMAT = "slice", "denoise", "asr", "format"
GPT, SOVITS, UVR5, ONE_CLICK = "gpt_train", "sovits_train", "uvr5", "one_click"
STEPS = (SLICE, DENOISE, ASR, FORMAT, SOVITS, GPT, UVR5)
"""Kinds that do something; those of a one-click training are the first six, in this order."""
KINDS = (*STEPS, ONE_CLICK)
NOUN = "training"
"""What clients call such a job, and the topic under which its changes are announced."""

LONGEST_RUN = 12
"""Characters of the name of a run."""
_RUN = re.compile(rf"[0-9a-z]{{1,{LONGEST_RUN}}}")
_LONGEST_FILE_NAME = 100


@dataclass(frozen=True)
class JobName:
    """What a job's id is made of.

    Attributes:
        session_id: Whose routes show it.
        kind: Of the job, or of the one-click training that it is a step of.
        run: Number or mark of this run among those of the session and kind.
        step: Name of the step within a one-click training; empty for a job of its own.
    """

    session_id: str
    kind: str
    run: str
    step: str = ""

    def __str__(self) -> str:
        """The id. The session comes first and the rest has no colon, so that no two names have one id."""
        return f"{self.session_id}:{self.kind}:{self.run}" + (f".{self.step}" if self.step else "")

    @classmethod
    def of(cls, job_id: str) -> JobName | None:
        """Return what an id is made of; None for one that is not of training."""
        session_id, kind, last = job_id.rsplit(":", 2) if job_id.count(":") >= 2 else ("", "", "")
        run, _, step = last.partition(".")
        if not session_id or kind not in KINDS or not _RUN.fullmatch(run):
            return None
        return cls(session_id, kind, run, step)


def checked_identifier(field: str, text: str) -> str:
    """Return the name of a session or a user as it is.

    Raises:
        ParameterError: it is empty, longer than 128 characters, or not printable.
    """
    if not is_identifier(text):
        raise ParameterError("identifier_form", field=field)
    return text


def checked_file_name(field: str, text: str) -> str:
    """Return a name that becomes part of the names of files, such as an experiment's, as it is.

    Raises:
        ParameterError: it could lead elsewhere, hide the file, or be too long for one.
    """
    wrong = (
        not is_identifier(text)
        or any(character in text for character in '/\\:*?"<>|')
        or text.startswith((".", "-", " "))
        or text.endswith((".", " "))
        or len(text.encode("utf-8", "replace")) > _LONGEST_FILE_NAME
    )
    if wrong:
        raise ParameterError("file_name_form", field=field, limit=_LONGEST_FILE_NAME)
    return text
