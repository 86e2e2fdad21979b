"""Sharing the engine between owners by what they have been given, in seconds of computation."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class _Account:
    seconds: float
    requests: int = 0


class FairShare:
    """Start-time fair queueing: whoever was given least goes next; a newcomer starts level with the least served.

    Accounts exist while their owner has requests, so that idle time is no credit and the table does not grow.
    """

    def __init__(self) -> None:
        self._accounts: dict[str, _Account] = {}

    def enter(self, owner: str) -> None:
        """An owner has one more request."""
        if owner not in self._accounts:
            least = min((account.seconds for account in self._accounts.values()), default=0.0)
            self._accounts[owner] = _Account(least)
        self._accounts[owner].requests += 1

    def leave(self, owner: str) -> None:
        """An owner has one request less."""
        account = self._accounts[owner]
        account.requests -= 1
        if not account.requests:
            del self._accounts[owner]

    def charge(self, owner: str, seconds: float) -> None:
        """An owner was given computation."""
        self._accounts[owner].seconds += seconds

    def given(self, owner: str) -> float:
        """Seconds of computation an owner was given, counted from where it entered."""
        return self._accounts[owner].seconds
