"""Works on the items of a stage, in this process or in several.

The several processes hold one pipe each. When this process dies, their pipes end and they do too. One that dies over
an item costs that item alone: another takes its place.
"""

from __future__ import annotations

import logging
import multiprocessing
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import TypeAlias

from GPT_SoVITS.dataset.cancelling import Cancellation, Cancelled
from GPT_SoVITS.dataset.problems import Problem, ProblemError, StepError, failure_of
from GPT_SoVITS.dataset.work import Doubtful, Item, Outcome, Process, Stage

logger = logging.getLogger(__name__)
Result: TypeAlias = Outcome | Doubtful | Problem
_PATIENCE = 5.0
"""Seconds that a process has to give up the item in hand."""


def attempt(process: Process, item: Item) -> Result:
    """Do one item; say what is wrong with it where it cannot be done.

    Raises:
        StepError: nothing can be done any more.
    """
    try:
        return process(item)
    except ProblemError as error:
        return Problem(item.path, error.code, error.parameters)
    except MemoryError:
        return Problem(item.path, "too_large", {})
    except OSError as error:
        return _system_problem(item, error)
    except StepError:
        raise
    except Exception as error:  # one file's surprise must not cost the others; the log has where it came from
        logger.exception("%s", item.path)
        return Problem(item.path, "unexpected", {"reason": f"{type(error).__name__}: {error}"})


def _system_problem(item: Item, error: OSError) -> Problem:
    failure = failure_of(error, item.path)
    if failure is not None:
        raise failure from error
    return Problem(item.path, "io_error", {"reason": str(error)})


def results(stage: Stage, cancellation: Cancellation) -> Iterator[tuple[Item, Result]]:
    """Work on all items of a stage and give each with its result, as they come.

    Raises:
        StepError: the step cannot go on.
        Cancelled: the user wants an end; nothing runs any more.
    """
    processes = min(stage.processes, len(stage.items))
    if processes > 1:
        with _Pool(stage, processes, cancellation) as pool:
            yield from pool.results()
        return
    process = None
    for item in stage.items:
        with cancellation.interruptible():
            process = process or stage.open(0)
            result = attempt(process, item)
        yield item, result


@dataclass
class _Worker:
    process: BaseProcess
    pipe: Connection
    number: int
    item: Item | None = None


@dataclass
class _Pool:
    stage: Stage
    size: int
    cancellation: Cancellation
    _workers: list[_Worker] = field(default_factory=list)

    def __enter__(self) -> _Pool:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.process.terminate()
        for worker in self._workers:
            worker.process.join(_PATIENCE)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            worker.pipe.close()

    def results(self) -> Iterator[tuple[Item, Result]]:
        waiting = list(reversed(self.stage.items))
        with self.cancellation.interruptible():
            for number in range(self.size):
                self._give(self._start(number), waiting)
        while busy := [worker for worker in self._workers if worker.item is not None]:
            with self.cancellation.interruptible():
                ready = wait([worker.pipe for worker in busy])
            for worker in busy:
                if worker.pipe in ready:
                    yield self._take(worker, waiting)

    def _start(self, number: int) -> _Worker:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, self.stage.open, number), daemon=True)
        process.start()
        theirs.close()
        worker = _Worker(process, ours, number)
        self._workers.append(worker)
        return worker

    def _give(self, worker: _Worker, waiting: list[Item]) -> None:
        worker.item = waiting.pop() if waiting else None
        if worker.item is not None:
            try:
                worker.pipe.send(worker.item)
            except OSError:  # it has died; taking its result says so
                logger.warning("a process has ended before %s", worker.item.path)

    def _take(self, worker: _Worker, waiting: list[Item]) -> tuple[Item, Result]:
        item = worker.item
        assert item is not None  # noqa: S101
        try:
            result: Result | StepError = worker.pipe.recv()
        except (EOFError, OSError):
            result = self._bury(worker, item)
            worker = self._start(worker.number) if waiting else worker
        if isinstance(result, StepError):
            raise result
        self._give(worker, waiting)
        return item, result

    def _bury(self, worker: _Worker, item: Item) -> Problem:
        worker.process.join()
        worker.pipe.close()
        self._workers.remove(worker)
        worker.item = None
        return Problem(item.path, "process_died", {"status": worker.process.exitcode})


def _serve(pipe: Connection, opener: Callable[[int], Process], number: int) -> None:
    """Work on what comes through a pipe until it ends."""
    cancellation = Cancellation()
    try:
        with cancellation.listening(interrupts=False), cancellation.interruptible():
            _work(pipe, opener, number)
    except (Cancelled, EOFError, OSError):
        return


def _work(pipe: Connection, opener: Callable[[int], Process], number: int) -> None:
    process: Process | None = None
    while True:
        item = pipe.recv()
        try:
            process = process or opener(number)
            pipe.send(attempt(process, item))
        except StepError as error:
            pipe.send(error)
