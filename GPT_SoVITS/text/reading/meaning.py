"""What a stretch of text is meant as: the values of ``interpret-as`` of SSML's ``say-as``."""

from __future__ import annotations

from dataclasses import dataclass

SPELT = frozenset({"characters", "spell-out", "verbatim", "letters"})
"""Letter by letter and digit by digit."""
_NUMBERS = frozenset({"cardinal", "number", "ordinal", "digits", "telephone", "date", "time", "fraction"})
_BY_RULES = frozenset({"currency", "money", "unit", "measure"})
KINDS = SPELT | _NUMBERS | _BY_RULES
"""Values of ``interpret-as``; of others the text is read as it stands."""


@dataclass(frozen=True)
class Meaning:
    """What a stretch of text is meant as.

    Attributes:
        kind: One of :data:`KINDS`.
        form: The order of a date, ``mdy``.
    """

    kind: str
    form: str = ""
