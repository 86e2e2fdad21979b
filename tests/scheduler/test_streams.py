"""Streams: what goes before what, so that nobody hears a pause."""

from __future__ import annotations

from GPT_SoVITS.engine.messages import AudioChunk, Finished, Priority, SegmentDone, Streaming
from GPT_SoVITS.scheduler.choosing import SMOOTH
from tests.scheduler.doubles import RATE, SAMPLES_PER_TOKEN, Desk, World


def test_a_stream_speaks_its_first_chunk_before_anything_else_is_begun() -> None:
    desk = Desk()
    desk.ask("long:80", owner="other")
    desk.until("step first long")
    story = desk.ask("a:40|b:40", streaming=Streaming.TOKENS_FAST)
    while not story.all(AudioChunk):
        desk.turn()
    assert "prefill b" not in desk.world.journal
    assert len(story.audio) == 10 * SAMPLES_PER_TOKEN


def test_a_stream_about_to_run_dry_goes_before_other_requests() -> None:
    desk = Desk()
    story = desk.ask("a:60", streaming=Streaming.TOKENS_FAST)
    while not story.all(AudioChunk):
        desk.turn()
    # More first audio is waiting than a stream could survive if each went before it.
    for number in range(12):
        desk.ask(f"n{number}:15", owner=str(number))
    desk.finish()
    heard = [time for event, time in zip(story.events, story.times, strict=True) if isinstance(event, AudioChunk)]
    assert heard
    played = desk.world.journal
    voices = [index for index, line in enumerate(played) if line == "voice a"]
    steps = [index for index, line in enumerate(played) if line.startswith("step")]
    # Ten steps make a chunk; it is rendered within two more steps of being there.
    for chunk, voice in enumerate(voices[1:5], start=2):
        assert voice < steps[10 * chunk + 2]


def test_later_segments_of_a_stream_wait_until_it_has_audio_in_hand() -> None:
    """What they need would come between the steps that its next chunk is made of."""
    desk = Desk()
    story = desk.ask("a:100|b:40", streaming=Streaming.TOKENS_FAST)
    while not story.all(AudioChunk):
        desk.turn()
    heard_from = desk.world.clock.now
    while "prefill b" not in desk.world.journal:
        desk.turn()
    in_hand = len(story.audio) / RATE - (desk.world.clock.now - heard_from)
    assert in_hand > SMOOTH - 3 * desk.world.unit_seconds - desk.world.step_seconds
    assert not story.all(SegmentDone), "and no longer than that"


def test_a_stream_that_is_always_about_to_run_out_holds_nobody_up_for_ever() -> None:
    desk = Desk(World(step_seconds=0.06))  # slower than speech
    story = desk.ask("a:300", streaming=Streaming.TOKENS_FAST, owner="a")
    desk.until("step first a")
    late = desk.ask("late:15", priority=Priority.BATCH, owner="b")
    while not late.ended:
        assert not story.ended
        desk.turn()
    assert isinstance(late.events[-1], Finished)
