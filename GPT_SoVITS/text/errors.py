"""Errors of the text front end."""

from __future__ import annotations


class TextError(ValueError):
    """The text cannot be turned into phonemes; the message says what was found and what to do."""


class EmptyTextError(TextError):
    """Nothing in the text can be spoken (blank, only punctuation, only emoji)."""


class UnsupportedLanguageError(TextError):
    """The language is unknown, or the model version does not speak it."""


class MissingResourceError(TextError):
    """A package or data file that this language needs is not installed; the message has the command that mends it."""
