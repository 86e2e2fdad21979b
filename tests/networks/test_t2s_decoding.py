"""The decode loops' rules on where sequences end, over a backend that plays scripted logits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from GPT_SoVITS.t2s.backend import DecodeBackend, DecodeInput, DecodeState
from GPT_SoVITS.t2s.config import T2SConfig
from GPT_SoVITS.t2s.decoding import MAX_STEPS, Ending, Generation
from GPT_SoVITS.t2s.sampling import SamplingParameters, generator
from tests.networks.decode_loops import DecodeCancelledError, generate, infer_panel, infer_panel_batch_infer
from tests.networks.t2s_small import SMALL, compiled_backend, sequence

CONFIG = T2SConfig(vocab_size=9, phoneme_vocab_size=100, hidden_dim=2, head=1, n_layer=1, bert_dim=1)
EOS = CONFIG.eos
GREEDY = SamplingParameters(top_k=1, repetition_penalty=1.0)
Array = npt.NDArray[Any]


class Script:
    """Plays token after token of a row's script; the row's first phoneme is the number of its script."""

    config = CONFIG
    max_length = 10_000

    def __init__(self, *scripts: Sequence[int], max_rows: int = 4, also_end_from: int = MAX_STEPS) -> None:
        self.scripts = scripts
        self.max_rows = max_rows
        self.also_end_from = also_end_from
        self.open_states = 0
        self.widths: list[int] = []

    def start(self, rows: int) -> DecodeState:
        self.open_states += 1
        return DecodeState.empty(rows, [None] * rows)

    def _logits(self, row: Iterator[int]) -> Array:
        logits = np.zeros(CONFIG.vocab_size, np.float32)
        logits[next(row)] = 2.0
        return logits

    def prefill(self, state: DecodeState, slot: int, sequence: DecodeInput) -> Array:
        assert not state.active[slot]
        state.active[slot] = True
        state.cache[slot] = iter(self.scripts[int(sequence.phonemes[0])])
        return self._logits(state.cache[slot])

    def step(self, state: DecodeState, tokens: Array) -> Array:
        self.widths.append(state.rows)
        rows = [self._logits(row) if on else np.zeros(9) for row, on in zip(state.cache, state.active, strict=True)]
        return np.array(rows, np.float32)

    def keep(self, state: DecodeState, slots: Sequence[int]) -> bool:
        if len(slots) == state.rows:
            return False
        state.cache = [state.cache[slot] for slot in slots]
        state.lengths, state.positions, state.active = (a[list(slots)] for a in state.of_rows)
        return True

    def finish(self, state: DecodeState) -> None:
        self.open_states -= 1


def given(script: int, prompt: Sequence[int] = (1, 2, 3)) -> DecodeInput:
    return DecodeInput(np.array([script]), np.zeros((1, 1), np.float32), np.array(prompt, np.int64))


def script(length: int, then: int = EOS) -> list[int]:
    return [i % 7 for i in range(length)] + [then] * MAX_STEPS


def single(backend: DecodeBackend, prompt: Sequence[int] = (1, 2, 3), **options: Any) -> Generation:
    return infer_panel(backend, given(0, prompt), GREEDY, generator(0), **options)


def batch(backend: DecodeBackend, count: int, **options: Any) -> list[Generation]:
    rngs = [generator(i) for i in range(count)]
    return infer_panel_batch_infer(backend, [given(i) for i in range(count)], GREEDY, rngs, **options)


def test_the_end_token_is_removed_and_idx_counts_what_was_generated() -> None:
    backend = Script(script(20))
    result = single(backend)
    assert (len(result.tokens), result.idx, result.ending) == (23, 20, Ending.END_TOKEN)
    assert result.semantic.tolist() == script(20)[:20]
    assert backend.open_states == 0


def test_an_early_stop_keeps_the_last_token_and_callers_lose_the_first() -> None:
    result = single(Script(script(50)), early_stop_num=14)
    assert (len(result.tokens) - 3, result.idx, result.ending) == (15, 14, Ending.EARLY_STOP)
    assert result.semantic.tolist() == script(50)[1:15]


def test_the_end_token_wins_over_an_early_stop_at_the_same_step() -> None:
    result = single(Script(script(20)), early_stop_num=20)
    assert (len(result.tokens) - 3, result.idx, result.ending) == (20, 20, Ending.END_TOKEN)


def test_the_end_token_cannot_come_in_the_first_eleven_steps() -> None:
    result = single(Script(script(2)))
    assert result.idx == 11
    assert EOS not in result.tokens


def test_the_step_limit_ends_a_sequence() -> None:
    result = single(Script(script(MAX_STEPS + 5)))
    assert (len(result.tokens) - 3, result.idx, result.ending) == (MAX_STEPS, MAX_STEPS - 1, Ending.MAX_STEPS)


def test_without_a_prompt_idx_is_zero_and_everything_counts() -> None:
    result = single(Script(script(20)), prompt=())
    assert result.idx == 0
    assert result.semantic.tolist() == script(20)[:20]


class PenalisedEnd(Script):
    """The end token has the largest penalised logit, although the top token before the penalty is another one."""

    def _logits(self, row: Iterator[int]) -> Array:
        logits = np.full(CONFIG.vocab_size, -5.0, np.float32)
        logits[next(row)], logits[EOS] = 3.0, 2.0
        return logits


def test_the_end_is_seen_in_the_penalised_logits() -> None:
    backend = PenalisedEnd([5] * MAX_STEPS)
    parameters = SamplingParameters(top_k=None, temperature=1.0, repetition_penalty=2.0)
    result = infer_panel(backend, given(0), parameters, generator(0))
    # From the twelfth step on the end token may be chosen: 2.0 against 3.0 / 2, whatever is drawn.
    assert (result.idx, result.ending) == (11, Ending.END_TOKEN)
    unpenalised = infer_panel(PenalisedEnd([5] * MAX_STEPS), given(0), GREEDY, generator(0), early_stop_num=40)
    assert unpenalised.ending is Ending.EARLY_STOP


def test_the_batch_always_drops_the_last_token() -> None:
    backend = Script(script(20), script(90), script(13))
    results = batch(backend, 3, early_stop_num=30)
    assert [r.idx for r in results] == [20, 30, 13]
    assert [len(r.tokens) - 3 for r in results] == [20, 30, 13]
    assert [r.semantic.tolist() for r in results] == [script(20)[:20], script(90)[:30], script(13)[:13]]
    assert backend.open_states == 0


def test_ended_rows_leave_the_batch() -> None:
    backend = Script(script(20), script(40), script(13))
    batch(backend, 3)
    assert backend.widths == [3] * 13 + [2] * 7 + [1] * 20


def test_sequences_beyond_the_rows_join_when_a_slot_is_free() -> None:
    lengths = [20, 12, 33, 11, 18, 25]
    backend = Script(*(script(n) for n in lengths), max_rows=2)
    results = batch(backend, len(lengths))
    assert [r.idx for r in results] == lengths
    assert max(backend.widths) == 2
    assert len(backend.widths) < sum(lengths)


def test_without_prompts_the_batch_uses_the_default_penalty() -> None:
    sequences = [given(0, ())]
    expected = SamplingParameters(top_k=1)
    results = infer_panel_batch_infer(PenalisedEnd([5] * MAX_STEPS), sequences, GREEDY, [generator(0)])
    single_result = infer_panel(PenalisedEnd([5] * MAX_STEPS), sequences[0], expected, generator(0))
    assert results[0].ending is single_result.ending
    assert results[0].tokens.tolist() == single_result.tokens.tolist()
    assert results[0].idx == 0


def test_mixing_prompts_and_none_is_an_error() -> None:
    with pytest.raises(ValueError, match="separately"):
        infer_panel_batch_infer(Script(), [given(0), given(0, ())], GREEDY, [generator(0)] * 2)


def test_too_few_generators_are_an_error() -> None:
    with pytest.raises(ValueError, match="1 random generators for 2 sequences"):
        infer_panel_batch_infer(Script(), [given(0), given(0)], GREEDY, [generator(0)])


def test_an_empty_batch_is_empty() -> None:
    assert batch(Script(), 0) == []


def test_tokens_come_as_they_are_generated() -> None:
    backend = Script(script(20))
    steps = generate(backend, given(0), GREEDY, generator(0))
    assert [next(steps) for _ in range(3)] == [0, 1, 2]
    assert len(backend.widths) == 2
    assert list(steps) == script(20)[3:20]


def test_the_stream_ends_with_the_last_token_of_an_early_stop() -> None:
    steps = generate(Script(script(50)), given(0), GREEDY, generator(0), early_stop_num=14)
    assert list(steps) == script(50)[:15]


def test_closing_the_stream_frees_its_state() -> None:
    backend = Script(script(20))
    steps = generate(backend, given(0), GREEDY, generator(0))
    next(steps)
    steps.close()
    assert backend.open_states == 0


@pytest.mark.parametrize("count", [1, 3])
def test_cancelling_ends_the_decode_within_a_step(count: int) -> None:
    backend = Script(*[script(100)] * 3)
    asked = iter(range(100))
    with pytest.raises(DecodeCancelledError):
        batch(backend, count, cancelled=lambda: next(asked) >= 10)
    assert len(backend.widths) == 10 - count
    assert backend.open_states == 0


def test_cancelling_a_single_decode() -> None:
    backend = Script(script(100))
    asked = iter(range(100))
    with pytest.raises(DecodeCancelledError):
        single(backend, cancelled=lambda: next(asked) >= 5)
    assert len(backend.widths) == 4
    assert backend.open_states == 0


def test_a_row_samples_the_same_alone_and_in_company() -> None:
    backend = compiled_backend()
    parameters = SamplingParameters(top_k=5)
    sequences = [sequence(3, 2), sequence(6, 2), sequence(4, 2)]
    together = infer_panel_batch_infer(
        backend, sequences, parameters, [generator(i) for i in range(3)], early_stop_num=20
    )
    for i, one in enumerate(sequences):
        [apart] = infer_panel_batch_infer(backend, [one], parameters, [generator(i)], early_stop_num=20)
        assert together[i].tokens.tolist() == apart.tokens.tolist()
        assert together[i].tokens.max() < SMALL.eos
