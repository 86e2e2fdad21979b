"""The thread pool of the native code: what a task throws reaches the caller, and nobody waits for ever."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from GPT_SoVITS.native import isa, library
from GPT_SoVITS.native.attention import NativeAttention
from GPT_SoVITS.native.build import SOURCES
from GPT_SoVITS.native.compilers import find_compiler
from GPT_SoVITS.native.decoder import NativeDecoder, Sizes
from GPT_SoVITS.native.encoder import EncoderSizes, NativeEncoder
from GPT_SoVITS.native.library import load
from GPT_SoVITS.native.products import NativeProducts

DRIVER = Path(__file__).parent / "driver" / "pool.cpp"


def test_what_a_thread_throws_reaches_the_caller_and_the_pool_works_on(tmp_path: Path) -> None:
    compiler = find_compiler(isa.machine())
    if compiler is None:
        pytest.skip("no C++ compiler here")
    program = tmp_path / "pool"
    flags = ["-std=c++17", "-O1", "-pthread", '-DGPT_SOVITS_ISA=""', f"-I{SOURCES}"]
    command = [*compiler.command, *flags, str(DRIVER), str(SOURCES / "pool.cpp"), "-o", str(program)]
    subprocess.run(command, check=True, timeout=120)
    done = subprocess.run([str(program)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("told", "threads"), [("3", 3), ("2,1", 2), ("", 0), ("many", 0), ("-1", 0), ("9" * 9, library.LARGEST_COUNT)]
)
def test_the_usual_variable_says_how_many_threads(told: str, threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(library.THREADS_VARIABLE, told)
    assert library.wanted_threads() == threads


@pytest.mark.skipif(load().handle is None, reason=load().reason or "native")
class TestThreads:
    def test_a_library_begins_with_the_wanted_ones(self, monkeypatch: pytest.MonkeyPatch) -> None:
        found, level = load(), isa.chosen()[0]
        assert found.handle is not None and found.path is not None and level is not None
        before = found.handle.gs_pool_threads()
        monkeypatch.setenv(library.THREADS_VARIABLE, "3")
        try:
            library._open(level, found.path)
            assert found.handle.gs_pool_threads() == 3
        finally:
            found.handle.gs_set_pool_threads(before)

    def test_their_number_changes_no_bit_of_a_product(self) -> None:
        handle, rng = load().handle, np.random.default_rng(0)
        assert handle is not None
        layer = rng.standard_normal((130, 70), np.float32), rng.standard_normal(130, np.float32)
        rows = rng.standard_normal((37, 70), np.float32)
        one, two, five = (NativeProducts(handle, {"m": layer}, threads=n)("m", rows) for n in (1, 2, 5))
        assert np.array_equal(one, two) and np.array_equal(one, five)

    def test_their_number_changes_no_bit_of_attention(self) -> None:
        handle, rng = load().handle, np.random.default_rng(0)
        assert handle is not None
        qkv = rng.standard_normal((37, 3 * 64), np.float32)
        one, two, five = (NativeAttention(handle, 4, n)(qkv, 30) for n in (1, 2, 5))
        assert np.array_equal(one, two) and np.array_equal(one, five)


@pytest.mark.skipif(load().handle is None, reason=load().reason or "native")
class TestAbsurdSizes:
    """An exception of C++ must not leave the library: it would end the process."""

    def test_decoder(self) -> None:
        library = load().handle
        assert library is not None
        huge = Sizes(dim=8, heads=1, layers=2**31 - 1, ffn=8, vocab=8, bert_dim=8, phonemes=8)
        with pytest.raises(MemoryError, match="no memory for a decoder"):
            NativeDecoder(library, huge, {}, (), "fp32")  # type: ignore[arg-type]
        none = Sizes(dim=8, heads=0, layers=1, ffn=8, vocab=8, bert_dim=8, phonemes=8)
        with pytest.raises(MemoryError, match="impossible sizes"):
            NativeDecoder(library, none, {}, (), "fp32")  # type: ignore[arg-type]

    def test_encoder(self) -> None:
        library = load().handle
        assert library is not None
        with pytest.raises(MemoryError, match="no memory for an encoder"):
            NativeEncoder(library, EncoderSizes(8, 1, 2**31 - 1, 8, 1e-5), lambda layer: {}, "fp32")

    def test_more_threads_than_can_be_started(self) -> None:
        """In a process of its own with little address space, where stacks of threads do not fit."""
        code = (
            "import mmap, resource, numpy as np\n"
            "from GPT_SoVITS.native.library import load\n"
            "from GPT_SoVITS.native.encoder import TENSORS, EncoderSizes, NativeEncoder\n"
            "shapes = {**dict.fromkeys(TENSORS[:6], (8, 8)), **dict.fromkeys(TENSORS[6:], 8)}\n"
            "layer = lambda index: {name: np.full(shape, 0.1, np.float32) for name, shape in shapes.items()}\n"
            "encoder = NativeEncoder(load().handle, EncoderSizes(8, 2, 1, 8, 1e-5), layer, 'fp32', threads=1)\n"
            "rows = np.ones((3, 8), np.float32)\n"
            "expected = encoder.run(rows)\n"
            "used = int(open('/proc/self/statm').read().split()[0]) * mmap.PAGESIZE\n"
            "resource.setrlimit(resource.RLIMIT_AS, (used + 300_000_000,) * 2)\n"
            "encoder.threads = 1_000\n"
            "try: encoder.run(rows)\n"
            "except MemoryError as error: print('refused:', error)\n"
            "encoder.threads = 1\n"
            "assert np.array_equal(encoder.run(rows), expected)\n"
        )
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-500:]
        assert done.stdout.startswith("refused: no memory")
