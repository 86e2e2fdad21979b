"""What follows from a decoded token: progress, streamed audio, the end of an attempt, another attempt."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from GPT_SoVITS.engine.errors import SynthesisFailedError
from GPT_SoVITS.engine.messages import Retried
from GPT_SoVITS.scheduler.decoding import DecodeBatch, Outcome
from GPT_SoVITS.scheduler.pipeline import Pipeline
from GPT_SoVITS.scheduler.task import SegmentRun, SegmentStage, SoundSpan, Task, Try
from GPT_SoVITS.scheduler.weights_cache import CachedWeights
from GPT_SoVITS.t2s.decoding import Ending, Row

LOOK_EVERY = 32
"""Tokens between two looks at whether an attempt is worth going on with."""


def generated(row: Row) -> NDArray[np.int64]:
    """The tokens (N,) that a row has chosen, copied."""
    return row.tokens[row.prompt_length :].copy()


class RetryPolicy:
    """Turns outcomes of steps into the next stage of a segment."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline

    def advanced(self, outcome: Outcome, batch: DecodeBatch, entry: CachedWeights) -> bool:
        """Follow up an outcome; returns whether the sequence has left its slot."""
        task, run = outcome.slot.task, outcome.slot.run
        if outcome.fault is not None:
            batch.remove(run)
            self._broken(task, run, entry, outcome.fault)
            return True
        if outcome.replayed:
            return False
        assert run.row is not None  # noqa: S101
        task.progress(run)
        if run.row.ending is None and run.tokens % LOOK_EVERY == 0 and not run.said:
            self._look(run)
        if run.row.ending is not None:
            batch.remove(run)
            self._ended(task, run, entry)
            return True
        if task.streams:
            self._open_renderer(run, entry)
            assert run.renderer is not None  # noqa: S101
            run.renderer.offer(generated(run.row), False)
        return False

    def _look(self, run: SegmentRun) -> None:
        assert run.row is not None  # noqa: S101
        if self.pipeline.judge_so_far(generated(run.row)) is not None:
            run.row.ending = Ending.EARLY_STOP

    def _open_renderer(self, run: SegmentRun, entry: CachedWeights) -> None:
        if run.renderer is None:
            run.renderer = self.pipeline.renderer(entry.bundle, run.segment, run.number)

    def _ended(self, task: Task, run: SegmentRun, entry: CachedWeights) -> None:
        assert run.row is not None  # noqa: S101
        generation = run.row.result(always_drop_last=False)
        reason = self.pipeline.judge(generation, run.segment)
        if reason is None or run.said:
            # What has been heard cannot be taken back.
            tokens = generation.semantic
            if run.renderer is not None and generation.ending is not Ending.END_TOKEN:
                tokens = generated(run.row)  # as it was offered: the official result lacks the first of these
            run.warning = reason
            self._speak(task, run, entry, tokens)
            return
        run.tries.append(Try(run.number, generation, reason, self.pipeline.doubt(generation, run.segment)))
        self._again(task, run, entry, reason)

    def _broken(self, task: Task, run: SegmentRun, entry: CachedWeights, fault: str) -> None:
        if run.said:
            raise SynthesisFailedError(f"segment {run.index}: {fault}")
        self._again(task, run, entry, fault)

    def _again(self, task: Task, run: SegmentRun, entry: CachedWeights, reason: str) -> None:
        """Try another seed, or take the best of what there is."""
        run.renderer = run.row = None
        run.held, run.span = [], SoundSpan()
        if run.number < task.request.max_attempts:
            task.tell(Retried(task.request.request_id, run.index, run.number, reason))
            run.number += 1
            run.tokens = 0
            run.stage = SegmentStage.PREFILL
            return
        usable = [tried for tried in run.tries if len(tried.generation.semantic)]
        if not usable:
            raise SynthesisFailedError(
                f"segment {run.index}: {reason}, in {run.number} of {run.number} attempts; change the text, the "
                "reference or the seed"
            )
        best = min(usable, key=lambda tried: tried.doubt)
        run.warning = best.reason
        run.renderer = self.pipeline.renderer(entry.bundle, run.segment, best.number)
        self._speak(task, run, entry, best.generation.semantic)

    def _speak(self, task: Task, run: SegmentRun, entry: CachedWeights, tokens: NDArray[np.int64]) -> None:
        self._open_renderer(run, entry)
        assert run.renderer is not None  # noqa: S101
        run.tokens = len(tokens)
        run.stage = SegmentStage.RENDERING
        run.renderer.offer(tokens, True)
        if not run.renderer.pending:
            task.rendered(run, None, complete=True)
