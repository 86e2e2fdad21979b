"""Users take turns; what is foretold is what happens."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.jobs.estimate import SpeedMeter, forecast
from service.jobs.fairness import Place, fair_order
from service.speech.records import KIND
from tests.service.tasks.bench import Bench

pytestmark = pytest.mark.both_databases


def _names(places: list[Place]) -> list[str]:
    return [place.job_id for place in places]


def test_one_task_of_another_user_goes_second_behind_a_thousand() -> None:
    crowd = [Place(1, key, f"a{key}", "crowd") for key in range(1000)]
    late = Place(1, 1000, "late", "loner")
    assert _names(fair_order([*crowd, late], {}))[:3] == ["a0", "late", "a1"]


def test_whoever_had_the_last_turn_waits_for_the_others() -> None:
    waiting = [Place(1, 1, "a", "ann"), Place(1, 2, "b", "bob"), Place(1, 3, "c", "cid")]
    assert _names(fair_order(waiting, {"ann": 7, "bob": 3})) == ["c", "b", "a"]


def test_priority_counts_among_the_tasks_of_one_user_only() -> None:
    waiting = [Place(1, 1, "a1", "ann"), Place(0, 9, "a0", "ann"), Place(1, 2, "b", "bob")]
    assert _names(fair_order(waiting, {})) == ["a0", "b", "a1"]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 2)), max_size=30))
def test_everybody_is_served_once_and_no_user_twice_while_another_waits(tasks: list[tuple[str, int]]) -> None:
    places = [Place(priority, key, str(key), user) for key, (user, priority) in enumerate(tasks)]
    order = fair_order(places, {})
    assert sorted(order) == sorted(places)
    for number, place in enumerate(order[1:], start=1):
        if order[number - 1].user_id == place.user_id:
            assert {later.user_id for later in order[number:]} == {place.user_id}


def test_claims_follow_the_order_foretold(bench: Bench) -> None:
    for number, user in enumerate("aababcaacb"):
        bench.submit(f"t{number}", user)
    for _ in range(3):
        bench.claim("w", 60)
    foretold = bench.jobs.reader.forecast(KIND).position
    claimed = []
    while (lease := bench.claim("w", 60)) is not None:
        claimed.append(lease.job.job_id)
    assert claimed == sorted(foretold, key=lambda name: foretold[name])


def test_the_estimate_is_the_characters_ahead_over_the_measured_speed() -> None:
    order = [Place(1, 1, "x", "u", 100), Place(1, 2, "y", "v", 50)]
    found = forecast(order, [("r", 30), ("s", 10)])
    assert found.position == {"x": 1, "y": 2}
    assert found.seconds("y", 10.0) == 19.0
    assert found.seconds("s", 10.0) == 2.0, "two running tasks share the engine"
    assert found.seconds("r", 10.0) == 4.0
    assert found.seconds("x", None) is None


def test_speed_counts_only_time_in_which_something_runs() -> None:
    now = [0.0]
    meter = SpeedMeter(lambda: now[0])
    assert meter.rate() is None
    meter.begin()
    now[0] = 2.0
    meter.done(20)
    meter.end()
    now[0] = 100.0
    assert meter.rate() == 10.0
