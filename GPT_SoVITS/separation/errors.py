"""What can go wrong when a recording is separated."""

from __future__ import annotations


class SeparationError(ValueError):
    """A recording or a model cannot be used; the message says why and what to do."""
