"""The service with trainings that only count, behind HTTP."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.service.conftest import Running, Starter
from tests.service.training.bench import fake_steps, networks
from tests.waiting import eventually

__all__ = ["serving"]


@pytest.fixture
def serving(start: Starter, monkeypatch: pytest.MonkeyPatch) -> Running:
    """A service whose trainings only count."""
    fake_steps(monkeypatch.setattr)
    running = start()
    networks(running.root)
    return running


def session(client: httpx.Client, session_id: str) -> dict[str, Any]:
    """Return a session."""
    answer = client.get(f"/gpt_sovits/jobs/{session_id}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["data"]
    return found


def until_state(client: httpx.Client, session_id: str, *states: str, seconds: float = 120) -> dict[str, Any]:
    """Wait until a session is in one of some states; return it."""
    eventually(lambda: session(client, session_id)["state"] in states, seconds=seconds)
    return session(client, session_id)
