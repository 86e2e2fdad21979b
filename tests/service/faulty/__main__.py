"""``python -m tests.service.faulty ROOT STEP ERROR...``: every write of every change fails; prints figures as JSON.

With a step above 1 only some of the writes do. Started with a disk that fails, see :mod:`tests.service.faulty.disk`.
"""

from __future__ import annotations

import contextlib
import errno
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from GPT_SoVITS.testing.fake import FakeEngine
from service.app import create_app
from service.database import commit_outcome
from service.settings import load_settings
from service.voices.store import VoiceStore
from tests.service.conftest import Running, listening
from tests.service.faulty.changes import CHANGES, Change
from tests.service.faulty.disk import Disk
from tests.service.samples import picture, post_voice
from tests.service.weights.test_weights import write_gpt, write_sovits

_MOST = 200
_REFUSED = (507, 503)


@contextlib.contextmanager
def _serving(root: Path) -> Iterator[Running]:
    """A service that works on no task, so that nothing writes but what a test asks for."""
    engine = FakeEngine()
    settings = load_settings(root=root, host="127.0.0.1", worker=False, log_level="error")
    app = create_app(settings, engine)
    with listening(app) as address, httpx.Client(base_url=address, timeout=60, trust_env=False) as client:
        yield Running(client, app, engine, settings)
    engine.close(1.0)


def _furnished(running: Running) -> None:
    for name in ("a", "b"):
        write_gpt(running.root / f"GPT_weights/{name}.ckpt")
        write_sovits(running.root / f"SoVITS_weights/{name}.pth")
    post_voice(running.client, picture(size=(64, 64)))
    for name in ("books", "other"):
        running.client.post("/voice-categories", json={"category_id": name, "category_name": name})
    for change in CHANGES:
        change.undo(running)


class Trial:
    """One change with one write that fails, and what has to hold then.

    Args:
        running: The service.
        disk: Fails.
        problems: Takes what did not hold.
    """

    def __init__(self, running: Running, disk: Disk, problems: list[str]) -> None:
        self._running, self._disk, self._problems = running, disk, problems
        self.count: dict[str, int] = {}

    def one(self, change: Change, number: int, error: int, *, staying: bool) -> bool:
        """Try; return whether a write failed."""
        running, name = self._running, errno.errorcode[error]
        self.put_back(change)
        with self._disk.failing([running.root], number, error, staying=staying):
            answer = change.ask(running)
        if not self._disk.failed:
            assert answer.status_code == 200, f"{change.name}: {answer.text}"
            return False
        self.count[name] = self.count.get(name, 0) + 1
        what = f"{change.name}, write {number} ({self._disk.failed}, {name}{', staying' if staying else ''})"
        known = len(self._problems)
        self._judge(change, answer, what)
        for problem in self._problems[known:]:
            print(problem, file=sys.stderr, flush=True)
        return True

    def put_back(self, change: Change) -> None:
        """Let things be as before the change, also where they were found half done."""
        change.undo(self._running)
        if change.done(self._running) is not False:
            self._running.app.state.container.get(VoiceStore).sweep()
            change.undo(self._running)
        assert change.done(self._running) is False, f"{change.name}: {change.done(self._running)} cannot be undone"

    def _known(self, change: Change, answer: httpx.Response) -> Any:
        """Whether it was carried out; where a commit was cut off, it is put right a moment later."""
        if "commit_unknown" in answer.text:
            deadline = time.monotonic() + 60
            while change.done(self._running) not in (True, False) and time.monotonic() < deadline:
                time.sleep(0.02)
        return change.done(self._running)

    def _judge(self, change: Change, answer: httpx.Response, what: str) -> None:
        running, done = self._running, self._known(change, answer)
        if done not in (True, False) and change.two_files and self._disk.failed == "rename" and "staying" in what:
            pass  # two files have to change, and the disk refuses to put the first one back
        elif done not in (True, False):
            self._problems.append(f"{what}: half done: {done}; answer {answer.status_code} {answer.text[:200]}")
        elif answer.status_code == 200 and not done:
            self._problems.append(f"{what}: accepted and lost")
        elif answer.status_code != 200 and answer.status_code not in _REFUSED:
            self._problems.append(f"{what}: {answer.status_code} {answer.text[:300]}")
        elif answer.status_code != 200 and done and "commit_unknown" not in answer.text:
            self._problems.append(f"{what}: refused and done all the same: {answer.text[:200]}")
        if done is False and (again := change.ask(running)).status_code != 200:
            self._problems.append(f"{what}: afterwards {again.status_code} {again.text[:300]}")
        left = [path.name for folder in (".staging", ".trash") for path in (running.root / "audio" / folder).glob("*")]
        if left:
            self._problems.append(f"{what}: left {left}")
            running.app.state.container.get(VoiceStore).sweep()


def main(root: Path, step: int, errors: list[int]) -> None:
    """Try everything."""
    commit_outcome._PATIENCE_S, commit_outcome._PAUSE_S = 0.05, 0.02  # a disk that stays broken is not waited for
    disk, problems, counts = Disk(), list[str](), dict[str, dict[str, int]]()
    with _serving(root) as running:
        _furnished(running)
    with _serving(root) as running:
        for change in CHANGES:
            trial = Trial(running, disk, problems)
            for error in errors:
                for staying in (False, True):
                    for number in range(1, _MOST, step):
                        if not trial.one(change, number, error, staying=staying):
                            break
            trial.put_back(change)
            counts[change.name] = trial.count
    with _serving(root) as running:  # what a start makes of it
        after = {change.name: change.done(running) for change in CHANGES}
    lost = [f"{name}: {done} after a start" for name, done in after.items() if done is not False]
    print(json.dumps({"counts": counts, "problems": problems, "lost": lost}, ensure_ascii=False))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), [getattr(errno, name) for name in sys.argv[3:]])
