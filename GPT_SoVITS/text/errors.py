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


class UnknownCuttingError(TextError):
    """The cutting method is none of those that exist."""


class DictionaryError(TextError):
    """A user pronunciation dictionary has lines that cannot be used; the message names each with its number."""
