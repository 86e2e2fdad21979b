"""Figures of tasks for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram

from service.jobs.records import Change, EventType
from service.speech.records import speech

_SECONDS = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600)


class TaskMetrics:
    """Counts what happens to tasks.

    Args:
        registry: Where the figures are read.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._events = Counter("voice_task_events", "What happened to tasks", ["kind"], registry=registry)
        self._audio = Counter("voice_task_audio_seconds", "Audio of finished tasks", registry=registry)
        self._seconds = Histogram(
            "voice_task_duration_seconds", "From submission to result", buckets=_SECONDS, registry=registry
        )

    def count(self, change: Change) -> None:
        """Count a change."""
        event, job = change.event, change.job
        self._events.labels(event.type).inc()
        if event.type == EventType.DONE.value and job is not None:
            self._audio.inc(speech(job).audio_seconds or 0.0)
            self._seconds.observe(max(0.0, event.at - job.created_at))
