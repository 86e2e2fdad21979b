"""Every MindSpore operator in the networks is documented for Ascend and for CPU."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.networks.operators import runs_everywhere, uses
from tests.sources import python_files

ROOT = Path(__file__).parents[2] / "GPT_SoVITS"
FOLDERS = ("layers", "t2s", "sovits", "cfm", "vocoders", "features", "separation", "training")
MODULES = sorted(path for folder in FOLDERS for path in python_files(ROOT / folder))


@pytest.mark.parametrize("module", [ROOT / "backend.py", *MODULES], ids=lambda p: str(p.relative_to(ROOT)))
def test_operators_run_on_ascend_and_cpu(module: Path) -> None:
    missing = {use.name: use.where for use in uses(module) if not runs_everywhere(use.name)}
    assert not missing, f"not documented for both Ascend and CPU: {missing}"


def test_networks_use_operators_that_the_walk_sees() -> None:
    seen = {use.name for module in MODULES for use in uses(module)}
    assert {"ops.MatMul", "ops.Conv2D", "Tensor.reshape"} <= seen


@pytest.mark.parametrize("name", ["ops.einsum", "mint.nn.functional.conv1d", "nn.LSTM.no_such"])
def test_the_check_can_fail(name: str) -> None:
    assert not runs_everywhere(name)


def test_walk_finds_operators_methods_and_imports(tmp_path: Path) -> None:
    module = tmp_path / "net.py"
    module.write_text(
        "from mindspore import nn, ops\nfrom mindspore.ops import einsum\n"
        "class Net(nn.Cell):\n    def construct(self, x):\n        return ops.tanh(x).reshape((-1,))\n"
    )
    assert {use.name for use in uses(module)} == {"ops.einsum", "ops.tanh", "Tensor.reshape"}
