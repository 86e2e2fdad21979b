"""One turn after the other: what is done between two decode steps, and what comes out at the end."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from GPT_SoVITS.engine.errors import EngineBusyError, EngineClosedError, InvalidRequestError, SynthesisFailedError
from GPT_SoVITS.engine.messages import (
    AudioChunk,
    Cancelled,
    Failed,
    Finished,
    Priority,
    Progress,
    Retried,
    SegmentDone,
    Started,
    Streaming,
)
from tests.engine.listening import Story
from tests.scheduler.doubles import FIRST, RATE, Desk, ScriptedDecoder, World, solo


def failure(story: Story) -> Exception:
    last = story.events[-1]
    assert isinstance(last, Failed), last
    return last.error


def test_a_prefill_in_pieces_lets_steps_through() -> None:
    desk = Desk(World(divided_prefill=True))
    first = desk.ask("a:60")
    desk.until("step first a")
    second = desk.ask("b:20")
    gone = desk.ask("c:20", request_id="c")
    desk.until("piece c")
    desk.scheduler.cancel("c")
    journal = desk.finish()
    pieces = [index for index, line in enumerate(journal) if line in ("piece b", "prefill b")]
    assert len(pieces) == 3
    assert all("step first a" in journal[start:end] for start, end in itertools.pairwise(pieces))
    assert np.array_equal(first.audio, solo("a:60"))
    assert np.array_equal(second.audio, solo("b:20"))
    assert isinstance(gone.events[-1], Cancelled)


def test_one_request_from_text_to_audio() -> None:
    desk = Desk()
    story = desk.ask("a:15|b:12")
    desk.finish()
    assert [type(event) for event in story.events if not isinstance(event, Progress)] == [
        Started, AudioChunk, SegmentDone, AudioChunk, SegmentDone, Finished,
    ]  # fmt: skip
    started, (first, second) = story.all(Started)[0], story.all(SegmentDone)
    assert (started.segments, started.seed, started.weights, started.sample_rate) == (("a", "b"), 1, FIRST, RATE)
    assert (first.tokens, second.tokens) == (15, 12)
    silence = 0.1
    assert [first.start, first.end] == pytest.approx([0, 15 / 25])
    assert [second.start, second.end] == pytest.approx([15 / 25 + silence, 27 / 25 + silence])
    finished = story.all(Finished)[0]
    assert finished.audio_seconds == len(story.audio) / RATE == pytest.approx(27 / 25 + 2 * silence)
    assert finished.timings.total >= finished.timings.first_audio > 0
    for part in ("reference", "text", "prefill", "decode", "vocoder"):
        assert getattr(finished.timings, part) > 0, part


@pytest.mark.parametrize("streaming", list(Streaming))
def test_silence_that_a_text_begins_with_comes_first(streaming: Streaming) -> None:
    desk = Desk()
    story = desk.ask("_a:15|b:12", streaming=streaming)
    desk.finish()
    first, second = story.all(SegmentDone)
    assert not story.audio[: RATE // 2].any() and story.audio[RATE // 2]
    assert [first.start, first.end] == pytest.approx([0.5, 0.5 + 15 / 25])
    assert second.start == pytest.approx(0.5 + 15 / 25 + 0.1)


def test_between_two_steps_at_most_one_unit_of_other_work() -> None:
    desk = Desk()
    for index in range(8):
        desk.ask(f"{index}a:30|{index}b:25", owner=str(index % 3), streaming=Streaming(index % 4))
    journal = desk.finish()
    first, last = (place(journal) for place in (first_step, last_step))
    # Reading a text is done on another thread; here it runs in the unit that prepared its reference.
    counted = [line for line in journal[first:last] if not line.startswith("plan")]
    between = [len(list(units)) for step, units in itertools.groupby(counted, is_step) if not step]
    assert max(between) == 1


def test_units_that_take_no_time_count_as_one_together() -> None:
    desk = Desk(World(unit_seconds=0.001, reference_units=6))
    desk.ask("a:60")
    desk.until("step first a")
    begun = len(desk.world.journal)
    desk.ask("b:20")
    journal = desk.finish()[begun:]
    units = [len(list(lines)) for step, lines in itertools.groupby(journal[: last_step(journal)], is_step) if not step]
    # A quarter of a step of 20 ms; the plan runs within the unit that ended the reference.
    assert 4 <= max(units) <= 6


def is_step(line: str) -> bool:
    return line.startswith("step")


def first_step(journal: list[str]) -> int:
    return next(i for i, line in enumerate(journal) if is_step(line))


def last_step(journal: list[str]) -> int:
    return max(i for i, line in enumerate(journal) if is_step(line))


def test_sequences_join_and_leave_between_steps() -> None:
    desk = Desk()
    desk.ask("long:60")
    desk.until("step first long")
    desk.ask("short:12", owner="other")
    journal = desk.finish()
    steps = [line for line in journal if is_step(line)]
    together = [i for i, line in enumerate(steps) if line == "step first long short"]
    assert len(together) == 11 or len(together) == 12
    assert 0 < together[0] < together[-1] < len(steps) - 1
    assert together == list(range(together[0], together[-1] + 1))


def test_audio_is_the_same_in_any_company() -> None:
    desk = Desk(max_rows=4)
    wanted = {f"{name}:{15 + number}|{name}x:20": number for number, name in enumerate("abcdefgh")}
    stories = {
        text: desk.ask(text, seed=number, streaming=Streaming(number % 4), owner=str(number % 3))
        for text, number in wanted.items()
    }
    desk.finish()
    for text, number in wanted.items():
        assert np.array_equal(stories[text].audio, solo(text, seed=number)), text
    assert not np.array_equal(solo("a:20", seed=1), solo("a:20", seed=2))


def test_segments_of_one_request_decode_side_by_side_and_leave_in_order() -> None:
    desk = Desk()
    story = desk.ask("a:40|b:12|c:12")
    journal = desk.finish()
    assert "step first a b c" in journal
    assert journal.index("voice b") < len(journal) - 1 - journal[::-1].index("step first a")
    assert [chunk.segment for chunk in story.all(AudioChunk)] == [0, 1, 2]
    assert [done.segment for done in story.all(SegmentDone)] == [0, 1, 2]


def test_interactive_requests_go_before_batch_and_batch_does_not_starve() -> None:
    desk = Desk(max_rows=2)
    batch = [desk.ask(f"b{number}:20", priority=Priority.BATCH, owner="b") for number in range(4)]
    interactive = [desk.ask(f"i{number}:20", owner="i") for number in range(4)]
    journal = desk.finish()
    order = [line.split()[1] for line in journal if line.startswith("prefill")]
    assert order[:4] == ["i0", "i1", "i2", "i3"]
    assert all(isinstance(story.events[-1], Finished) for story in batch + interactive)

    desk = Desk(max_rows=1)
    late = desk.ask("late:15", priority=Priority.BATCH, owner="b")
    for number in range(400):
        desk.ask(f"i{number}:15", owner="i", request_id=str(number))
        while desk.scheduler.requests > 3:
            desk.turn()
        if late.ended:
            break
    assert isinstance(late.events[-1], Finished)
    assert number < 399


def test_owners_share_the_engine_whatever_they_ask_for() -> None:
    desk = Desk(max_rows=2)
    for number in range(50):
        desk.ask(f"many{number}:20", owner="many", priority=Priority.BATCH)
    desk.turn(30)
    few = desk.ask("few:20", owner="few", priority=Priority.BATCH)
    begun = len(desk.world.journal)
    while not few.ended:
        desk.turn()
    others = {line.split()[1] for line in desk.world.journal[begun:] if line.startswith("prefill many")}
    assert len(others) <= 3, "one request waited for more than those that were running and one more each"


def test_a_newcomer_finds_a_free_slot() -> None:
    desk = Desk(max_rows=8)
    desk.ask("|".join(f"s{number}:60" for number in range(20)), owner="long")
    desk.turn(200)
    desk.ask("n:15", owner="new")
    begun = len(desk.world.journal)
    desk.until("prefill n")
    assert sum(is_step(line) for line in desk.world.journal[begun:]) < 6


def test_cancelled_within_one_step() -> None:
    desk = Desk()
    story = desk.ask("a:60", request_id="a")
    other = desk.ask("b:20", owner="other")
    desk.until("step first a b")
    desk.scheduler.cancel("a")
    steps = sum(is_step(line) for line in desk.world.journal)
    desk.turn()
    assert isinstance(story.events[-1], Cancelled)
    assert "a" not in desk.world.journal[-1].split()
    assert sum(is_step(line) for line in desk.world.journal) <= steps + 1
    desk.scheduler.cancel("a")
    desk.finish()
    assert np.array_equal(other.audio, solo("b:20"))


@pytest.mark.parametrize("line", ["reference a:20", "plan a:20", "input a", "prefill a", "voice a"])
def test_cancelled_anywhere_and_the_slot_is_free_again(line: str) -> None:
    desk = Desk(max_rows=1)
    story = desk.ask("a:20", request_id="a")
    desk.until(line)
    desk.scheduler.cancel("a")
    desk.finish()
    assert isinstance(story.events[-1], Cancelled)
    again = desk.ask("a:20", request_id="a")
    desk.finish()
    assert isinstance(again.events[-1], Finished)
    assert desk.scheduler.requests == 0


@pytest.mark.parametrize("line", ["reference bad:20", "plan bad:20", "input bad", "prefill bad", "voice bad"])
def test_an_error_ends_its_own_request_only(line: str) -> None:
    world = World()
    world.broken[line] = RuntimeError("scripted")
    desk = Desk(world)
    good = [desk.ask("good:20", owner="g"), desk.ask("fine:25", owner="f", streaming=Streaming.TOKENS)]
    bad = desk.ask("bad:20", owner="b")
    desk.finish()
    assert isinstance(failure(bad), SynthesisFailedError)
    assert "scripted" in str(failure(bad))
    assert np.array_equal(good[0].audio, solo("good:20"))
    assert np.array_equal(good[1].audio, solo("fine:25"))


@pytest.mark.parametrize("company_only", [True, False])
def test_a_failing_step_is_rerun_alone(company_only: bool) -> None:
    world = World(poison_steps={"bad": 7}, poison_company=company_only)
    desk = Desk(world, max_rows=4)
    names = ("good:30", "bad:20", "fine:25")
    stories = {name: desk.ask(name, owner=name, streaming=Streaming.TOKENS_FAST) for name in names}
    desk.finish()
    for name in ("good:30", "fine:25"):
        assert np.array_equal(stories[name].audio, solo(name)), name
    if company_only:
        assert np.array_equal(stories["bad:20"].audio, solo("bad:20"))
    else:
        assert "bad hurts" in str(failure(stories["bad:20"]))
    assert desk.scheduler.requests == 0


def test_output_that_is_no_number_is_tried_again_and_then_given_up() -> None:
    desk = Desk(World(not_numbers={"bad"}))
    bad, good = desk.ask("bad:20"), desk.ask("good:20")
    desk.finish()
    assert [event.attempt for event in bad.all(Retried)] == [1, 2]
    assert isinstance(failure(bad), SynthesisFailedError)
    assert np.array_equal(good.audio, solo("good:20"))


def test_doubtful_attempts_are_repeated_with_other_seeds() -> None:
    desk = Desk(World(doubtful={"a": ["too long"]}))
    story = desk.ask("a:20|b:15")
    desk.finish()
    assert [(event.segment, event.attempt, event.reason) for event in story.all(Retried)] == [(0, 1, "too long")]
    first, second = story.all(SegmentDone)
    assert (first.attempts, first.warning, second.attempts) == (2, None, 1)
    assert not np.array_equal(story.audio, solo("a:20|b:15"))
    assert {event.attempt for event in story.all(Progress) if event.segment == 0} == {1, 2}


def test_the_least_doubtful_attempt_is_spoken_with_a_warning() -> None:
    reasons = ["one", "two", "three"]
    desk = Desk(World(doubtful={"a": list(reasons)}))
    story = desk.ask("a:20", max_attempts=3)
    desk.finish()
    done = story.all(SegmentDone)[0]
    assert (done.attempts, len(story.all(Retried))) == (3, 2)
    assert done.warning in reasons
    once = Desk(World(doubtful={"a": ["one"]}))
    story = once.ask("a:20", max_attempts=1)
    once.finish()
    assert story.all(SegmentDone)[0].warning == "one"


def test_a_segment_of_which_some_is_not_read_says_so_and_why_it_is_doubtful() -> None:
    desk = Desk(World(doubtful={"a?": ["one"]}))
    story = desk.ask("a?:20|b?:15|c:15", max_attempts=1)
    desk.finish()
    remark = "some of it is not read"
    assert [done.warning for done in story.all(SegmentDone)] == [f"one; {remark}", remark, None]


def test_what_was_heard_is_not_repeated() -> None:
    desk = Desk(World(doubtful={"a": ["too long"]}))
    story = desk.ask("a:30", streaming=Streaming.TOKENS_FAST)
    desk.finish()
    assert not story.all(Retried)
    assert story.all(SegmentDone)[0].warning == "too long"
    assert np.array_equal(story.audio, solo("a:30"))


def test_progress_comes_about_ten_times_a_second() -> None:
    desk = Desk()
    story = desk.ask("a:200")
    desk.finish()
    times = [event.tokens for event in story.all(Progress)]
    seconds = 200 * desk.world.step_seconds
    assert seconds * 10 * 0.7 <= len(times) <= seconds * 10 * 1.1
    assert times == sorted(times)
    assert {event.expected for event in story.all(Progress)} == {200}


def test_refusals() -> None:
    desk = Desk(max_requests=2)
    desk.ask("a:60", request_id="a")
    assert isinstance(failure(desk.ask("b:20", request_id="a")), InvalidRequestError)
    desk.ask("b:20")
    assert isinstance(failure(desk.ask("c:20")), EngineBusyError)
    desk.finish()
    assert isinstance(desk.ask("c:20").events, list)
    desk.finish()


def test_only_the_segments_that_are_asked_for() -> None:
    desk = Desk()
    story = desk.ask("a:20|b:15|c:30", segments=(1, 2))
    desk.finish()
    assert [done.segment for done in story.all(SegmentDone)] == [1, 2]
    assert story.all(Started)[0].segments == ("a", "b", "c")
    whole = solo("a:20|b:15|c:30")
    assert np.array_equal(story.audio, whole[len(whole) - len(story.audio) :])


def test_a_listener_that_fails_hurts_nobody() -> None:
    desk = Desk()

    def fails(event: object) -> None:
        raise RuntimeError("the listener's own trouble")

    bad, good = desk.ask("a:20", listener=fails), desk.ask("b:20")
    desk.finish()
    assert isinstance(bad.events[-1], Finished)
    assert isinstance(good.events[-1], Finished)


@pytest.mark.parametrize(("value_bytes", "side_by_side"), [(None, 2), (4, 2), (2, 4)])
def test_memory_for_caches_bounds_the_sequences_side_by_side(
    monkeypatch: pytest.MonkeyPatch, value_bytes: int | None, side_by_side: int
) -> None:
    """Decoders say what a number in their cache takes; one that does not is taken to hold float32."""
    if value_bytes is not None:
        monkeypatch.setattr(ScriptedDecoder, "cache_value_bytes", value_bytes, raising=False)
    entry = 2 * 1 * 8 * 4
    per_row = 5 + 2 * 40
    desk = Desk(World(bundle_bytes=1000), memory_budget=1000 + entry * (2 * per_row + 5))
    stories = [desk.ask(f"{name}:40", owner=name) for name in "abcd"]
    journal = desk.finish()
    assert max(len(line.split()) - 2 for line in journal if is_step(line)) == side_by_side
    assert all(isinstance(story.events[-1], Finished) for story in stories)


def test_the_status_tells_who_is_spoken_and_who_waits() -> None:
    desk = Desk(max_rows=1)
    for number in range(6):
        desk.ask(f"s{number}:20")
    assert (desk.scheduler.status().active, desk.scheduler.status().waiting) == (0, 6)
    desk.until("step first s0")
    status = desk.scheduler.status()
    assert status.active >= 1
    assert status.active + status.waiting == 6
    assert status.current is not None and status.current.in_use >= 1
    assert (status.decode_backend, status.vocoder, status.sampler) == ("scripted", "scripted too", "scripted as well")
    desk.finish()
    assert (desk.scheduler.status().active, desk.scheduler.status().waiting) == (0, 0)
    assert desk.scheduler.status().tokens_per_second > 0


def test_an_empty_engine_does_nothing() -> None:
    desk = Desk()
    assert not desk.scheduler.turn()
    assert desk.world.journal == []


def test_closing_ends_everything_with_its_error() -> None:
    import threading

    world = World()
    desk = Desk(world, max_rows=1)
    stories = [desk.ask(f"{number}:20") for number in range(20)]
    thread = threading.Thread(target=desk.scheduler.run)
    thread.start()
    stories[0].last()
    desk.scheduler.close(timeout=0)
    thread.join(5)
    assert not thread.is_alive()
    assert all(story.ended for story in stories)
    assert any(isinstance(story.events[-1], Failed) for story in stories)
    closed = {type(failure(story)) for story in stories if isinstance(story.events[-1], Failed)}
    assert closed == {EngineClosedError}
    assert isinstance(failure(desk.ask("x:20")), EngineClosedError)
