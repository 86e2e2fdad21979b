"""Errors of fetching and checking, each with its message in English (`str`) and Chinese (`text("zh")`)."""

from __future__ import annotations

from collections.abc import Sequence

from GPT_SoVITS.resources.messages import say


class ResourceError(Exception):
    """Base of all; `key` names the message, `params` fill it."""

    def __init__(self, key: str, **params: object) -> None:
        super().__init__(key, params)
        self.key = key
        self.params = params

    def text(self, language: str) -> str:
        """Return the message in `zh` or `en`."""
        return say(self.key, language, **self.params)

    def __str__(self) -> str:
        return self.text("en")


class UnknownResourceError(ResourceError):
    """An id that the manifest does not have."""


class MissingLibraryError(ResourceError):
    """A hub's client library is not installed; the message holds the pip command."""


class UnreachableError(ResourceError):
    """The host did not answer: no network, a blocked address, a wrong mirror."""


class NotAvailableError(ResourceError):
    """The host answered, and does not have the file or does not give it."""


class TransferError(ResourceError):
    """The transfer broke off, could not be written, or brought something else than the manifest states."""


class FetchError(ResourceError):
    """A file or archive could not be had from any of its sources; `reasons` has one error per source."""

    def __init__(self, name: str, reasons: Sequence[ResourceError]) -> None:
        super().__init__("all_failed", name=name)
        leaves = (reason.reasons if isinstance(reason, FetchError) else (reason,) for reason in reasons)
        self.reasons: tuple[ResourceError, ...] = tuple(reason for group in leaves for reason in group)

    def text(self, language: str) -> str:
        """Return the message with every distinct reason on a line of its own."""
        lines = dict.fromkeys(reason.text(language) for reason in self.reasons)
        return say(self.key, language, reasons="\n".join(f"- {line}" for line in lines), **self.params)
