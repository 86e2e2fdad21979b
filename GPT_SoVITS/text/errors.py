"""Errors of the text front end."""

from __future__ import annotations

from typing import ClassVar


class TextError(ValueError):
    """The text cannot be turned into phonemes; the message says what was found and what to do."""

    code: ClassVar[str] = "text_unreadable"
    """Stable name, for programs and for words in other languages."""


class EmptyTextError(TextError):
    """Nothing in the text can be spoken (blank, only punctuation, only emoji)."""

    code = "text_empty"


class UnsupportedLanguageError(TextError):
    """The language is unknown, or the model version does not speak it."""

    code = "text_language_unsupported"


class MissingResourceError(TextError):
    """A package or data file that this language needs is not installed; the message has the command that mends it."""

    code = "text_resource_missing"


class UnknownCuttingError(TextError):
    """The cutting method is none of those that exist."""

    code = "cutting_unknown"


class UnknownReadingError(TextError):
    """The reading is none of those that exist."""

    code = "reading_unknown"


class DictionaryError(TextError):
    """A user pronunciation dictionary has lines that cannot be used; the message names each with its number."""

    code = "dictionary_unusable"
