"""Processes that share every batch learn what one process learns from the joined batch."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from GPT_SoVITS.training.control import LocalControl, SharedControl
from GPT_SoVITS.training.processes import ALONE, Processes
from GPT_SoVITS.training.randomness import Purpose, generator
from tests.training.parallel_worker import STEPS, trained
from tests.training.small import discriminator_file, gpt_file, mel_file, sovits_file, training_folder

REPOSITORY = Path(__file__).parents[2]
WEIGHTS = {"gpt": 2e-5, "sovits": 1e-4, "mel": 1e-4}
"""Largest distance of a weight: AdamW makes whole steps of gradients that are little more than rounding."""


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def share(root: Path, *arguments: str) -> None:
    """Run the worker in two processes and wait for them."""
    place = Path(sys.executable).parent
    run = [sys.executable, str(place / "msrun"), "--worker_num", "2", "--local_worker_num", "2", "--join", "True"]
    run += ["--master_port", str(free_port()), "--log_dir", str(root / "logs")]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PATH": f"{place}:{os.environ['PATH']}"}
    command = [*run, "python", "-m", "tests.training.parallel_worker", *arguments]
    done = subprocess.run(command, env=environment, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def but_biases_of_keys(name: str, rows: int) -> NDArray[np.bool_]:
    """Rows of a parameter of S2 that have a gradient, see :func:`with_gradient`."""
    return np.full(rows, not name.endswith(("conv_k.bias", "w_ks.bias")))


def with_gradient(name: str, rows: int) -> NDArray[np.bool_]:
    """Rows of a parameter that have a gradient: soft-max is the same whatever the bias of the keys is."""
    place = np.arange(rows)
    return (place < rows // 3) | (place >= rows // 3 * 2) if name.endswith("in_proj_bias") else place >= 0


def made(root: Path, kind: str) -> None:
    """Make a folder of recordings of one length, and weights."""
    training_folder(root / "voice", clips=2, growth=0)
    makers: dict[str, Callable[[Path], Path]] = {"gpt": gpt_file, "sovits": sovits_file, "mel": mel_file}
    makers[kind](root / f"{kind}.pth")
    discriminator_file(root / "judging.pth")


def compare(
    root: Path, kind: str, factor: float, learnt: Callable[[str, int], NDArray[np.bool_]] = but_biases_of_keys
) -> None:
    """Two processes, started anew half-way, have the losses, norms and weights of one with the joined batch."""
    made(root, kind)
    half, whole = root / "half.npz", root / "whole.npz"
    share(root, kind, str(root), str(half))
    shutil.copy(half, root / "state.npz")
    share(root, kind, str(root), str(whole), str(STEPS[kind] // 2), str(root / "state.npz"))
    told = np.concatenate([np.load(f"{path}.told.npy") for path in (half, whole)])
    expected, alone = trained(kind, root)
    there = expected != 0
    print(f"{kind}: losses differ by {np.abs(factor * told[there] / expected[there] - 1).max():.1e}")
    np.testing.assert_allclose(factor * told, expected, rtol=1e-4)
    assert (expected[:, -1] > 0).sum() >= 2, "the optimiser has stepped"
    state, worst = np.load(whole), 0.0
    for name, array in alone.state().items():
        if name.startswith(("network", "synthesizer/", "discriminators/")):
            distance = np.abs(state[name] - array)[learnt(name, len(array))].max(initial=0)
            assert distance < WEIGHTS[kind], name
            worst = max(worst, float(distance))
    print(f"{kind}: weights differ by {worst:.1e}")


@pytest.mark.full
def test_two_processes_learn_what_one_learns_from_the_joined_batch_and_go_on_from_a_state(tmp_path: Path) -> None:
    compare(tmp_path, "gpt", 2.0, with_gradient)  # losses are sums over a batch, and processes share their mean


@pytest.mark.full
@pytest.mark.parametrize("kind", ["sovits", "mel"])
def test_two_processes_learn_sovits_as_one_does_from_the_joined_batch(tmp_path: Path, kind: str) -> None:
    compare(tmp_path, kind, 1.0)


def test_what_one_process_is_asked_for_all_do_and_a_cancellation_goes_before_a_pause() -> None:
    class Both(Processes):
        def mean(self, numbers: list[float]) -> list[float]:  # type: ignore[override]
            return [(number + other) / 2 for number, other in zip(numbers, others, strict=True)]

    own = LocalControl()
    shared = SharedControl(own, Both(0, 2))
    others = [0.0, 0.0]
    assert shared.wish() == "run"
    others = [1.0, 0.0]
    assert shared.wish() == "pause"
    own.want("cancel")
    assert shared.wish() == "cancel"
    others = [0.0, 1.0]
    own.want("run")
    assert shared.wish() == "cancel" and SharedControl(own, ALONE).wish() == "run"


def test_each_process_draws_numbers_of_its_own_and_the_first_those_of_one_alone() -> None:
    assert Processes(0, 2).seed(1234) == ALONE.seed(1234) == 1234 != Processes(1, 2).seed(1234)
    drawn = [generator(Processes(rank, 2).seed(1234), 5, Purpose.NOISE).standard_normal(4) for rank in range(2)]
    assert not np.any(drawn[0] == drawn[1])
    assert [process.leads for process in (ALONE, Processes(0, 2), Processes(1, 2))] == [True, True, False]
