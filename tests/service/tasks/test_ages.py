"""Retention counts time that really passed, whatever the clock shows."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from service.ages import PassedTime

DAY = 86400.0


class World:
    """Time that passes, a clock that may be wrong, a machine that may be off."""

    def __init__(self, path: Path) -> None:
        self.true, self.wrong, self.boot, self.booted = 0.0, 1.7e9, 1, -1000.0
        self.path, self.kept = path, self._opened(path)

    def _opened(self, path: Path) -> PassedTime:
        return PassedTime(path, lambda: self.true + self.wrong, lambda: self.true - self.booted, lambda: str(self.boot))

    def runs(self, seconds: float) -> None:
        """The service runs, and looks three times."""
        for _ in range(3):
            self.true += seconds / 3
            self.before()

    def before(self) -> float:
        return self.kept.before(7 * DAY)

    def clock(self) -> float:
        """What a file that is written now bears."""
        self.before()
        return self.true + self.wrong

    def restarts(self, *, off: float = 0.0, boots: bool = False) -> None:
        """The service, or the machine, was off."""
        self.true += off
        if boots:
            self.boot, self.booted = self.boot + 1, self.true - 60
        self.kept = self._opened(self.path)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "clock.json")


def test_results_go_after_a_week_and_not_before(world: World) -> None:
    written = world.clock()
    world.runs(6.9 * DAY)
    assert written >= world.before()
    world.runs(0.2 * DAY)
    assert written < world.before()


@pytest.mark.parametrize("jump", [DAY * 365 * 10, -DAY * 365 * 10])
@pytest.mark.parametrize("restart", ["none", "service", "machine"])
def test_a_clock_that_jumps_makes_nothing_old(world: World, jump: float, restart: str) -> None:
    before = world.clock()
    world.runs(DAY)
    world.wrong += jump
    if restart != "none":
        world.restarts(off=3600, boots=restart == "machine")
    world.runs(2 * DAY)
    assert before >= world.before()
    during = world.clock()
    world.wrong -= jump
    after = world.clock()
    world.runs(3 * DAY)
    assert min(before, during, after) >= world.before()
    if jump > 0:
        world.runs(9 * DAY)
        assert before < world.before() and after < world.before(), "a week has passed for both"


def test_a_service_that_was_off_counts_the_time_while_the_machine_ran(world: World) -> None:
    written = world.clock()
    world.restarts(off=8 * DAY)
    assert written < world.before()


def test_time_while_the_machine_was_off_does_not_count(world: World) -> None:
    written = world.clock()
    world.restarts(off=30 * DAY, boots=True)
    assert written >= world.before()
    world.runs(7 * DAY + 10)
    assert written < world.before()


def test_readings_that_are_lost_or_cannot_be_kept_stop_nothing(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.runs(DAY)
    world.path.write_text("{")
    world.restarts()
    written = world.clock()
    monkeypatch.setattr("service.ages.write_atomically", lambda *_: (_ for _ in ()).throw(OSError(28, "full")))
    world.wrong += 100 * DAY
    world.runs(DAY)
    assert written >= world.before()


def test_nothing_written_within_a_week_of_passed_time_is_ever_old(tmp_path: Path) -> None:
    for seed in range(5):
        chance, world = random.Random(seed), World(tmp_path / f"{seed}.json")
        written: list[tuple[float, float]] = []
        for _ in range(25):
            written.append((world.true, world.clock()))
            match chance.randrange(4):
                case 0:
                    world.wrong += chance.choice((1, -1)) * 10 ** chance.uniform(1, 9)
                case 1:
                    world.restarts(off=chance.uniform(0, 3 * DAY), boots=chance.random() < 0.5)
            world.runs(chance.uniform(0, DAY))
            before = world.before()
            assert all(at < world.true - 7 * DAY or shown >= before for at, shown in written), seed
