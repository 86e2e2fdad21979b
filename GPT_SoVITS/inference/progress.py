"""How far a load is, from stages that are known before it begins."""

from __future__ import annotations

from collections.abc import Callable, Mapping

Step = Callable[[str], None]
"""Called before each step of loading or warming up with what comes, in words."""
Tell = Callable[[str, float], None]
"""Told what comes next, in words, and which part of the whole is done, 0 to 1."""

STAGES_NATIVE = {
    "weights": 6.5, "warm-up": 0.8, "HuBERT": 1.0, "content encoder": 0.1,
    "RoBERTa": 2.2, "speaker verifier": 0.6, "texts": 2.0,
}  # fmt: skip
"""Seconds of each stage at full size where everything is native (two processors)."""
STAGES_GRAPHS = {
    "weights": 6.5,
    "warm-up": 90.0,
    "HuBERT": 20.0,
    "content encoder": 5.0,
    "RoBERTa": 40.0,
    "speaker verifier": 12.0,
    "texts": 2.0,
}
"""The same where graphs are compiled."""


def nothing(words: str) -> None:
    """Tell nobody."""


class LoadMeter:
    """Adds up stages by what they take, and steps within a stage as equals.

    Args:
        stages: Name to seconds, in the order in which they come.
        tell: See :data:`Tell`; what it is told never falls.
    """

    def __init__(self, stages: Mapping[str, float], tell: Tell) -> None:
        self._stages, self._tell = dict(stages), tell

    def stage(self, name: str, steps: int = 1) -> Step:
        """Begin a stage, all before it counting as done; return what is to be called before each of its steps."""
        names = list(self._stages)
        before = sum(self._stages[each] for each in names[: names.index(name)])
        total, seconds, done = sum(self._stages.values()), self._stages[name], 0

        def step(words: str) -> None:
            nonlocal done
            self._tell(words, (before + seconds * min(done / steps, 1.0)) / total)
            done += 1

        return step
