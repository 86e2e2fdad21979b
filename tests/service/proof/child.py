"""The engine process of the proofs: the real pipe and supervisor around the fake engine, with a log of its speech."""

from __future__ import annotations

import os
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from GPT_SoVITS.engine.interface import Listener
from GPT_SoVITS.engine.messages import EngineSettings, Event, SegmentDone, SynthesisRequest
from GPT_SoVITS.process import child as process_child
from GPT_SoVITS.testing.fake import FakeEngine

SECONDS = "PROOF_SECONDS_PER_SEGMENT"
SPOKEN = "PROOF_SPOKEN"
PARALLEL = "PROOF_PARALLEL"


class LoggedEngine(FakeEngine):
    """Writes down every segment that it has spoken: text, number and time, one line each."""

    def __init__(self, log: Path | None, **how: Any) -> None:
        super().__init__(**how)
        self.scheduler = SimpleNamespace(silent=0.0, doing="")
        self._log = log

    def submit(self, request: SynthesisRequest, listener: Listener) -> None:
        """See :meth:`Engine.submit`."""

        def listen(event: Event) -> None:
            if isinstance(event, SegmentDone) and self._log is not None:
                with self._log.open("a") as file:
                    file.write(f"{request.text}\t{event.segment}\t{time.time()}\n")
            listener(event)

        super().submit(request, listen)


class FakeChild(process_child.Child):
    """Serves one owner with the fake."""

    def start(self, settings: EngineSettings) -> None:
        """Open the engine."""
        spoken = os.environ.get(SPOKEN)
        self.engine = LoggedEngine(  # type: ignore[assignment]
            Path(spoken) if spoken else None,
            seconds_per_segment=float(os.environ.get(SECONDS, "0.1")),
            parallel=int(os.environ.get(PARALLEL, "8")),
        )


def main(descriptor: int, owner: int) -> None:
    """As the real one's."""
    process_child.Child = FakeChild  # type: ignore[misc]
    process_child.main(descriptor, owner)
