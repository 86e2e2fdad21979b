"""Device choice, environment, buckets, compilation from several threads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import mindspore as ms
import numpy as np
import numpy.typing as npt
import pytest

from GPT_SoVITS import _environment, backend, compiled
from GPT_SoVITS.layers.convolution import Conv1d
from GPT_SoVITS.layers.linear import Linear
from GPT_SoVITS.layers.parameters import load_arrays
from GPT_SoVITS.layers.weights import WeightsError

ROOT = Path(__file__).parents[2]


def _run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**{k: v for k, v in os.environ.items() if k != _environment.ONEDNN_ISA}, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_cpu_flags_come_from_the_processor_description(tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("processor\t: 0\nflags\t\t: fpu avx2 avx512f\n")
    assert _environment.cpu_flags(cpuinfo) == {"fpu", "avx2", "avx512f"}
    assert _environment.cpu_flags(tmp_path / "absent") == frozenset()


def test_training_takes_back_our_own_limit_and_never_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_environment, "cpu_flags", lambda: frozenset({"avx512f"}))
    monkeypatch.delitem(sys.modules, "mindspore")
    for chosen, afterwards in ((None, "DEFAULT"), ("AVX", "AVX")):
        for name in (_environment.ONEDNN_ISA, _environment.OURS):
            monkeypatch.setenv(name, "")  # so that it is restored
            monkeypatch.delenv(name)
        if chosen is not None:
            monkeypatch.setenv(_environment.ONEDNN_ISA, chosen)
        _environment.prepare()
        _environment.prepare_without_convolutions()
        assert os.environ[_environment.ONEDNN_ISA] == afterwards


@pytest.mark.skipif("avx512f" not in _environment.cpu_flags(), reason="this processor has no AVX-512")
def test_instruction_set_is_limited_unless_the_user_chose_one() -> None:
    code = "import os, GPT_SoVITS; print(os.environ['ONEDNN_MAX_CPU_ISA'])"
    assert _run(code).stdout.strip() == "AVX2"
    assert _run(code, ONEDNN_MAX_CPU_ISA="AVX512_CORE").stdout.strip() == "AVX512_CORE"


def test_slow_convolutions_are_reported_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(compiled, "convolution_gflops", lambda: 0.9)
    assert not compiled.check_convolution_speed()
    assert "ONEDNN_MAX_CPU_ISA=AVX2" in caplog.text
    monkeypatch.setattr(compiled, "convolution_gflops", lambda: 90.0)
    assert compiled.check_convolution_speed()


def test_asking_for_an_absent_npu_falls_back_to_cpu_with_a_warning() -> None:
    code = """
import json, warnings
from GPT_SoVITS import backend, compiled
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    chosen = backend.configure("Ascend", 3)
print("\\n" + json.dumps([chosen.device_target, [str(w.message) for w in caught if w.category is RuntimeWarning]]))
"""
    done = _run(code)
    target, messages = json.loads(done.stdout.strip().splitlines()[-1])
    if target == "Ascend":
        pytest.skip("this machine has an NPU")
    assert any("computing on CPU" in message for message in messages)


def test_device_number_from_the_environment_has_to_be_a_number() -> None:
    done = _run("from GPT_SoVITS import backend; backend.configure()", infer_device_id="first")
    assert "infer_device_id='first' is not a device number" in done.stderr


TRACES = {
    "a device node": ("dev/davinci0", {}),
    "the driver's manager": ("dev/davinci_manager", {}),
    "CANN": ("usr/local/Ascend/driver", {}),
    "CANN's variables": ("", {"ASCEND_TOOLKIT_HOME": "/somewhere"}),
    "CANN's libraries": ("", {"LD_LIBRARY_PATH": "/home/me/Ascend/lib64"}),
    "the driver's tool": ("bin/npu-smi", {}),
}


@pytest.mark.parametrize("trace", TRACES)
def test_whatever_hints_at_an_npu_makes_mindspore_be_asked(trace: str, tmp_path: Path) -> None:
    path, variables = TRACES[trace]
    plain = {"PATH": str(tmp_path / "bin"), "ASCEND_DEVICE_ID": "0", "HOME": "/root"}
    assert backend.trace_of_ascend(tmp_path, plain) == ""
    if path:
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).touch(mode=0o755)
    assert backend.trace_of_ascend(tmp_path, {**plain, **variables})


@pytest.mark.parametrize("asked", ["None", pytest.param("'CPU'", marks=pytest.mark.full)])
def test_a_cpu_is_chosen_without_mindspore_and_mindspore_is_told_when_a_graph_is_built(asked: str) -> None:
    if asked == "None" and backend.trace_of_ascend():
        pytest.skip("this machine may have an NPU")
    code = f"""
import sys
from GPT_SoVITS import backend
assert backend.configure({asked}).device_target == "CPU"
print("mindspore" in sys.modules)
from GPT_SoVITS.layers.linear import Linear
import mindspore
told = []
mindspore.set_device = told.append
Linear(2, 2), Linear(2, 2)
print(told)
"""
    assert _run(code).stdout.splitlines() == ["False", "['CPU']"]


def test_buckets() -> None:
    assert [backend.bucket(n, (64, 32, 128)) for n in (1, 32, 33, 128)] == [32, 32, 64, 128]
    with pytest.raises(backend.BackendError, match="129 is over the largest bucket 128"):
        backend.bucket(129, (32, 64, 128))


def test_warm_up_runs_every_bucket_and_reports() -> None:
    seen: list[int] = []
    reported: list[int] = []
    seconds = backend.warm_up(seen.append, (8, 16), lambda length, _: reported.append(length))
    assert seen == reported == [8, 16] and seconds >= 0


def test_one_graph_from_many_threads_gives_the_same_answer() -> None:
    cell = Linear(8, 4)
    rng = np.random.default_rng(0)
    arrays = {"weight": rng.standard_normal((4, 8), np.float32), "bias": rng.standard_normal(4, np.float32)}
    load_arrays(cell, arrays)
    graph = compiled.compile_cell(cell)
    results: dict[int, npt.NDArray[np.float32]] = {}

    def work(rows: int) -> None:
        for _ in range(5):  # every thread compiles its own shape at the same moment
            results[rows] = graph(compiled.to_tensor(np.ones((rows, 8), np.float32))).asnumpy()

    threads = [threading.Thread(target=work, args=(rows,)) for rows in range(1, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = arrays["weight"].sum(1) + arrays["bias"]
    assert sorted(results) == list(range(1, 7))
    for rows, result in results.items():
        np.testing.assert_allclose(result, np.tile(expected, (rows, 1)), atol=1e-6)


def test_loading_names_every_problem_and_changes_nothing() -> None:
    cell = Conv1d(2, 3, 5)
    with pytest.raises(WeightsError) as caught:
        load_arrays(cell, {"weight": np.ones((3, 2, 4), np.float32), "wight": np.ones(1, np.float32)})
    message = str(caught.value)
    for part in (
        "missing: bias (3,)",
        "unexpected: wight (1,)",
        "misshapen: weight is (3, 2, 4), the network has (3, 2, 5)",
    ):
        assert part in message
    assert not cell.weight.asnumpy().any()


def test_to_tensor_keeps_types_and_casts_on_demand() -> None:
    assert compiled.to_tensor(np.arange(3)).dtype == ms.int64
    assert compiled.to_tensor(np.ones(3, np.float32), ms.float16).dtype == ms.float16
