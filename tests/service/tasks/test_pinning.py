"""What a task keeps of its voice while it is under way."""

from __future__ import annotations

from pathlib import Path

from GPT_SoVITS.text import userdict
from service.speech.pinning import Pinning
from tests.service.tasks.bench import Bench

WORDS = "zh\t重楼\tchong2 lou2\n"


def test_pronunciations_of_the_voice_are_kept_beside_its_clip(bench: Bench) -> None:
    words = bench.root / userdict.FILE
    words.write_text(WORDS, "utf-8")
    bench.submit("t1")
    lease = bench.claim()
    assert lease is not None
    pinning = Pinning(bench.folders, bench.request)
    for _ in range(2):  # a later attempt finds what the first one kept
        reference = pinning.request(lease.job).reference
        kept = userdict.voice_dictionary(reference.path)
        assert kept is not None and kept.entries()["zh"]["重楼"].syllables == ("chong2", "lou2")
        assert Path(reference.path).parent == bench.folders.work("t1")
        userdict.save(words, "")


def test_a_voice_without_any_is_kept_alone(bench: Bench) -> None:
    bench.submit("t1")
    lease = bench.claim()
    assert lease is not None
    reference = Pinning(bench.folders, bench.request).request(lease.job).reference
    assert userdict.voice_dictionary(reference.path) is None
