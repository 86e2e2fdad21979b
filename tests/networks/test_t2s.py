"""The decode backend: prefill and steps against the definition, and rows that do not disturb each other."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from GPT_SoVITS.backend import current
from GPT_SoVITS.layers.parameters import load_arrays
from GPT_SoVITS.layers.weights import WeightsError
from GPT_SoVITS.t2s.backend import DecodeError, DecodeInput, SequenceTooLongError
from GPT_SoVITS.t2s.cache import GraphMover, HostMover, choose_mover, memory_is_shared
from GPT_SoVITS.t2s.config import T2SConfig, T2SConfigError
from GPT_SoVITS.t2s.jit_backend import JitBackend
from GPT_SoVITS.t2s.network import Text2SemanticDecoder
from tests.networks.t2s_small import (
    SMALL,
    Array,
    compiled_backend,
    logits_of_whole,
    random_arrays,
    sequence,
    with_mover,
)

PARITY = Path(__file__).parents[1] / "data" / "parity"
TOKENS = [3, 7, 7, 1, 22, 9, 0, 4, 15, 27, 5, 5, 11, 2]
TIGHT = 1e-5


@pytest.fixture(scope="module", params=[HostMover, GraphMover])
def backend(request: pytest.FixtureRequest) -> JitBackend:
    return with_mover(request.param(SMALL))


@pytest.mark.skipif(current().is_ascend, reason="an NPU has its own memory")
def test_on_cpu_rows_move_through_shared_memory() -> None:
    assert memory_is_shared()
    assert isinstance(choose_mover(SMALL), HostMover)


def alone(backend: JitBackend, given: DecodeInput, tokens: list[int]) -> list[Array]:
    """Logits of the prefill and of every step, in a state of one row."""
    state = backend.start(1)
    logits = [backend.prefill(state, 0, given)]
    logits += [backend.step(state, np.full(1, token))[0] for token in tokens]
    backend.finish(state)
    return logits


def close(actual: list[Array] | Array, expected: list[Array] | Array, tolerance: float = TIGHT) -> None:
    np.testing.assert_allclose(np.array(actual), np.array(expected), rtol=0, atol=tolerance)


def by_definition(given: DecodeInput, tokens: list[int]) -> list[Array]:
    """What :func:`alone` is to return."""
    return [logits_of_whole(random_arrays(), given, tokens[:n]) for n in range(len(tokens) + 1)]


@pytest.mark.parametrize(("phonemes", "prompt"), [(1, 1), (3, 5), (8, 4), (5, 0), (20, 11)])
def test_prefill_and_steps_follow_the_definition(backend: JitBackend, phonemes: int, prompt: int) -> None:
    given = sequence(phonemes, prompt)
    close(alone(backend, given, TOKENS), by_definition(given, TOKENS))


def test_prefill_does_not_depend_on_its_bucket() -> None:
    given, wide = sequence(5, 3), copy.copy(compiled_backend())
    wide.prefill_lengths = wide.prefill_lengths[-1:]
    assert given.length == compiled_backend().prefill_lengths[0] < wide.prefill_lengths[0]
    close(alone(wide, given, TOKENS[:4]), alone(compiled_backend(), given, TOKENS[:4]))


def test_growth_in_the_middle_changes_nothing(backend: JitBackend) -> None:
    given, tokens = sequence(3, 2), 3 * TOKENS
    state = backend.start(1)
    logits, capacities = [backend.prefill(state, 0, given)], []
    for token in tokens:
        logits.append(backend.step(state, np.full(1, token))[0])
        capacities.append(state.cache.capacity)
    backend.finish(state)
    assert capacities == [16] * 11 + [32] * 16 + [64] * 15
    close(logits, by_definition(given, tokens))


def test_ragged_rows_equal_single_rows(backend: JitBackend) -> None:
    given = [sequence(2, 3), sequence(9, 1), sequence(4, 8), sequence(1, 0)]
    streams = [TOKENS, TOKENS[::-1], [1] * len(TOKENS), TOKENS[5:] + TOKENS[:5]]
    state = backend.start(4)
    rows = [[backend.prefill(state, slot, one)] for slot, one in enumerate(given)]
    for tokens in zip(*streams, strict=True):
        for row, logits in zip(rows, backend.step(state, np.array(tokens)), strict=True):
            row.append(logits)
    backend.finish(state)
    for one, stream, row in zip(given, streams, rows, strict=True):
        close(row, alone(backend, one, list(stream)))


def test_joining_and_leaving_rows_do_not_disturb_the_others(backend: JitBackend) -> None:
    first, second, third = sequence(4, 4), sequence(7, 2), sequence(3, 9)
    state = backend.start(2)
    seen: dict[str, list[Array]] = {"first": [backend.prefill(state, 0, first)], "second": [], "third": []}
    for i, token in enumerate(TOKENS):
        if i == 3:
            seen["second"].append(backend.prefill(state, 1, second))
        if i == 7:
            state.leave(1)
        if i == 9:
            seen["third"].append(backend.prefill(state, 1, third))
        logits = backend.step(state, np.array([token, TOKENS[-1 - i]]))
        seen["first"].append(logits[0])
        if state.active[1]:
            seen["third" if seen["third"] else "second"].append(logits[1])
    backend.finish(state)
    backwards = TOKENS[::-1]
    close(seen["first"], alone(backend, first, TOKENS))
    close(seen["second"], alone(backend, second, backwards[3:7]))
    close(seen["third"], alone(backend, third, backwards[9:]))


def test_keep_moves_rows_into_a_smaller_state(backend: JitBackend) -> None:
    given = [sequence(3, 2), sequence(5, 6), sequence(2, 2), sequence(6, 1)]
    state = backend.start(4)
    for slot, one in enumerate(given):
        backend.prefill(state, slot, one)
    backend.step(state, np.full(4, 3))
    assert not backend.keep(state, [0, 2, 3])
    assert state.rows == 4
    assert backend.keep(state, [3, 1])
    assert state.rows == 2
    logits = backend.step(state, np.array([7, 7]))
    backend.finish(state)
    close(logits, [alone(backend, given[3], [3, 7])[-1], alone(backend, given[1], [3, 7])[-1]])


def test_a_used_cache_serves_the_next_sequence_as_a_new_one(backend: JitBackend) -> None:
    given = sequence(4, 3)
    before = alone(backend, given, TOKENS)
    alone(backend, sequence(12, 12), TOKENS)
    close(alone(backend, given, TOKENS), before, 0.0)


def test_free_slots_stay_finite_through_a_long_decode(backend: JitBackend) -> None:
    state = backend.start(2)
    backend.prefill(state, 0, sequence(2, 2))
    for _ in range(50):
        assert np.isfinite(backend.step(state, np.array([5, 5]))).all()
    backend.finish(state)


def test_weights_in_float16_compute_nearly_the_same() -> None:
    network = Text2SemanticDecoder(SMALL)
    load_arrays(network, random_arrays(), np.float16)
    half = JitBackend(network, capacities=(32,), prefill_lengths=(16,), row_counts=(1,))
    given = sequence(6, 5)
    logits = alone(half, given, TOKENS)
    assert {row.dtype for row in logits} == {np.dtype(np.float32)}
    close(logits, by_definition(given, TOKENS), 0.02)


def test_a_sequence_over_the_largest_cache_is_an_error(backend: JitBackend) -> None:
    state = backend.start(1)
    with pytest.raises(SequenceTooLongError, match="at most 64"):
        backend.prefill(state, 0, sequence(60, 5))
    backend.prefill(state, 0, sequence(60, 4))
    with pytest.raises(SequenceTooLongError, match="largest cache of 64"):
        backend.step(state, np.zeros(1, int))
    backend.finish(state)


def test_a_slot_in_use_cannot_be_joined(backend: JitBackend) -> None:
    state = backend.start(1)
    backend.prefill(state, 0, sequence(2, 2))
    with pytest.raises(DecodeError, match="slot 0 is in use"):
        backend.prefill(state, 0, sequence(2, 2))
    backend.finish(state)


GOOD = sequence(3, 2)


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (replace(GOOD, phonemes=GOOD.phonemes + SMALL.phoneme_vocab_size), r"phonemes must lie in 0\.\.16"),
        (replace(GOOD, phonemes=GOOD.phonemes[None]), "one dimension"),
        (replace(GOOD, phonemes=GOOD.phonemes.astype(float)), "whole numbers"),
        (replace(GOOD, phonemes=np.zeros(0, int), bert=np.zeros((6, 0))), "no phonemes"),
        (replace(GOOD, prompt=np.array([SMALL.eos])), r"prompt tokens must lie in 0\.\.27"),
        (replace(GOOD, bert=GOOD.bert[:, :2]), "one column per phoneme"),
    ],
)
def test_inputs_that_do_not_fit_are_named(broken: DecodeInput, message: str) -> None:
    with pytest.raises(DecodeError, match=message):
        broken.checked(SMALL)


def test_weights_that_do_not_fit_are_named() -> None:
    arrays = random_arrays()
    arrays["h.layers.1.linear1.weight"] = arrays["h.layers.1.linear1.weight"][:-1]
    del arrays["bert_proj.bias"]
    with pytest.raises(WeightsError, match=r"missing: bert_proj\.bias.*misshapen: h\.layers\.1\.linear1\.weight"):
        JitBackend.from_arrays(SMALL, arrays)


MODEL = {
    **{"vocab_size": 1025, "phoneme_vocab_size": 732, "embedding_dim": 512, "hidden_dim": 512, "head": 16},
    **{"n_layer": 24, "EOS": 1024, "linear_units": 999, "dropout": 0},
}


def test_the_configuration_is_read_from_the_checkpoint() -> None:
    config = T2SConfig.from_official({"model": MODEL, "data": {"max_sec": 30}})
    assert (config.eos, config.head_dim, config.feed_forward_dim, config.max_sec) == (1024, 32, 2048, 30.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"EOS": 1000}, "EOS is 1000"),
        ({"head": 7}, "divisible"),
        ({"n_layer": 0}, "n_layer"),
        ({"embedding_dim": 256}, "embedding_dim"),
    ],
)
def test_a_configuration_that_contradicts_itself_is_an_error(change: dict[str, int], message: str) -> None:
    with pytest.raises(T2SConfigError, match=message):
        T2SConfig.from_official({"model": {**MODEL, **change}})


def test_a_configuration_that_lacks_a_key_is_an_error() -> None:
    with pytest.raises(T2SConfigError, match="head"):
        T2SConfig.from_official({"model": {k: v for k, v in MODEL.items() if k != "head"}})
