"""What can be wrong with a file or a whole step, by stable codes; the English words of each.

The service has the same words in other languages by the same codes and parameters.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass
from typing import Any

FILE_PROBLEMS = {
    "audio_unreadable": "cannot be read as sound: {reason}",
    "silent": "has nothing louder than {threshold} dB; a lower threshold finds quieter speech",
    "io_error": "cannot be read or written: {reason}",
    "too_large": "needs more memory than there is: cut it first",
    "process_died": "ended the process that worked on it (status {status})",
    "unexpected": "cannot be processed: {reason}",
    "line_fields": "line {number}: {found} fields, expected path|speaker|language|text",
    "line_name": "line {number}: no name of a file, or one with control characters",
    "line_language": "line {number}: language {language!r} is none of zh, ja, en, ko, yue",
    "line_text_empty": "line {number}: no text",
    "line_duplicate": "line {number}: a line before it has the file name {name!r} too; rename the recording",
    "line_long": "line {number}: more than {most} bytes",
    "line_encoding": "line {number}: not UTF-8; save the list as UTF-8",
    "recording_missing": "line {number}: there is no recording {name!r} where recordings may be",
    "language_version": "line {number}: {version} does not speak {language}",
    "text_unreadable": "line {number}: the text cannot be read aloud: {reason}",
    "recording_loud": "peak {peak}, more than {most} of full scale; export it again",
    "recording_silent": "is silent",
    "recording_short": "is too short: {reason}",
    "nothing_heard": "nobody speaks in it",
    "language_heard": "{language} is spoken in it, which no model version speaks",
    "name_divides": "its path has '|' or a line break, which divide a list; rename it",
    "features_not_finite": "gives features that are not numbers",
    "features_missing": "has no {what}; run the step before",
    "features_unreadable": "its features cannot be read: {reason}",
}
"""One file is left out, the rest goes on."""
WARNINGS = {
    "length_unused": "line {number}: {seconds} s long; the training uses {shortest} to {longest} s",
    "text_too_long": "line {number}: {seconds} s are too short for this text, which takes {least} s at least",
    "text_too_short": "line {number}: {seconds} s are too long for this text, which takes {most} s at most",
    "asr_rough": "{model} recognises roughly: correct every text before training",
    "script_foreign": "line {number}: the text has nothing written in {language}",
}
"""Somebody should look at it; it is used all the same."""
_OF_FILES = FILE_PROBLEMS | WARNINGS
STEP_FAILURES = {
    "bad_option": "{option}: {reason}",
    "input_missing": "{path} is not there; check the path",
    "input_empty": "{path} has no files in it; put recordings there first",
    "output_unwritable": "{path} cannot be written: {reason}",
    "disk_full": "the disk is full ({path}); make room and start again: what is done is kept",
    "list_empty": "{path} has no lines",
    "list_unreadable": "{path} cannot be read as a list: {reason}",
    "model_missing": "{reason}",
    "model_unusable": "{reason}",
    "nothing_usable": "none of the {total} files could be used; the first: {reason}",
}
"""The step ends."""


@dataclass(frozen=True)
class Problem:
    """Why a file was left out, or should be looked at.

    Attributes:
        path: The file, as the user named it.
        code: A key of FILE_PROBLEMS or WARNINGS.
        parameters: What fills its words.
    """

    path: str
    code: str
    parameters: dict[str, Any]

    @property
    def message(self) -> str:
        """The English words."""
        return _OF_FILES[self.code].format(**self.parameters)


class ProblemError(Exception):
    """A file cannot be used; the rest goes on.

    Args:
        code: A key of FILE_PROBLEMS.
        parameters: What fills its words.
    """

    def __init__(self, code: str, **parameters: Any) -> None:
        super().__init__(FILE_PROBLEMS[code].format(**parameters))
        self.code, self.parameters = code, parameters


class StepError(Exception):
    """The step cannot be done or continued.

    Args:
        code: A key of STEP_FAILURES.
        parameters: What fills its words.
    """

    def __init__(self, code: str, **parameters: Any) -> None:
        super().__init__(STEP_FAILURES[code].format(**parameters))
        self.code, self.parameters = code, parameters

    def __reduce__(self) -> tuple[Any, ...]:
        """Cross a pipe between processes with code and parameters."""
        return _again, (self.code, self.parameters)


_FULL = {errno.ENOSPC, errno.EDQUOT}
_UNWRITABLE = {errno.EROFS, errno.EACCES, errno.EPERM}


def failure_of(error: OSError, path: str) -> StepError | None:
    """Return the failure of the step that an error of the system means; None where it concerns one file alone.

    Args:
        error: While something was written.
        path: Where the error does not say.
    """
    where = str(error.filename or path)
    if error.errno in _FULL:
        return StepError("disk_full", path=where)
    if error.errno in _UNWRITABLE:
        return StepError("output_unwritable", path=where, reason=error.strerror or str(error))
    return None


def _again(code: str, parameters: dict[str, Any]) -> StepError:
    return StepError(code, **parameters)
