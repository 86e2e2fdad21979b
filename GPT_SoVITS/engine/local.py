"""The engine on a thread of this process.

    engine = LocalEngine(EngineSettings(weights=WeightsPair("gpt.ckpt", "sovits.pth")))

MindSpore is imported when weights need graphs: on Ascend, without native code, for the speaker verifier of the Pro
versions. Everything else that speaks comes with this module; :mod:`GPT_SoVITS.engine.process` keeps callers light.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

from GPT_SoVITS import backend
from GPT_SoVITS.engine import attempts, planning
from GPT_SoVITS.engine.bundle import BUILD_STEPS, Bundle, OpenedPair, build_bundle, open_pair
from GPT_SoVITS.engine.errors import EngineError
from GPT_SoVITS.engine.features import Features
from GPT_SoVITS.engine.interface import Listener
from GPT_SoVITS.engine.messages import EngineSettings, EngineStatus, LoadedWeights, SynthesisRequest, WeightsPair
from GPT_SoVITS.engine.planning import Plan, SegmentPlan
from GPT_SoVITS.engine.progress import STAGES_GRAPHS, STAGES_NATIVE, LoadMeter
from GPT_SoVITS.engine.references import PreparedReference, References
from GPT_SoVITS.engine.resting import give_memory_back, let_go_of_code
from GPT_SoVITS.engine.scheduler import Limits, Scheduler
from GPT_SoVITS.engine.scheduler.pieces import Pump
from GPT_SoVITS.engine.speech import SegmentVoice
from GPT_SoVITS.engine.streaming import open_voice
from GPT_SoVITS.native import library
from GPT_SoVITS.t2s.backend import DecodeInput
from GPT_SoVITS.t2s.decoding import Generation

logger = logging.getLogger(__name__)

MIB = 1 << 20
LOADER_NICENESS = 5
"""Weights that are packed beside speech take what it leaves: its threads wait for one another at every layer."""


class EnginePieces:
    """The real steps of a synthesis: implements :class:`GPT_SoVITS.engine.scheduler.pieces.Pieces`."""

    def __init__(self, settings: EngineSettings) -> None:
        self.settings = settings
        self.features = Features(settings)
        self.references = References(self.features)
        self._native_failed = False

    def open(self, weights: WeightsPair) -> OpenedPair:
        """Open weight files, and tell whether loading them builds graphs."""
        opened = open_pair(weights)
        verifier = opened.version.startswith("v2Pro") and not self.features.has_speaker_verifier
        opened.needs_graphs = self._runs_graphs or verifier
        return opened

    @property
    def _runs_graphs(self) -> bool:
        """Whether decoder or vocoder are graphs here."""
        is_asked = "jit" in (self.settings.decode_backend, self.settings.vocoder_backend)
        return is_asked or self._native_failed or backend.current().is_ascend or library.load().handle is None

    def load(self, opened: OpenedPair, pump: Pump) -> Bundle:
        """Load weights and compile for them."""
        meter = LoadMeter(self._stages(opened), pump)
        bundle = build_bundle(opened, self.settings, self.features, meter.stage("weights", BUILD_STEPS))
        if bundle.needs_graphs:
            from GPT_SoVITS.compiled import check_convolution_speed

            check_convolution_speed()
        # Native code that failed its check does so for the next weights as well.
        self._native_failed |= bundle.decoder.needs_compiling
        if self.settings.warm_up:
            bundle.warm_up(lambda steps: meter.stage("warm-up", steps))
            self.features.warm_up(bundle.version, lambda name: meter.stage(name, 2))
        give_memory_back()
        let_go_of_code()
        return bundle

    def _stages(self, opened: OpenedPair) -> dict[str, float]:
        """The stages of a load that are to be done, and about how long each takes."""
        seconds = STAGES_GRAPHS if self._runs_graphs else STAGES_NATIVE
        coming = ["weights", *(["warm-up", *self.features.cold(opened.version)] if self.settings.warm_up else [])]
        return {name: seconds[name] for name in coming}

    def release(self, bundle: Bundle) -> None:
        """Forget what was computed with weights that have left."""
        self.references.forget(bundle)

    def validate(self, request: SynthesisRequest) -> None:
        """Check a request's fields."""
        planning.validate(request)

    def prepare(self, bundle: Bundle, request: SynthesisRequest) -> Generator[None, None, PreparedReference]:
        """Encode the reference."""
        return self.references.prepare(bundle, request.reference, ref_free=request.ref_free)

    def plan(self, bundle: Bundle, request: SynthesisRequest, reference: PreparedReference) -> Plan:
        """Cut and read the text."""
        return planning.plan(request, bundle, reference)

    def decode_input(self, segment: SegmentPlan) -> DecodeInput:
        """Compute a segment's features."""
        return segment.decode_input(self.features)

    def judge(self, generation: Generation, segment: SegmentPlan) -> str | None:
        """Say what is wrong with an attempt."""
        return attempts.judge(generation, segment)

    def judge_so_far(self, tokens: NDArray[np.int64]) -> str | None:
        """Say what is wrong with an attempt under way."""
        return attempts.judge_so_far(tokens)

    def doubt(self, generation: Generation, segment: SegmentPlan) -> float:
        """Rate an attempt."""
        return attempts.doubt(generation, segment)

    def voice(self, bundle: Bundle, segment: SegmentPlan, attempt: int) -> SegmentVoice:
        """Begin the audio of an attempt."""
        return open_voice(bundle, segment, attempt)


def resident_bytes() -> int:
    """Return the resident memory of this process, 0 where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def give_way() -> None:
    """Let every other thread of this process go before the calling one, for as long as it lives (Linux)."""
    if sys.platform == "linux":
        thread = threading.get_native_id()
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + LOADER_NICENESS)


class LocalEngine:
    """Speaks on a thread of this process; see :class:`GPT_SoVITS.engine.interface.Engine`.

    Returns from the constructor at once; requests wait while weights load. Settings that cannot be met (no such
    weights) leave an engine without weights, whose status says why.

    Args:
        settings: How it is set up.
        held: While it says True nothing is computed (see :class:`Scheduler`).
    """

    def __init__(self, settings: EngineSettings, held: Callable[[], bool] = lambda: False) -> None:
        self.settings = settings
        self._pieces = EnginePieces(settings)
        limits = Limits(settings.max_rows, settings.max_requests, settings.memory_budget_mb * MIB)
        self._texts = ThreadPoolExecutor(max_workers=1, thread_name_prefix="engine-text")
        self._loader = ThreadPoolExecutor(1, "engine-load", initializer=give_way)
        self.scheduler = Scheduler(self._pieces, limits, self._texts, held, beside=self._loader)
        self.scheduler.starting = True
        self._device = ""
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._thread.start()

    def submit(self, request: SynthesisRequest, listener: Listener) -> None:
        """See :meth:`Engine.submit`."""
        self.scheduler.submit(request, listener)

    def cancel(self, request_id: str) -> None:
        """See :meth:`Engine.cancel`."""
        self.scheduler.cancel(request_id)

    def load(self, weights: WeightsPair, *, make_current: bool = True) -> Future[LoadedWeights]:
        """See :meth:`Engine.load`."""
        return self.scheduler.load(weights, make_current=make_current)

    def status(self) -> EngineStatus:
        """See :meth:`Engine.status`."""
        return replace(self.scheduler.status(), device=self._device or "CPU", memory_bytes=resident_bytes())

    def close(self, timeout: float = 10.0) -> None:
        """See :meth:`Engine.close`."""
        self.scheduler.close(timeout)
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout + 1)
        for executor in (self._texts, self._loader):
            executor.shutdown(wait=False, cancel_futures=True)
        self._pieces.references.close()

    def _run(self) -> None:
        try:
            self._start()
        except Exception as error:
            logger.exception("the engine could not be set up")
            self.scheduler.no_weights = f"the engine could not be set up: {error}"
        self.scheduler.starting = False
        self.scheduler.run()

    def _start(self) -> None:
        settings = self.settings
        target = cast(Literal["Ascend", "CPU"] | None, settings.device_target)
        # Device number 0 is the default and leaves the choice to the environment's variables.
        chosen = backend.configure(target, settings.device_id or None)
        self._device = f"Ascend:{chosen.device_id}" if chosen.is_ascend else "CPU"
        if settings.weights is None:
            return
        try:
            self.scheduler.load_now(settings.weights, make_current=True)
        except EngineError as error:
            logger.error("the weights cannot be used: %s", error)
            self.scheduler.no_weights = str(error)
