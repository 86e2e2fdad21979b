"""The native decoder against the portable one and against itself: batches, slots, threads, pages, divided prefills."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from typing import Any

import mindspore as ms
import numpy as np
import numpy.typing as npt
import pytest

from GPT_SoVITS import backend as device
from GPT_SoVITS import compiled
from GPT_SoVITS.execution import Automatic, plan_execution
from GPT_SoVITS.layers.weights import WeightsError
from GPT_SoVITS.native.decoder import Precision
from GPT_SoVITS.native.library import load
from GPT_SoVITS.t2s import self_check
from GPT_SoVITS.t2s.backend import DecodeError, SequenceTooLongError
from GPT_SoVITS.t2s.choose import choose_backend
from GPT_SoVITS.t2s.config import T2SConfig
from GPT_SoVITS.t2s.jit_backend import JitBackend
from GPT_SoVITS.t2s.native_backend import NativeBackend
from GPT_SoVITS.t2s.sampling import SamplingParameters, generator
from tests.networks.decode_loops import infer_panel, infer_panel_batch_infer
from tests.networks.t2s_small import SMALL, compiled_backend, logits_of_whole, random_arrays, sequence

PRECISIONS: tuple[Precision, ...] = ("fp32", "fp16", "int8")
Array = npt.NDArray[Any]

pytestmark = pytest.mark.skipif(load().handle is None, reason=load().reason or "native")


LONG = replace(SMALL, max_positions=512)  # the small network with room for several pages


def native(precision: Precision = "fp16", threads: int = 0, config: T2SConfig = SMALL) -> NativeBackend:
    library = load().handle
    assert library is not None
    return NativeBackend(library, config, random_arrays(), precision, threads=threads)


def decode(backend: NativeBackend, plan: dict[int, tuple[int, int]], rows: int, steps: int) -> dict[int, Array]:
    """Logits (steps + 1, vocab) of the sequences in these slots; tokens depend on the sequence, not on its slot."""
    state = backend.start(rows)
    found = {slot: [backend.prefill(state, slot, sequence(*lengths))] for slot, lengths in plan.items()}
    for step in range(steps):
        tokens = np.zeros(rows, np.int64)
        for slot, (text, prompt) in plan.items():
            tokens[slot] = (text + 3 * prompt + step) % SMALL.eos
        logits = backend.step(state, tokens)
        for slot in plan:
            found[slot].append(logits[slot])
    backend.finish(state)
    return {slot: np.stack(rows_found) for slot, rows_found in found.items()}


def test_float32_agrees_with_the_whole_sequence_in_float64() -> None:
    """Largest error seen 6e-7 at logits of up to 3.4."""
    backend, arrays, given = native("fp32"), random_arrays(), sequence(5, 4)
    state = backend.start(2)
    logits = backend.prefill(state, 1, given)
    generated: list[int] = []
    for token in (3, 0, 7, 7):
        np.testing.assert_allclose(logits, logits_of_whole(arrays, given, generated), atol=5e-6)
        generated.append(token)
        logits = backend.step(state, np.array([0, token]))[1]


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_row_is_the_same_to_the_last_bit_in_any_company(precision: Precision) -> None:
    backend = native(precision)
    alone = decode(backend, {0: (5, 4)}, 1, 6)[0]
    for rows in (2, 3, 7, 13):
        plan = {slot: (3 + slot % 4, slot % 6) for slot in range(rows)}
        plan[rows - 1] = (5, 4)
        np.testing.assert_array_equal(decode(backend, plan, rows + 2, 6)[rows - 1], alone, strict=True)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_threads_do_not_change_a_bit(precision: Precision) -> None:
    plan = {0: (5, 4), 2: (9, 1)}
    one, three = (decode(native(precision, threads=n), plan, 3, 5) for n in (1, 3))
    for slot in plan:
        np.testing.assert_array_equal(one[slot], three[slot])


def test_sequences_cross_pages_of_the_cache_and_leave_no_trace_in_them() -> None:
    """Free pages are used again as they are; what an earlier sequence left there must not show."""
    backend = native("fp32", config=LONG)
    first = decode(backend, {0: (60, 60)}, 1, 20)[0]  # beyond the first page of 128 entries
    decode(backend, {0: (50, 70), 1: (60, 67)}, 2, 10)
    np.testing.assert_array_equal(decode(backend, {0: (60, 60)}, 1, 20)[0], first)


def test_a_prefill_in_pieces_is_the_same_and_others_step_meanwhile() -> None:
    backend = native()
    whole = decode(backend, {0: (6, 3)}, 1, 0)[0][0]
    alone = decode(backend, {0: (5, 4)}, 1, 1)[0]
    state = backend.start(2)
    backend.prefill(state, 0, sequence(5, 4))
    pieces = backend.prefill_steps(state, 1, sequence(6, 3), layers=1)
    next(pieces)
    assert state.free_slot() is None
    token = (5 + 3 * 4) % SMALL.eos
    np.testing.assert_array_equal(backend.step(state, np.array([token, 0]))[0], alone[1])
    with pytest.raises(StopIteration) as end:
        while True:
            next(pieces)
    np.testing.assert_array_equal(end.value.value, whole)
    assert state.active.tolist() == [True, True]


def test_a_prefill_given_up_frees_its_slot() -> None:
    backend = native()
    state = backend.start(1)
    pieces = backend.prefill_steps(state, 0, sequence(6, 3), layers=1)
    next(pieces)
    pieces.close()
    assert state.free_slot() == 0
    assert state.cache.nbytes == 0


def test_leaving_and_finishing_give_memory_back() -> None:
    backend = native()
    backend.decoder.keep_cache_bytes(0)
    state = backend.start(16)
    assert state.cache.nbytes == 0
    backend.prefill(state, 9, sequence(6, 3))
    assert state.cache.nbytes > 0
    state.leave(9)
    assert (state.cache.nbytes, backend.decoder.free_cache_bytes) == (0, 0)


def test_tokens_are_those_of_the_portable_backend() -> None:
    """Sampled with the same seeds over both, in batches that rows leave and join."""
    portable, fast, settings = compiled_backend(), native("fp32"), SamplingParameters(top_k=5)
    given = [sequence(4 + i, 3) for i in range(5)]

    def tokens(backend: JitBackend | NativeBackend) -> list[list[int]]:
        rngs = [generator(i) for i in range(5)]
        found = infer_panel_batch_infer(backend, given, settings, rngs, early_stop_num=14)
        return [result.tokens.tolist() for result in found]

    assert tokens(fast) == tokens(portable)
    single = infer_panel(fast, given[0], settings, generator(0), early_stop_num=14)
    assert single.tokens.tolist()[:-1] == tokens(fast)[0][: len(single.tokens) - 1]


def test_limits_are_errors_of_their_own() -> None:
    backend = native()
    state = backend.start(1)
    with pytest.raises(SequenceTooLongError, match="at most 128"):
        backend.prefill(state, 0, sequence(100, 29))
    backend.prefill(state, 0, sequence(100, 28))
    with pytest.raises(DecodeError, match="in use"):
        backend.prefill(state, 0, sequence(3, 3))
    with pytest.raises(SequenceTooLongError):
        backend.step(state, np.zeros(1, int))
    with pytest.raises(DecodeError, match="1 to 32"):
        backend.start(33)


@pytest.mark.parametrize("spoil", [np.nan, 1e6])
def test_weights_that_float16_cannot_hold_are_refused(spoil: float) -> None:
    arrays = random_arrays()
    arrays["h.layers.1.linear1.weight"][3, 2] = spoil
    library = load().handle
    assert library is not None
    with pytest.raises(WeightsError, match=r"h\.layers\.1\.linear1\.weight"):
        NativeBackend(library, SMALL, arrays, "fp16")


def test_the_choice_falls_on_the_native_backend_and_says_how() -> None:
    device.configure("CPU")
    chosen, description, reason = choose_backend(SMALL, random_arrays(), plan_execution(Automatic(precision="float16")))
    assert isinstance(chosen, NativeBackend)
    assert description.startswith("native fp16 on ")
    assert reason == ""


def test_a_failed_self_check_falls_back_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    device.configure("CPU")
    monkeypatch.setitem(self_check.TOLERANCE, "int8", 1e-9)
    self_check._kernels.cache_clear()
    chosen, _, reason = choose_backend(SMALL, random_arrays(), plan_execution(Automatic(precision="int8")))
    self_check._kernels.cache_clear()
    assert isinstance(chosen, JitBackend)
    assert "self-check" in reason
    assert "differ" in reason


class _Step(ms.nn.Cell):  # type: ignore[misc]
    """The step as a custom operator of MindSpore."""

    def __init__(self, vocab: int) -> None:
        super().__init__()
        self.step = ms.ops.Custom(
            f"{load().path}:T2SDecodeStep",
            out_shape=lambda number, slots, lengths, positions, tokens: (slots[0], vocab),
            out_dtype=lambda *types: ms.float32,
            func_type="aot",
        )

    def construct(self, number: Any, slots: Any, lengths: Any, positions: Any, tokens: Any) -> Any:
        return self.step(number, slots, lengths, positions, tokens)


@pytest.mark.parametrize("in_graph", [True, False])
def test_the_step_is_an_operator_of_mindspore(in_graph: bool) -> None:
    device.configure("CPU")
    backend = native("fp32")
    state = backend.start(3)
    for slot in (0, 2):
        backend.prefill(state, slot, sequence(5 + slot, 4))
    slots, tokens = np.array([0, 2], np.int32), np.array([3, 5], np.int32)
    inputs = (np.array([state.cache.number]), slots, state.lengths[slots], state.positions[slots], tokens)
    cell = _Step(SMALL.vocab_size)
    run = compiled.compile_cell(cell) if in_graph else cell
    found = run(*(compiled.to_tensor(array) for array in inputs)).asnumpy()
    np.testing.assert_array_equal(found, backend.step(state, np.array([3, 0, 5]))[slots])


@pytest.mark.full  # those that are built; test_levels.py compiles what it compares
@pytest.mark.parametrize("isa", ["avx512", "avx2"])
def test_other_instruction_sets_pass_the_self_check(isa: str) -> None:
    """In a process of its own, because a process loads one library."""
    code = (
        "from GPT_SoVITS.native.library import load; l = load(may_build=False)\n"
        f"import sys; l.isa == {isa!r} or sys.exit(77)\n"
        "from GPT_SoVITS import backend; backend.configure('CPU')\n"
        "from GPT_SoVITS.t2s.self_check import check_kernels\n"
        "sys.exit('; '.join(filter(None, (check_kernels(l.handle, p) for p in ('fp32', 'fp16', 'int8')))))"
    )
    environment = {**os.environ, "GPT_SOVITS_NATIVE_ISA": isa}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    if done.returncode == 77:
        pytest.skip(f"{isa} is not built, or this processor lacks it; python -m GPT_SoVITS.native build")
    assert done.returncode == 0, done.stderr[-500:]
