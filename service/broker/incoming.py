"""A message as it came: what tells it apart, and its fields, whatever encoding they are in."""

from __future__ import annotations

import codecs
import contextlib
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from service.errors import ParameterError, TooLargeError, size_text

LONGEST_BODY = 1 << 20
"""Bytes of a body that may become a job: as of a request over HTTP."""
_LONGEST_ID = 120
_MOST_DEEP = 64
# What old publishers on Chinese systems write, after the encodings that can be told apart for certain.
_LAST_ENCODING = "gb18030"


@dataclass(frozen=True)
class Incoming:
    """A message.

    Attributes:
        exchange: Where it came.
        body: As it came.
        message_id: Its id, if its publisher gave one.
        correlation_id: What its publisher wants to find again in the answer.
        charset: The encoding that it says it has.
        redelivered: Whether the broker may have given it to somebody before.
    """

    exchange: str
    body: bytes
    message_id: str | None = None
    correlation_id: str | None = None
    charset: str | None = None
    redelivered: bool = False

    @property
    def key(self) -> str:
        """What tells it from others: its id, else a digest of its body."""
        if self.message_id and len(self.message_id) <= _LONGEST_ID and self.message_id.isprintable():
            return f"{self.exchange}/id/{self.message_id}"
        if self.message_id:
            return f"{self.exchange}/id-sha256/{hashlib.sha256(self.message_id.encode(errors='replace')).hexdigest()}"
        return f"{self.exchange}/sha256/{hashlib.sha256(self.body).hexdigest()}"

    @property
    def named(self) -> bool:
        """Whether its publisher gave it an id."""
        return bool(self.message_id)

    def fields(self) -> dict[str, Any]:
        """Return its fields.

        Raises:
            ParameterError: it is no JSON object, or holds what no database can.
            TooLargeError: it is too long.
        """
        if len(self.body) > LONGEST_BODY:
            raise TooLargeError("message_too_long", found=size_text(len(self.body)), limit=size_text(LONGEST_BODY))
        try:
            found = json.loads(self._text())
        except (ValueError, RecursionError):
            raise ParameterError("message_no_json") from None
        if not isinstance(found, dict):
            raise ParameterError("message_no_object", found=type(found).__name__)
        _check(found)
        return found

    def _text(self) -> str:
        for encoding in (self.charset, json.detect_encoding(self.body), _LAST_ENCODING):
            with contextlib.suppress(LookupError, UnicodeError):
                if encoding:
                    return self.body.decode(codecs.lookup(encoding).name).removeprefix("\ufeff")
        raise ValueError("no known encoding")


def _check(fields: dict[str, Any]) -> None:
    """Refuse what a database cannot hold: NUL, half characters, numbers without an end, nests without a bottom."""
    left: list[tuple[Any, int]] = [(fields, 0)]
    while left:
        value, depth = left.pop()
        if depth > _MOST_DEEP:
            raise ParameterError("message_too_deep", limit=_MOST_DEEP)
        if isinstance(value, dict):
            left.extend((each, depth + 1) for pair in value.items() for each in pair)
        elif isinstance(value, list):
            left.extend((each, depth + 1) for each in value)
        elif isinstance(value, float) and value - value != 0.0:
            raise ParameterError("message_no_json")
        elif isinstance(value, str) and ("\0" in value or not _encodable(value)):
            raise ParameterError("message_characters")


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
