"""The engine on a thread of this process.

    engine = LocalEngine(EngineSettings(weights=WeightsPair("gpt.ckpt", "sovits.pth")))

MindSpore is imported when weights need graphs: on Ascend, or without native code. Everything else that speaks comes
with this module; :mod:`GPT_SoVITS.process.start` keeps callers light.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Literal, cast

from GPT_SoVITS import backend
from GPT_SoVITS.engine.errors import EngineError
from GPT_SoVITS.engine.messages import EngineSettings, EngineStatus, WeightsPair
from GPT_SoVITS.inference import attempts, planning
from GPT_SoVITS.inference.bundle import BUILD_STEPS, Bundle, OpenedPair, build_bundle, open_pair
from GPT_SoVITS.inference.features import Features
from GPT_SoVITS.inference.idle_unload import let_go_of_code
from GPT_SoVITS.inference.planning import SegmentPlan
from GPT_SoVITS.inference.progress import STAGES_GRAPHS, STAGES_NATIVE, LoadMeter
from GPT_SoVITS.inference.reading import FIRST_TEXTS, read_dictionaries
from GPT_SoVITS.inference.references import References
from GPT_SoVITS.inference.streaming import open_renderer
from GPT_SoVITS.layers.memory import give_memory_back
from GPT_SoVITS.scheduler import Scheduler, SchedulerLimits
from GPT_SoVITS.scheduler.pipeline import Pump
from GPT_SoVITS.t2s.backend import DecodeInput

logger = logging.getLogger(__name__)

MIB = 1 << 20
LOADER_NICENESS = 5
"""Weights that are packed beside speech take what it leaves: its threads wait for one another at every layer."""


class SynthesisPipeline:
    """The real steps of a synthesis: implements :class:`GPT_SoVITS.scheduler.pipeline.Pipeline`.

    A step that some other module does stands here by name; nothing lies between it and the scheduler.
    """

    validate = staticmethod(planning.validate)
    plan = staticmethod(planning.plan)
    judge = staticmethod(attempts.judge)
    judge_so_far = staticmethod(attempts.judge_so_far)
    doubt = staticmethod(attempts.doubt)
    renderer = staticmethod(open_renderer)

    def __init__(self, settings: EngineSettings) -> None:
        self.settings = settings
        self.features = Features(settings)
        self.references = References(self.features)
        self.prepare = self.references.prepare
        self.release = self.references.forget

    def open(self, weights: WeightsPair) -> OpenedPair:
        """Open weight files, and tell whether loading them builds graphs."""
        opened = open_pair(weights, self.features.parts)
        opened.needs_graphs = self.features.builds_graphs_for(opened.version)
        return opened

    def load(self, opened: OpenedPair, pump: Pump) -> Bundle:
        """Load weights and compile for them."""
        meter = LoadMeter(self._stages(opened), pump)
        bundle = build_bundle(opened, self.settings, self.features, meter.stage("weights", BUILD_STEPS))
        if bundle.needs_graphs:
            from GPT_SoVITS.compiled import check_convolution_speed

            check_convolution_speed()
        if bundle.decoder.needs_compiling:
            self.features.note_failure()
        if self.settings.warm_up:
            bundle.warm_up(lambda steps: meter.stage("warm-up", steps))
            self.features.warm_up(bundle.companions, lambda name: meter.stage(name, 2))
            read_dictionaries(bundle.version, meter.stage("texts", len(FIRST_TEXTS)))
        give_memory_back()
        let_go_of_code()
        return bundle

    def decode_input(self, segment: SegmentPlan) -> DecodeInput:
        """Compute a segment's features."""
        return segment.decode_input(self.features)

    def _stages(self, opened: OpenedPair) -> dict[str, float]:
        """The stages of a load that are to be done, and about how long each takes."""
        seconds = STAGES_GRAPHS if self.features.execution.loads_graphs else STAGES_NATIVE
        coming = [
            "weights",
            *(["warm-up", *self.features.cold(opened.companions), "texts"] if self.settings.warm_up else []),
        ]
        return {name: seconds[name] for name in coming}


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
        self._pipeline = SynthesisPipeline(settings)
        limits = SchedulerLimits(settings.max_rows, settings.max_requests, settings.memory_budget_mb * MIB)
        self._texts = ThreadPoolExecutor(max_workers=1, thread_name_prefix="engine-text")
        self._loader = ThreadPoolExecutor(1, "engine-load", initializer=give_way)
        self.scheduler = Scheduler(self._pipeline, limits, self._texts, held, beside=self._loader)
        self.submit, self.cancel, self.load = self.scheduler.submit, self.scheduler.cancel, self.scheduler.load
        self.scheduler.starting = True
        self._device = ""
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._thread.start()

    def status(self) -> EngineStatus:
        """Return what is known now: the scheduler's view, the device and this process's memory."""
        return replace(self.scheduler.status(), device=self._device or "CPU", memory_bytes=resident_bytes())

    def close(self, timeout: float = 10.0) -> None:
        """Stop the scheduler, its threads and the readers of references; see the interface for ``timeout``."""
        self.scheduler.close(timeout)
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout + 1)
        for executor in (self._texts, self._loader):
            executor.shutdown(wait=False, cancel_futures=True)
        self._pipeline.references.close()

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
